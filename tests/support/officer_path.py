"""What an officer does in a browser on the way to a source, and a Muster in which nothing was set up yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import MOST_BYTES, Visit, visiting
from tests.support.databases import cloned
from tests.support.lanes import ARTEFACTS
from tests.support.muster_process import Served, environment, muster, serving

_RUN_MS: Final = 90_000  # that a first run may take on a busy machine
_WIDE: Final = 1366
_WIDTHS: Final = (_WIDE, 360)
_THEMES: Final = ("light", "dark")
PLAN: Final = (
    "Milestone,Project ID,Status,Forecast\nGo-live,P1,Nearly there,2026-12-01\nPilot,P1,Planned,2026-12-20\n"
)


@contextmanager
def empty_muster(template_url: str, home: Path) -> Iterator[Served]:
    """Serve a Muster with a worker, in which nothing was set up yet, and a folder it may read."""
    (home / "files").mkdir()
    (home / "files" / "plan.csv").write_text(PLAN, encoding="utf-8")
    with cloned(template_url) as url:
        given = environment(home, url)
        given |= {
            "MUSTER_ALLOW_ADDRESSES": "loopback",
            "MUSTER_WORKER_HEARTBEAT_S": "1",
            "TEST_HOME": str(home),
        }
        with serving(given, home / "up.log", "up") as served:
            yield served


def officer_state(served: Served, chromium: Browser) -> Any:
    """Sign an officer in, once; return the cookies."""
    link = muster(
        served.environment, "token", "link", "--person", "Olive Officer", "--role", "project_officer"
    )
    with visiting(chromium, served.url) as first:
        first.follow(served.url + "/sign-in" + link.rsplit(maxsplit=1)[-1].partition("/sign-in")[2])
        return first.context.storage_state()


def opened(chromium: Browser, served: Served, officer: Any, **options: Any) -> Visit:
    """Open a browser in which the officer is signed in."""
    return Visit(chromium.new_context(base_url=served.url, storage_state=officer, **options), served.url)


def looked_at(page: Page, name: str, axe: str | None) -> None:
    """Keep pictures of a page, wide and narrow, by day and by night, and hold it to what holds on every page."""
    pictures = ARTEFACTS / "screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    for theme in _THEMES:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its literals
        for width in _WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=pictures / f"source-{name}-{width}-{theme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, width)
        if axe is not None:
            page.evaluate(axe)
            found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            told = [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"][:3]]
            assert not told, (name, theme, told)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": _WIDE, "height": 860})
    assert len(page.content().encode()) < MOST_BYTES, name


def begun(page: Page, way: str) -> None:
    """Choose a kind of source."""
    page.goto("/sources/new")
    page.get_by_role("radio", name=way).check()
    page.get_by_role("button", name="Go on").click()


def gone_on(page: Page, *steps: str) -> None:
    """Go through steps as they are proposed."""
    for step in steps:
        expect(page.get_by_role("heading", level=1)).to_have_text(step)
        page.get_by_role("button", name="Go on", exact=True).click()


def read_to_its_end(page: Page) -> None:
    """Save, and watch the first run until it is over, without a click."""
    page.get_by_role("button", name="Save and read it now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Run")
    expect(page.locator(".asof .tag")).to_have_text("succeeded", timeout=_RUN_MS)
