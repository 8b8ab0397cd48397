"""Signing in at a provider of somebody else's making, in a browser, over loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from tests.support.browsing import Visit
from tests.support.databases import cloned
from tests.support.muster_process import Served, environment, muster, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser]
_SOMEBODY = (
    '{"sub": "hilda", "email": "hilda@example.org", "name": "Hilda Head", "groups": ["board"],'
    ' "preferred_username": "hilda@example.org"}'
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The issuer of a provider that signs in Hilda at the press of a button."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    asked = ["--port", str(port), "--require-nonce", "true", "--user-claims", _SOMEBODY]
    process = subprocess.Popen([sys.executable, "-m", "oidc_provider_mock", *asked])
    try:
        issuer = f"http://localhost:{port}"
        for _ in range(100):
            try:
                urlopen(f"{issuer}/.well-known/openid-configuration", timeout=1).close()  # noqa: S310 - ours, on loopback
                break
            except OSError:
                time.sleep(0.2)
        yield issuer
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def served_with_provider(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, provider: str
) -> Iterator[Served]:
    """An empty Muster that knows the provider."""
    home = tmp_path_factory.mktemp("provider")
    with cloned(template_url) as url:
        given = environment(home, url) | {
            "MUSTER_OIDC_ISSUER": provider,
            "MUSTER_OIDC_CLIENT_ID": "muster",
            "MUSTER_OIDC_CLIENT_SECRET": "made up",
            "MUSTER_OIDC_NAME": "Example ID",
            "MUSTER_OIDC_ROLES_CLAIM": "groups",
            "MUSTER_OIDC_ROLES": '{"board": "pmo_head"}',
        }
        with serving(given, home / "serve.log") as served:
            yield served


def visit(chromium: Browser, served: Served, provider: str) -> Visit:
    made = Visit(chromium.new_context(base_url=served.url), served.url)
    made.context.unroute_all()  # the provider is another site, and is to be gone to
    made.expected = ("401", provider)
    return made


def test_somebody_of_the_provider_gets_in_with_the_role_of_their_group_and_out_again(
    chromium: Browser, served_with_provider: Served, provider: str, screenshots: Path
) -> None:
    made = visit(chromium, served_with_provider, provider)
    page = made.page
    page.goto("/findings")
    page.screenshot(path=screenshots / "sign-in-provider.png")
    page.get_by_role("link", name="Continue with Example ID").click()
    page.get_by_role("button", name="hilda").click()
    page.wait_for_url("**/findings")
    page.goto("/account")
    assert page.get_by_role("heading", level=1).inner_text() == "Hilda Head"
    assert page.get_by_text("Head of the office").is_visible()
    assert "single sign-on" in page.locator("table").inner_text()
    page.screenshot(path=screenshots / "account-provider.png")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in?out=provider")
    page.get_by_role("link", name="Sign out of Example ID too").click()
    page.wait_for_url(f"{provider}/**")
    page.goto(served_with_provider.url + "/findings")
    assert page.get_by_label("Password").is_visible()
    made.context.close()


def test_whoever_is_denied_there_is_told_so_here(
    chromium: Browser, served_with_provider: Served, provider: str
) -> None:
    made = visit(chromium, served_with_provider, provider)
    page = made.page
    page.goto("/sign-in")
    page.get_by_role("link", name="Continue with Example ID").click()
    page.get_by_role("button", name="Deny").click()
    assert "access was denied there" in page.get_by_role("alert").inner_text()
    made.context.close()


def test_the_first_administrator_signs_in_changes_the_password_and_makes_a_token_by_keyboard_alone(
    chromium: Browser, served_with_provider: Served, provider: str, screenshots: Path
) -> None:
    given = {**served_with_provider.environment, "MUSTER_PASSWORD": "melon tractor violet"}
    muster(given, "account", "admin", "root@example.org")
    made = visit(chromium, served_with_provider, provider)
    page = made.page
    page.goto("/account")
    page.get_by_label("Name or e-mail address").focus()
    page.keyboard.type("root@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("melon tractor violet")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")
    page.get_by_label("Present password").focus()
    for typed in ("melon tractor violet", "orbit candle piano", "orbit candle piano"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account?done=password")
    assert "Your password is changed" in page.get_by_role("status").inner_text()
    page.goto("/tokens")
    page.get_by_label("What it is for").focus()
    page.keyboard.type("Power BI")
    page.keyboard.press("Enter")
    token = page.get_by_label("Token", exact=True).input_value()
    assert token.startswith("mst_")
    page.screenshot(path=screenshots / "tokens-made.png", full_page=True)
    page.goto("/tokens")
    assert token not in page.content()
    made.context.close()
