"""What holds on every page: keyboard, narrow, dark, without scripts, small, accessible, nobody else asked."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, Response, expect

from tests.support.browsing import MOST_BYTES, Visitor
from tests.support.lanes import artefact
from tests.support.muster_process import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PAGES = {
    "board": "/",
    "board-older": "/?sort=overall&group=none&programme=Core+systems",
    "project": "/projects/PORTAL",
    "project-grey": "/projects/NOTIFY",
    "receipt-colour": "/projects/PORTAL/receipt/schedule",
    "receipt-value": "/projects/PAYROLL/receipt/forecast_finish",
    "sources": "/sources",
    "source": "/sources/jira-cloud",
    "run": "/runs/1",
    "changes": "/changes",
    "policies": "/policies",
    "policy": "/policies/default@1.0.0",
    "outcomes": "/outcomes",
    "rollup": "/rollup",
    "rollup-programme": "/rollup?programme=Core+systems",
    "search": "/search?q=port",
    "search-nothing": "/search?q=zebra",
    "preferences": "/preferences",
    "glossary": "/glossary",
    "rollup-receipt": "/rollup/receipt/health.cost_weighted?programme=Core+systems",
}
REACHABLE = 'a[href], button, select, input:not([type=hidden]), summary, [tabindex="0"]'
# Pixels, on both sides of where the layout changes -> whether a picture is kept
WIDTHS = {
    360: True,
    559: False,
    560: False,
    800: False,
    960: False,
    961: False,
    1024: True,
    1181: False,
    1440: True,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_in_either_scheme(
    demo: Served, visitor: Visitor, screenshots: Path, scheme: Literal["light", "dark"]
) -> None:
    page = visitor(demo, color_scheme=scheme).page
    wide = []
    for name, path in PAGES.items():
        page.goto(path)
        for width, picture in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 800})
            if (overhang := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
                wide.append((name, width, overhang))
            if picture:
                page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
    assert not wide
    lightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert lightness < 60 if scheme == "dark" else lightness > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(demo: Served, visitor: Visitor, scheme: str) -> None:
    axe = artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()
    # Bound by the policy of the page, the checker comes in by the debugger's door.
    page = visitor(demo, viewport={"width": 1440, "height": 900}, color_scheme=scheme).page
    found = [_violations(page, axe, path) for path in PAGES.values()]
    stranger = visitor(demo, as_head=False, color_scheme=scheme).page
    found.append(_violations(stranger, axe, "/sign-in"))
    page.set_viewport_size({"width": 360, "height": 780})
    found.extend(_violations(page, axe, path) for path in PAGES.values())
    told = [one for many in found for one in many]
    assert not told, "\n".join(told)


def _violations(page: Page, axe: str, path: str) -> list[str]:
    page.goto(path)
    for closed in page.locator("details").all():
        closed.evaluate("one => one.open = true")
    page.evaluate(axe)
    told: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{path}: {one['id']}: {node['html'][:140]}: {node['failureSummary'][:200]}"
        for one in told["violations"]
        for node in one["nodes"][:3]
    ]


def test_every_page_is_small_and_complete_from_this_server_alone(demo: Served, visitor: Visitor) -> None:
    visit = visitor(demo)
    answers: list[Response] = []
    visit.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - playwright notes on it
    for name, path in PAGES.items():
        answers.clear()
        visit.page.goto(path, wait_until="networkidle")
        assert all(answer.ok for answer in answers), name
        assert all(answer.url.startswith(visit.url) for answer in answers)
        sent = sum(answer.request.sizes()["responseBodySize"] for answer in answers)
        assert 0 < sent < MOST_BYTES, (name, sent)


def test_the_keyboard_reaches_every_link_and_field(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    for path in ("/", "/projects/PORTAL", "/sources"):
        page.goto(path)
        there = page.evaluate(
            """within => [...document.querySelectorAll(within)]
                .filter(one => one.checkVisibility()).length""",
            REACHABLE,
        )
        page.evaluate("document.activeElement.blur()")
        page.evaluate("window.met = new Set()")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        for _ in range(there + 5):
            seen = page.evaluate(
                """() => { const one = document.activeElement; if (one === document.body) return null;
                    met.add(one); return getComputedStyle(one).outlineStyle !== 'none'; }"""
            )
            if seen is None:
                break
            assert seen, page.evaluate("document.activeElement.outerHTML")
            page.keyboard.press("Tab")
        missed = page.evaluate(
            """within => [...document.querySelectorAll(within)]
                .filter(one => one.checkVisibility() && !met.has(one)).map(one => one.outerHTML)""",
            REACHABLE,
        )
        assert not missed, path


def test_the_keyboard_alone_filters_sorts_and_drills_down(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo).page
    page.goto("/")
    page.get_by_role("searchbox", name="Search by name").focus()
    page.keyboard.type("portal")
    page.wait_for_url("**q=portal*")
    expect(page.locator("table.board tbody th.p a")).to_have_count(1)
    page.get_by_role("columnheader", name="Health").get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=health*")
    page.get_by_role("link", name="Citizen portal").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Why it is red").wait_for()


def test_everything_works_without_scripts(demo: Served, visitor: Visitor) -> None:
    page = visitor(demo, java_script_enabled=False).page
    page.goto("/")
    page.locator("form.filters select[name=overall]").select_option("RED")
    page.get_by_role("button", name="Apply").click()
    assert "overall=RED" in page.url
    assert page.locator("table.board tbody th.p a").count() == 3
    page.get_by_role("columnheader", name="Slip").get_by_role("link").click()
    assert "sort=slip" in page.url
    assert "overall=RED" in page.url
    page.locator("form.picker select").select_option(index=3)
    page.get_by_role("button", name="Show").click()
    assert "as_of=" in page.url
    page.goto("/projects/PORTAL")
    page.locator(".why").get_by_role("link", name="Receipt").first.click()
    assert page.locator(".answer").is_visible()


def test_an_unknown_page_says_so_in_words(demo: Served, visitor: Visitor) -> None:
    visit = visitor(demo)
    visit.expected = ("404",)
    for path in ("/projects/NOPE", "/nowhere", "/projects/PORTAL/receipt/nothing"):
        answer = visit.page.goto(path)
        assert answer is not None
        assert answer.status == 404
        assert visit.page.get_by_role("heading", level=1).inner_text()
        assert "Traceback" not in visit.page.content()


def test_the_server_had_nothing_to_complain_of(demo: Served) -> None:
    assert "Traceback" not in demo.log.read_text()
