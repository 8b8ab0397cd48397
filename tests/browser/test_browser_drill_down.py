import re

import pytest
from playwright.sync_api import Page

from tests.support.browsing import Visitor
from tests.support.muster_process import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]
TRACKER = re.compile(r"https?://")


def outward(page: Page) -> list[tuple[str, str, str]]:
    """Return the links that lead elsewhere: text, address, rel."""
    return [
        (link.inner_text(), link.get_attribute("href") or "", link.get_attribute("rel") or "")
        for link in page.locator("a[target=_blank]").all()
    ]


def test_a_colour_leads_to_its_receipt_and_on_to_the_cell(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/")
    page.get_by_role("link", name="Citizen portal").click()
    page.get_by_role("heading", name="Why it is red").wait_for()
    schedule = page.locator(".why > li", has=page.get_by_role("heading", name="Schedule"))
    assert "42 days late" in schedule.inner_text()
    schedule.get_by_role("link", name="Receipt").click()
    page.get_by_role("heading", name="Schedule", level=1).wait_for()
    assert page.locator(".answer").inner_text().strip().endswith("Red")
    told = page.locator("main").inner_text()
    assert "Rule F1" in told
    assert "default@" in told
    assert re.search(r"register\.xlsx!Projects![A-Z]+\d+", told)
    assert re.search(r"milestones\.xlsx!Milestones!A\d+", told)

    found = [link for link in outward(page) if link[0].startswith("register.xlsx!")]
    assert found
    assert all(TRACKER.match(address) for _, address, _ in found)
    assert all({"noopener", "noreferrer"} <= set(rel.split()) for _, _, rel in outward(page))


def test_a_value_leads_to_the_record_in_the_tracker(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/projects/PORTAL")
    page.locator("section", has_text="Who says so").get_by_role("link", name="Forecast finish").click()
    page.get_by_role("heading", name="Forecast finish", level=1).wait_for()
    rows = page.locator("tbody tr", has=page.locator("a.out"))
    assert "counts" in rows.nth(0).inner_text()
    assert "outranked" in rows.nth(1).inner_text()
    ticket = next(link for link in outward(page) if link[0].startswith("POR-"))
    assert "/browse/POR-" in ticket[1]
    assert "noopener" in ticket[2]


def test_every_receipt_of_a_project_opens(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/projects/PORTAL")
    addresses = {link.get_attribute("href") or "" for link in page.locator("a[href*='/receipt/']").all()}
    assert len(addresses) > 20
    for address in sorted(addresses):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert page.locator(".answer").inner_text().strip(), address
