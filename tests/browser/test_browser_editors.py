"""Officers write templates and policies in a browser, form and text side by side, and a head of the office decides."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config.database import open_engine
from tests.support.browsing import Visit, visiting
from tests.support.databases import cloned
from tests.support.lanes import artefact
from tests.support.muster_process import Served, environment, muster, serving
from tests.support.policies import history

pytestmark = [pytest.mark.slow, pytest.mark.browser]
EDIT = "/templates/monthly-status/3.2.0/edit?part=field.6"
PAGES = {
    "templates": "/templates", "template": "/templates/monthly-status/3.2.0", "template-editor": EDIT,
    "template-editor-check": "/templates/monthly-status/3.2.0/edit?part=check.1", "template-new": "/templates/new",
    "policies": "/policies", "policy": "/policies/default@1.0.0", "policy-editor": "/policies/new",
    "policy-plan": "/policies/default@1.0.0/plan", "policy-backtest": "/policies/default@1.0.0/backtest",
    "mapping": "/sources/pmo-files/mapping", "matching": "/matching", "conflicts": "/conflicts", "collect": "/collect",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """Three projects with five weeks of history."""
    del chromium_path  # only so that a machine without one does not wait
    home = tmp_path_factory.mktemp("editors")
    with cloned(template_url) as url:
        engine = open_engine(url)
        history(engine)
        engine.dispose()
        with serving(environment(home, url), home / "serve.log") as up:
            yield up


@pytest.fixture(scope="module")
def known(served: Served, chromium: Browser) -> dict[str, Any]:
    """The cookies of an officer and of the head of the office."""
    found = {}
    people = {
        "ida": ("Ida Lindqvist", "specialist", "project_officer"), "ole": ("Ole Brandt", "pmo_head"),
    }  # fmt: skip
    for name, (person, *roles) in people.items():
        held = [part for role in roles for part in ("--role", role)]
        link = muster(served.environment, "token", "link", "--name", name, "--person", person, *held)
        with visiting(chromium, served.url) as first:
            first.follow(served.url + "/sign-in" + link.rsplit(maxsplit=1)[-1].partition("/sign-in")[2])
            found[name] = first.context.storage_state()
    return found


expect.set_options(timeout=20_000)  # both sides follow each other over the server, on a busy machine


def opened(chromium: Browser, served: Served, state: Any, **options: Any) -> Visit:
    return Visit(chromium.new_context(storage_state=state, base_url=served.url, **options), served.url)


def test_a_template_is_edited_on_both_sides_tried_kept_handed_in_and_decided(
    served: Served, known: dict[str, Any], chromium: Browser, screenshots: Path
) -> None:
    ida = opened(chromium, served, known["ida"], viewport={"width": 1366, "height": 900})
    page = ida.page
    page.goto("/templates")
    page.get_by_role("link", name="Next version monthly-status").click()
    page.get_by_role("button", name="Budget budget").click()
    text = page.get_by_label("YAML")
    page.get_by_label("What people read").fill("Budget, as approved")
    expect(text).to_have_value(_holding("label: 'Budget, as approved'"))
    written = text.input_value().replace("label: 'Budget, as approved'", "label: The budget")
    text.fill(written.replace("project.budget", "project.budgit"))
    expect(page.get_by_label("What people read")).to_have_value("The budget")
    wrong = page.get_by_role("alert")
    expect(wrong).to_contain_text("did you mean 'project.budget'")
    page.screenshot(path=screenshots / "template-editor-wrong.png")
    wrong.get_by_role("link", name="Line").first.click()
    expect(text).to_be_focused()
    text.fill(text.input_value().replace("project.budgit", "project.budget"))
    expect(wrong).to_have_count(0)
    page.get_by_role("button", name="Try it on live data").click()
    expect(page.get_by_role("heading", name="projects would fail")).to_be_visible()
    page.screenshot(path=screenshots / "template-editor-tried.png", full_page=True)
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.get_by_role("status").first).to_contain_text("Kept as a draft.")
    page.get_by_role("link", name="Hand it in").click()
    page.get_by_role("button", name="Hand it in for review").click()
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("It waits for a head of the office other than Ida Lindqvist")).to_be_visible()
    ole = opened(chromium, served, known["ole"])
    ole.page.goto(page.url)
    ole.page.get_by_role("button", name="Approve").press("Enter")
    expect(ole.page.get_by_text("approved by Ole Brandt")).to_be_visible()
    for visit in (ida, ole):
        visit.must_be_clean()
        visit.context.close()


def test_a_policy_is_changed_per_tier_planned_backtested_proposed_and_approved(
    served: Served, known: dict[str, Any], chromium: Browser, screenshots: Path
) -> None:
    ida = opened(chromium, served, known["ida"], viewport={"width": 1366, "height": 900})
    page = ida.page
    page.goto("/policies")
    page.get_by_role("link", name="Write the next version").click()
    text = page.get_by_label("YAML")
    for label, value in (
        ("Amber over, days late", "5"), ("Red over, days late", "15"), ("Red over, days late, tier 3", "60"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).fill(value)
    expect(text).to_have_value(_holding("amber_days: 5, red_days: 15"))
    expect(text).to_have_value(_holding("schedule: {red_days: 60}"))
    page.get_by_role("button", name="What it would change").click()
    expect(page.get_by_role("heading", name="projects would turn")).to_be_visible()
    page.get_by_role("button", name="How it would have done").click()
    expect(page.get_by_role("table", name="Alarms by project")).to_be_visible()
    page.screenshot(path=screenshots / "policy-backtest-result.png", full_page=True)
    page.get_by_role("textbox", name="Because", exact=True).last.fill("Earlier warnings")
    page.get_by_role("button", name="Propose it").click()
    page.get_by_role("navigation", name="Of this policy").get_by_role(
        "link", name="What it would change"
    ).click()
    expect(page.get_by_text("It waits for a head of the office other than Ida Lindqvist")).to_be_visible()
    ole = opened(chromium, served, known["ole"])
    ole.page.goto(page.url)
    ole.page.get_by_label("Because", exact=True).fill("Board of May")
    ole.page.get_by_role("button", name="Approve").press("Enter")
    expect(ole.page.get_by_text("approved by Ole Brandt")).to_be_visible()
    for visit in (ida, ole):
        visit.must_be_clean()
        visit.context.close()


def test_the_editor_works_without_scripts(served: Served, known: dict[str, Any], chromium: Browser) -> None:
    visit = opened(chromium, served, known["ida"], java_script_enabled=False)
    page = visit.page
    page.goto(EDIT)
    page.get_by_label("What people read").fill("Money")
    page.get_by_role("button", name="Bring both sides together").last.click()
    assert "label: Money" in page.get_by_label("YAML").input_value()
    page.get_by_role("button", name="Add a check").click()
    expect(page.get_by_label("What is wrong where it fails")).to_have_value("New check")
    visit.must_be_clean()
    visit.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1366), ("dark", 1366), ("light", 360)])
def test_pages_of_officers_are_accessible_small_and_never_wider_than_the_window(
    served: Served, known: dict[str, Any], chromium: Browser, screenshots: Path, scheme: Any, width: int
) -> None:
    axe = artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()
    visit = opened(
        chromium, served, known["ida"], color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )  # fmt: skip
    told = []
    for name, path in PAGES.items():
        answer = visit.page.goto(path)
        assert answer is not None
        told += [] if answer.ok and len(answer.body()) < 150_000 else [f"{path}: {answer.status}"]
        told += [f"{path}: {one}" for one in _violations(visit.page, axe)]
        wider = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        told += [f"{path}: {wider} px wider than the window"] if wider > 0 else []
        visit.page.screenshot(path=screenshots / f"officer-{name}-{width}-{scheme}.png", full_page=True)
    visit.context.close()
    assert not told, "\n".join(told)


def _violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{each['id']}: {each['nodes'][0]['html'][:140]}" for each in found["violations"]]


def _holding(part: str) -> Any:
    """Match any text with this in it."""
    return re.compile(re.escape(part))
