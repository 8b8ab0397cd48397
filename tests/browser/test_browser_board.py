import re

import pytest
from playwright.sync_api import Page, expect

from sandbox.story import PROJECTS
from tests.support.browsing import Visitor
from tests.support.muster_process import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]
WORDS = {"Green", "Amber", "Red", "Not enough data", "Complete"}


def names(page: Page) -> list[str]:
    return page.locator("table.board tbody th.p a").all_inner_texts()


def test_the_board_shows_every_project_with_its_colours_in_words(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/")
    assert sorted(names(page)) == sorted(project.name for project in PROJECTS)
    colours = page.locator("table.board .rag .vh").all_text_contents()
    assert len(colours) >= len(PROJECTS) * 7
    assert set(colours) <= WORDS
    assert {"Green", "Amber", "Red", "Not enough data"} <= set(colours)
    portal = page.locator("tr", has=page.get_by_role("link", name="Citizen portal"))
    assert "watermelon" in portal.inner_text()
    assert re.search(
        r"^Schedule: .*42 days late", portal.locator("td.d .rag").first.get_attribute("title") or ""
    )


def test_filter_and_sort_are_in_the_address_and_survive_a_reload(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/")
    page.locator("select[name=overall]").select_option("RED")
    page.wait_for_url("**/?*overall=RED*")
    expect(page.locator("table.board tbody th.p a")).to_have_count(3)
    page.locator("select[name=group]").select_option("none")
    page.wait_for_url("**group=none*")
    page.get_by_role("columnheader", name="Slip").get_by_role("link").click()
    page.wait_for_url("**sort=slip*")
    expect(page.locator("th[aria-sort]")).to_contain_text("Slip")
    shown, address = names(page), page.url
    assert shown[0] == "Citizen portal"
    page.reload()
    assert (names(page), page.url) == (shown, address)
    page.go_back()
    page.wait_for_url(lambda url: "sort=slip" not in url)
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("table.board tbody th.p a")).to_have_count(len(PROJECTS))


def test_typing_a_name_narrows_the_board_and_keeps_the_caret(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/")
    page.get_by_role("searchbox", name="Search by name").press_sequentially("payr", delay=60)
    page.wait_for_url("**q=payr*")
    expect(page.locator("table.board tbody th.p a")).to_have_text(["Payroll migration"])
    assert page.evaluate("document.activeElement.value") == "payr"
    assert page.get_by_role("status").inner_text() == "1 projects shown"


def test_the_day_picker_shows_an_older_snapshot(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/")
    newest = page.locator(".asof strong").inner_text()
    days = page.locator("select[name=as_of]").locator("option").all_inner_texts()
    assert len(days) == 13
    page.locator("select[name=as_of]").select_option(index=12)
    page.wait_for_url("**as_of=*")
    expect(page.locator(".asof strong")).to_have_text(days[12])
    assert newest != days[12]
    page.get_by_role("link", name="Later").click()
    expect(page.locator(".asof strong")).to_have_text(days[11])
    page.get_by_role("link", name="Citizen portal", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Citizen portal")
    assert "as_of=" in page.url
    expect(page.locator(".asof strong")).to_have_text(days[11])
