"""The pages for heads in a browser: legible everywhere, to be printed, and usable by keyboard and without scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from config.database import open_engine
from tests.support.browsing import Visit
from tests.support.databases import cloned
from tests.support.lanes import artefact
from tests.support.muster_process import Served, environment, muster, serving
from tests.support.portfolio_rows import seed

pytestmark = [pytest.mark.slow, pytest.mark.browser]
MOST_BYTES: Final = 150_000
PAGES: Final = {
    "board": "/", "overview": "/portfolio", "programme": "/portfolio?programme=Digital+services",
    "pack": "/portfolio?pack=1", "milestones": "/milestones", "risks": "/risks", "cell": "/risks?show=high",
    "money": "/money", "trend": "/trend", "compare": "/compare", "views": "/views?name=Risks&address=/risks",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """A server on the demo's twelve projects, without trackers."""
    del chromium_path  # only so that a machine without one does not wait
    home = tmp_path_factory.mktemp("heads")
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        engine.dispose()
        with serving(environment(home, url), home / "serve.log") as found:
            yield found


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return muster(served.environment, "token", "create", "head").split()[0]


def opened(chromium: Browser, served: Served, token: str, **options: Any) -> Visit:
    headers = {"Authorization": f"Bearer {token}"}
    return Visit(chromium.new_context(base_url=served.url, extra_http_headers=headers, **options), served.url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_heads_are_accessible_small_and_never_wider_than_the_window(
    served: Served, token: str, chromium: Browser, screenshots: Path, scheme: str
) -> None:
    axe = artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()
    visit = opened(chromium, served, token, color_scheme=scheme, bypass_csp=True)
    told: list[str] = []
    for name, path in PAGES.items():
        answer = visit.page.goto(path)
        assert answer is not None
        told += [] if answer.ok and len(answer.body()) < MOST_BYTES else [f"{path}: {answer.status}"]
        for width in (1181, 720, 360):
            visit.page.set_viewport_size({"width": width, "height": 900})
            wider = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            told += [f"{path} at {width}: {wider} px too wide"] if wider > 0 else []
            if width != 720:
                told += [f"{path} at {width}: {one}" for one in _violations(visit.page, axe)]
                visit.page.screenshot(path=screenshots / f"head-{name}-{width}-{scheme}.png")
    visit.context.close()
    assert not told, "\n".join(told)


def _violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{each['id']}: {each['nodes'][0]['html'][:140]}" for each in found["violations"]]


def test_a_head_goes_from_the_portfolio_to_a_receipt(served: Served, token: str, chromium: Browser) -> None:
    visit = opened(chromium, served, token)
    page = visit.page
    page.goto("/portfolio")
    page.get_by_role("link", name="Digital services").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Digital services")
    page.get_by_role("link", name="Citizen portal").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Citizen portal")
    page.goto("/risks")
    page.locator(".heat a").first.click()
    expect(page.locator(".heat .here")).to_have_count(1)
    page.get_by_role("region", name="Risks").locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("isk")
    assert "/receipt/risk" in page.url
    visit.must_be_clean()
    visit.context.close()


@pytest.mark.parametrize("path", ["/", "/milestones", "/trend"])
def test_the_slider_moves_through_the_days_by_keyboard(
    served: Served, token: str, chromium: Browser, path: str
) -> None:
    visit = opened(chromium, served, token)
    page = visit.page
    page.goto(path)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**as_of=2026-11-15*")
    expect(page.get_by_role("slider")).to_be_focused()
    expect(page.locator("select[name=as_of]")).to_have_value("2026-11-15")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**as_of=2026-11-08*")
    page.go_back()
    page.wait_for_url("**as_of=2026-11-15*")
    visit.must_be_clean()
    visit.context.close()


def test_days_are_chosen_and_compared_without_scripts(served: Served, token: str, chromium: Browser) -> None:
    visit = opened(chromium, served, token, java_script_enabled=False)
    page = visit.page
    page.goto("/milestones")
    expect(page.get_by_role("slider")).to_have_count(0)
    page.locator("select[name=as_of]").select_option("2026-10-25")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "as_of=2026-10-25" in page.url
    page.goto("/compare")
    page.locator("select[name=from]").select_option("2026-09-06")
    page.get_by_role("button", name="Compare").click()
    assert "from=2026-09-06" in page.url
    visit.must_be_clean()
    visit.context.close()


def test_the_pack_prints_page_by_page_without_what_only_a_screen_has(
    served: Served, token: str, chromium: Browser, screenshots: Path
) -> None:
    visit = opened(chromium, served, token)
    page = visit.page
    page.goto("/portfolio?pack=1")
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    breaks = page.evaluate(
        "[...document.querySelectorAll('.sheet-of')].map((one) => getComputedStyle(one).breakBefore)"
    )
    assert breaks[0] == "auto"
    assert set(breaks[1:]) == {"page"}
    printed = page.pdf(format="A4", landscape=True, path=screenshots / "head-pack.pdf")
    assert printed.count(b"/Type /Page\n") >= len(breaks)
    visit.context.close()
