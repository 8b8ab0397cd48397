"""Titles that want to be more than text, put in where anybody could: in a cell."""

import csv
import io
from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import expect

from tests.support.browsing import Visitor
from tests.support.databases import cloned
from tests.support.muster_process import Served, environment, muster, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser]
TITLES = (
    '<script>window.ran = "script"</script>',
    '"><img src=x onerror="window.ran=1">',
    "javascript:window.ran=1//",
    "</title><svg onload=window.ran=1>",
    "' onmouseover='window.ran=1' x='",
    "{{ 7*7 }} {% raw %} ${7*7}",
    '=HYPERLINK("http://evil.example";"click")',
    "a\u202eb\u200bc " + "W" * 180,
)


def table(header: str, rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header.split(","), *rows])
    return out.getvalue()


@pytest.fixture(scope="module")
def hostile(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """A portfolio of workbooks whose every text is one of these titles."""
    del chromium_path  # only so that a machine without one does not wait
    home = tmp_path_factory.mktemp("hostile")
    folder = home / "files"
    folder.mkdir()
    many = list(enumerate(TITLES))
    register = [[f"P{n}", title, title, title, title, title, "2026-12-01", title] for n, title in many]
    raid = [[f"R-{n}", f"P{n}", "risk", title, title, "open", "4", "5"] for n, title in many]
    stones = [[f"M-{n}", f"P{n}", title, "2026-10-01", "2027-01-01"] for n, title in many]
    for name, text in {
        "register.csv": table(
            "Project ID,Project name,Programme,Manager,Sponsor,Stage,Forecast finish,Achievements", register
        ),
        "raid.csv": table("Ref,Project ID,Type,Title,Owner,Status,Probability,Impact", raid),
        "stones.csv": table("Milestone ID,Project ID,Milestone,Baseline,Forecast", stones),
    }.items():  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    workbooks = [
        {"path": "register.csv", "holds": "projects", "key": "Project ID"},
        {"path": "raid.csv", "holds": "raid", "key": "Ref"},
        {"path": "stones.csv", "holds": "milestones", "key": "Milestone ID"},
    ]
    source = {"name": "files", "kind": "excel", "folder": str(folder), "workbooks": workbooks}
    portfolio = {"key": "main", "name": TITLES[0]}
    document = {"apiVersion": "muster/v1", "portfolio": portfolio, "sources": [source]}
    (home / "muster.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with cloned(template_url) as url:
        given = environment(home, url)
        muster(given, "apply", "-f", str(home / "muster.yaml"), "--yes")
        muster(given, "sync")
        with serving(given, home / "serve.log") as served:
            yield served


def test_hostile_titles_are_only_text_on_every_page(hostile: Served, visitor: Visitor) -> None:
    page = visitor(hostile).page
    page.goto("/")
    assert page.locator("table.board tbody th.p a").count() == len(TITLES)
    shown = page.locator("main").inner_text()
    assert TITLES[0] in shown
    assert "{{ 7*7 }}" in shown
    paths = ["/", "/sources", *(f"/projects/P{n}" for n in range(len(TITLES))), "/projects/P0/receipt/name",
             "/projects/P1/receipt/risk"]  # fmt: skip
    for path in paths:
        page.goto(path)
        for each in page.locator("main a, main th, main td").all()[:40]:
            each.dispatch_event("mouseover")
        assert page.evaluate("window.ran") is None, path
        assert page.locator("main script, main img[src=x], main [onmouseover], main [onerror]").count() == 0
        bad = page.locator("a").evaluate_all(
            "all => all.map(a => a.href).filter(h => !h.startsWith(location.origin) && !/^https?:/.test(h))"
        )
        assert bad == [], path


def test_a_hostile_search_stays_text(hostile: Served, visitor: Visitor) -> None:
    page = visitor(hostile).page
    page.goto("/")
    page.get_by_role("searchbox", name="Search by name").fill('"><img src=x onerror=window.ran=1>')
    page.wait_for_url("**q=*")
    expect(page.get_by_text("No project matches")).to_be_visible()
    assert page.evaluate("window.ran") is None
    page.reload()
    assert (
        page.get_by_role("searchbox", name="Search by name").input_value()
        == '"><img src=x onerror=window.ran=1>'
    )
    assert page.evaluate("window.ran") is None


def test_long_words_do_not_push_a_phone_sideways(hostile: Served, visitor: Visitor) -> None:
    page = visitor(hostile, viewport={"width": 360, "height": 780}).page
    last = len(TITLES) - 1
    for path in ("/", f"/projects/P{last}", f"/projects/P{last}/receipt/name", "/sources"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
