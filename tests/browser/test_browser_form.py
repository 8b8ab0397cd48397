"""The form of a submission in a browser: narrow, dark, without scripts, accessible, two people at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from config.database import open_engine
from tests.support.browsing import Visit
from tests.support.databases import cloned
from tests.support.lanes import artefact
from tests.support.muster_process import Served, environment, muster, serving
from tests.support.submissions import CONTEXT, MANAGER, open_submission

pytestmark = [pytest.mark.slow, pytest.mark.browser]
RISKS: dict[str, Any] = {
    "R-014": {
        "item_id": "R-014", "kind": "risk", "title": "Vendor misses the interface delivery", "owner": MANAGER,
        "state": "open", "raised_on": "2025-02-10", "reviewed_on": "2025-06-12", "probability": 4, "impact": 9,
    },
    "I-002": {"item_id": "I-002", "kind": "issue", "title": "<b>Test</b> data is " + "late" * 40, "state": "open"},
}  # fmt: skip
PAGES = {
    "form": "/submissions/1",
    "records": "/submissions/2",
    "record": "/submissions/2/record?ref=R-014",
    "record-new": "/submissions/2/record",
}


@pytest.fixture(scope="module")
def served(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """A server with a report and a RAID log to be answered."""
    del chromium_path  # only so that a machine without one does not wait
    home = tmp_path_factory.mktemp("forms")
    with cloned(template_url) as url:
        engine = open_engine(url)
        open_submission(engine, ages={"actual_cost": 70})
        open_submission(
            engine, key="LOG", name="Log", template="raid-log", version="2.0.0", filled=RISKS, context=CONTEXT
        )
        engine.dispose()
        with serving(environment(home, url), home / "serve.log") as up:
            yield up


def visit_as(chromium: Browser, served: Served, person: str, *roles: str, **options: Any) -> Visit:
    """Sign a person in by a link of their own."""
    asked = [part for role in roles for part in ("--role", role)]
    told = muster(served.environment, "token", "link", "--person", person, *asked).rsplit(maxsplit=1)[-1]
    visit = Visit(chromium.new_context(base_url=served.url, **options), served.url)
    visit.follow(served.url + "/sign-in" + told.partition("/sign-in")[2])
    return visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_form_scrolls_sideways_and_each_is_accessible(
    chromium: Browser, served: Served, screenshots: Path, scheme: Literal["light", "dark"]
) -> None:
    axe = artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()
    visit = visit_as(chromium, served, MANAGER, color_scheme=scheme)
    told: list[str] = []
    for name, path in PAGES.items():
        for width in (360, 620, 900, 1280):
            visit.page.set_viewport_size({"width": width, "height": 900})
            visit.page.goto(path)
            if visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                told.append(f"{name} is wider than {width}")
            if width in (360, 1280):
                visit.page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
                told += _violations(visit.page, axe)
    assert not told, "\n".join(told)
    visit.must_be_clean()


def _violations(page: Page, axe: str) -> list[str]:
    for closed in page.locator("details").all():
        closed.evaluate("one => one.open = true")
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{page.url}: {one['id']}: {node['html'][:140]}: {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


def test_two_people_answer_at_once_without_a_script_and_nothing_is_lost(
    chromium: Browser, served: Served
) -> None:
    mine = visit_as(chromium, served, MANAGER, java_script_enabled=False)
    theirs = visit_as(chromium, served, "Olu Officer", "project_officer", java_script_enabled=False)
    mine.expected = ("409",)
    for each in (mine, theirs):
        each.page.goto("/submissions/1")
    theirs.page.get_by_label("What explains the cost variance").fill("A fifth, says the officer.")
    theirs.page.get_by_role("button", name="Save draft").click()
    expect(theirs.page.get_by_role("status")).to_contain_text("Saved: 1 answer")

    mine.page.get_by_label("What explains the cost variance").fill("A third, says the manager.")
    mine.page.get_by_role("radiogroup", name="Cost in your view").get_by_label("Amber").check()
    mine.page.get_by_role("button", name="Save draft").click()
    expect(mine.page.get_by_role("alert")).to_contain_text("Somebody else answered meanwhile")
    expect(mine.page.locator("#f-variance_narrative")).to_contain_text("A fifth, says the officer.")
    expect(mine.page.get_by_label("What explains the cost variance")).to_have_value(
        "A third, says the manager."
    )

    mine.page.get_by_role("button", name="Save draft").click()
    expect(mine.page.get_by_role("status")).to_contain_text("Saved: 2 answers")
    for each in (mine, theirs):
        each.must_be_clean()
        each.context.close()


def test_what_is_needed_leads_to_its_field(chromium: Browser, served: Served) -> None:
    visit = visit_as(chromium, served, MANAGER)
    visit.page.goto("/submissions/1")
    visit.page.get_by_role("complementary").get_by_role("link", name="Scope in your view").click()
    expect(visit.page.locator("#f-rag_scope")).to_be_in_viewport()
    visit.must_be_clean()
    visit.context.close()
