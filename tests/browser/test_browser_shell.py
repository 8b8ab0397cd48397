"""What is around every page: search by one key, help beside a field, and pages as their reader prefers them."""

import pytest
from playwright.sync_api import expect

from tests.support.browsing import Visitor
from tests.support.muster_process import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]
GERMAN = ("/", "/search?q=port", "/preferences", "/glossary", "/projects/PORTAL", "/milestones", "/sources")


def test_the_slash_key_goes_to_search_and_enter_finds(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/projects/PORTAL")
    page.keyboard.press("/")
    page.keyboard.type("go-live")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("go-live")
    expect(page.get_by_role("heading", name="Work items")).to_be_visible()


def test_search_needs_no_script(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo, java_script_enabled=False).page
    page.goto("/search?q=citizen&kind=project")
    with page.expect_navigation():
        page.get_by_role("link", name="Citizen portal").first.click()
    assert page.url.endswith("/projects/PORTAL")


def test_help_beside_a_field_opens_and_closes_by_key(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/projects/PORTAL")
    page.get_by_role("button", name="What is “Health”?").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#help-health")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help-health")).not_to_be_visible()


def test_language_zone_and_colours_are_kept_without_script(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo, java_script_enabled=False).page
    page.goto("/preferences?back=/sources")
    page.select_option("#language", "de")
    page.select_option("#zone", "Asia/Kolkata")
    page.check("input[value=dark]")
    with page.expect_navigation():
        page.locator("main form button").click()
    assert page.url.endswith("/sources")
    root = page.locator("html")
    expect(root).to_have_attribute("lang", "de")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.locator("main")).to_contain_text("IST")
    expect(page.get_by_role("button", name="Abmelden")).to_be_visible()


def test_german_fits_the_narrowest_screen(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo, locale="de-DE", viewport={"width": 360, "height": 800}).page
    wide = []
    for path in GERMAN:
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wide.append(path)
    assert wide == []
