"""The log in a browser: filtered without scripts and with them, in both themes, by keyboard, on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.database import open_engine
from model.audit import Way
from sync.audit import Cause, caused_by, record_alone
from tests.support.browsing import MOST_BYTES, Visit
from tests.support.databases import cloned
from tests.support.lanes import artefact
from tests.support.muster_process import Served, environment, muster, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def served(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """Two hundred events of several people."""
    del chromium_path  # only so that a machine without one does not wait
    home = tmp_path_factory.mktemp("audit")
    with cloned(template_url) as url:
        engine = open_engine(url)
        for number in range(200):
            with caused_by(Cause(Way.PAGE, f"person{number % 7}@example.com", "192.0.2.7")):
                detail = {
                    "changes": [f"schedule: '0 {number % 24} * * *' → '0 2 * * *'"],
                    "because": "x" * 300,
                }
                record_alone(engine, "source.changed", f"source tracker-{number}", detail, by="Ada Obi")
        engine.dispose()
        given = environment(home, url)
        with serving(given, home / "serve.log") as up:
            yield up


def opened(chromium: Browser, served: Served, token: str, **options: object) -> Visit:
    headers = {"Authorization": f"Bearer {token}"}
    context = chromium.new_context(base_url=served.url, extra_http_headers=headers, **options)  # type: ignore[arg-type]
    return Visit(context, served.url)


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return muster(served.environment, "token", "create", "auditor", "--scope", "admin").split()[0]


def test_the_log_is_legible_and_accessible_wherever_it_is_read(
    served: Served, token: str, chromium: Browser, screenshots: Path
) -> None:
    axe = artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()
    for scheme in ("light", "dark"):
        visit = opened(chromium, served, token, color_scheme=scheme)
        for width in (360, 560, 720, 721, 1181, 1440):
            visit.page.set_viewport_size({"width": width, "height": 900})
            answer = visit.page.goto("/audit", wait_until="networkidle")
            assert answer is not None
            assert len(answer.body()) < MOST_BYTES
            visit.page.evaluate(
                "document.querySelectorAll('details').forEach((one, at) => one.open = at < 3)"
            )
            assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
            if width in (360, 1440):
                visit.page.screenshot(path=screenshots / f"audit-{width}-{scheme}.png")
                assert _violations(visit.page, axe) == []
        visit.must_be_clean()
        visit.context.close()


def _violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    told = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:140]}: {node['failureSummary'][:200]}"
        for one in told["violations"]
        for node in one["nodes"][:3]
    ]


def test_the_log_is_filtered_and_paged_without_scripts_and_by_keyboard(
    served: Served, token: str, chromium: Browser
) -> None:
    visit = opened(chromium, served, token, java_script_enabled=False)
    page = visit.page
    page.goto("/audit")
    page.get_by_role("link", name="Earlier").click()
    expect(page.get_by_text("source tracker-149", exact=True)).to_be_visible()
    page.get_by_label("About").fill("source tracker-19")
    page.keyboard.press("Enter")
    expect(page.get_by_text("source tracker-199", exact=True)).to_be_visible()
    expect(page.get_by_text("source tracker-149", exact=True)).to_have_count(0)
    assert "subject=source+tracker-19" in page.url
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("What").select_option("source.changed")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("source tracker-199", exact=True)).to_be_visible()
    visit.must_be_clean()
    visit.context.close()


def test_with_scripts_the_list_follows_the_filters(served: Served, token: str, chromium: Browser) -> None:
    visit = opened(chromium, served, token)
    page = visit.page
    page.goto("/audit")
    page.get_by_label("How").select_option("command")
    expect(page.locator("#board").get_by_text("token auditor", exact=True)).to_be_visible()
    expect(page.get_by_text("source tracker-199", exact=True)).to_have_count(0)
    assert "way=command" in page.url
    visit.must_be_clean()
    visit.context.close()
