"""Accounts in a browser: one is added and given a role without scripts; in both themes, on a phone, by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.database import open_engine
from sync.accounts import Grant
from tests.support.browsing import MOST_BYTES, Visit
from tests.support.databases import cloned
from tests.support.lanes import artefact
from tests.support.muster_process import Served, environment, serving
from tests.support.rights import account, cookie_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def served(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[tuple[Served, str]]:
    """An administrator's session, and an account with long names in all roles."""
    del chromium_path  # only so that a machine without one does not wait
    home = tmp_path_factory.mktemp("accounts")
    with cloned(template_url) as url:
        engine = open_engine(url)
        secret = cookie_of(engine, account(engine, "ada@example.org", Grant("administrator")))
        account(engine, f"{'kim' * 30}@example.org", Grant("pmo_head"), Grant("bi"), Grant("reader"))
        engine.dispose()
        given = environment(home, url)
        with serving(given, home / "serve.log") as up:
            yield up, secret


def opened(chromium: Browser, served: tuple[Served, str], **options: object) -> Visit:
    """Return a browser that is signed in as the administrator."""
    up, secret = served
    context = chromium.new_context(base_url=up.url, **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": "muster_session", "value": secret, "url": up.url}])
    return Visit(context, up.url)


def test_accounts_are_legible_and_accessible(
    served: tuple[Served, str], chromium: Browser, screenshots: Path
) -> None:
    axe = artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()
    for scheme in ("light", "dark"):
        visit = opened(chromium, served, color_scheme=scheme)
        for name, path in (("accounts", "/accounts"), ("account", "/accounts/2")):
            for width in (360, 720, 721, 1181, 1440):
                visit.page.set_viewport_size({"width": width, "height": 900})
                answer = visit.page.goto(path, wait_until="networkidle")
                assert answer is not None
                assert len(answer.body()) < MOST_BYTES
                assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
                if width in (360, 1440):
                    visit.page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
                    assert violations(visit.page, axe) == []
        visit.must_be_clean()
        visit.context.close()


def test_somebody_is_added_and_given_a_role_by_keyboard_without_scripts(
    served: tuple[Served, str], chromium: Browser
) -> None:
    visit = opened(chromium, served, java_script_enabled=False)
    page = visit.page
    page.goto("/accounts")
    page.get_by_role("textbox", name="Name to sign in with").fill("olu@example.org")
    page.get_by_label("Shown as").fill("Olu Officer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Olu Officer")).to_be_visible()
    page.locator("select[name=role]").select_option("project_officer")
    page.get_by_role("button", name="Give").press("Enter")
    expect(page.get_by_role("rowheader", name="Project officer")).to_be_visible()
    page.get_by_role("button", name="Take Project officer").press("Enter")
    expect(page.get_by_text("Nothing but their own account")).to_be_visible()
    page.goto("/accounts/1")
    page.get_by_role("button", name="Take Administrator").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the last administrator")
    visit.context.close()


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe finds wrong on a page."""
    page.evaluate(axe)
    told = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{one['id']}: {node['html'][:140]}" for one in told["violations"] for node in one["nodes"]]
