"""An officer adds three sources in a browser, from an empty Muster to the first run of each, as people do it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.lanes import artefact
from tests.support.muster_process import Served
from tests.support.officer_path import (
    begun,
    empty_muster,
    gone_on,
    looked_at,
    officer_state,
    opened,
    read_to_its_end,
)
from tests.support.sandboxes import kept

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def empty(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """A Muster with a worker, in which nothing was set up yet, and a folder it may read."""
    del chromium_path
    with empty_muster(template_url, tmp_path_factory.mktemp("empty")) as served:
        yield served


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker of accessibility."""
    return artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def officer(empty: Served, chromium: Browser) -> Any:
    """The cookies of an officer who signed in, once."""
    return officer_state(empty, chromium)


def test_jira_cloud_is_added_and_read_and_a_wrong_token_says_what_to_do(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    visit = opened(chromium, empty, officer)
    visit.expected = ("422",)
    page = visit.page
    page.goto("/sources")
    page.get_by_role("link", name="Add a source").click()
    looked_at(page, "kinds", axe)
    begun(page, "Jira Cloud")
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("Address of the site is missing")
    looked_at(page, "access-wrong", axe)
    page.get_by_label("Name in Muster").fill("delivery-jira")
    page.get_by_label("Address of the site").fill(kept("jira-cloud").url)
    page.get_by_label("E-mail address", exact=True).fill("sync@example.com")
    page.get_by_label("API token", exact=True).fill("wrong")
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("401")
    page.get_by_label("API token", exact=True).fill("sandbox-token")
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    looked_at(page, "jira-scopes", axe)
    page.get_by_role("button", name="Read some records and go on").click()
    expect(page.locator("#preview")).to_contain_text("Points")
    looked_at(page, "jira-mapping", axe)
    gone_on(page, "How it is read", "Templates", "Schedule")
    looked_at(page, "jira-review", axe)
    read_to_its_end(page)
    looked_at(page, "jira-run", axe)
    page.goto("/sources/delivery-jira")
    looked_at(page, "jira", axe)
    expect(page.locator(".asof")).to_contain_text("fresh")
    visit.context.close()
    visit.must_be_clean()


def test_azure_devops_is_added_with_the_keyboard_alone_for_two_of_its_projects(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    visit = opened(chromium, empty, officer)
    page = visit.page
    page.goto("/sources/new")
    page.get_by_role("radio", name="Azure DevOps Services").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Address and sign-in")
    page.get_by_label("Name in Muster").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("ado")
    page.keyboard.press("Tab")
    page.keyboard.type(kept("ado").info["organisation_url"])
    while page.evaluate("document.activeElement.type") != "password":  # past the choice of how to sign in
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body"), "no field takes a token"
    page.keyboard.type("sandbox-pat")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    page.get_by_role("radio", name="Only these").focus()
    page.keyboard.press("Space")
    for name in ("Data Hub", "People Hub"):
        page.get_by_role("checkbox", name=name).focus()
        page.keyboard.press("Space")
    looked_at(page, "ado-scopes", axe)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("How it is read")
    looked_at(page, "ado-mapping", axe)
    gone_on(page, "How it is read")
    looked_at(page, "ado-templates", axe)
    gone_on(page, "Templates")
    page.get_by_role("radio", name="Every hour").check()
    looked_at(page, "ado-schedule", axe)
    gone_on(page, "Schedule")
    expect(page.locator(".sp-answers")).to_contain_text("Data Hub, People Hub")
    read_to_its_end(page)
    visit.context.close()
    visit.must_be_clean()


def test_a_folder_of_workbooks_is_added_without_scripts_and_its_unknown_word_is_settled(
    empty: Served, chromium: Browser, officer: Any
) -> None:
    visit = opened(chromium, empty, officer, java_script_enabled=False)
    page = visit.page
    begun(page, "Excel in a folder")
    page.get_by_label("Name in Muster").fill("plans")
    page.get_by_label("Folder", exact=True).fill(str(Path(empty.environment["TEST_HOME"]) / "files"))
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.locator(".sp-sheet")).to_contain_text("Looks like Milestones")
    page.get_by_role("button", name="Read some records and go on").click()
    expect(page.locator(".sp-settle")).to_contain_text("nearly there")
    page.get_by_label("nearly there means").select_option("planned")
    page.get_by_role("button", name="Try it on real records").click()
    expect(page.locator(".sp-settle")).to_have_count(0)
    gone_on(page, "How it is read", "Templates", "Schedule")
    read_to_its_end(page)  # the page loads itself anew
    page.goto("/sources/plans")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".asof")).to_contain_text("paused")
    visit.context.close()
