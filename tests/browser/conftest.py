"""A Chromium of this machine, and a Muster that serves what the demo leaves behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browsing import FLAGS, Visit, Visitor, visiting
from tests.support.databases import cloned
from tests.support.lanes import ARTEFACTS, program
from tests.support.muster_process import Served, environment, muster, serving


@pytest.fixture(scope="session")
def demo(template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Iterator[Served]:
    """The demo, run once and then served; it takes about a minute."""
    del chromium_path  # only so that a machine without one does not wait for the demo
    home = tmp_path_factory.mktemp("demo")
    with cloned(template_url) as url:
        given = environment(home, url)
        muster(given, "demo", "--once")
        with serving(given, home / "serve.log") as served:
            yield served


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Chromium as this machine has it; none is ever downloaded."""
    return program("Chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A browser a module: its event loop must not outlive the module, other tests have theirs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in() -> dict[str, Any]:
    """Cookies by server, filled on first use."""
    return {}


@pytest.fixture
def visitor(chromium: Browser, signed_in: dict[str, Any]) -> Iterator[Visitor]:
    """Open visits that are signed in; each must end without a console error or a foreign request."""
    opened: list[Visit] = []

    def visit(served: Served, **options: Any) -> Visit:
        if served.url not in signed_in:
            with visiting(chromium, served.url) as first:
                first.follow(served.sign_in_link())
                signed_in[served.url] = first.context.storage_state()
        state = signed_in[served.url] if options.pop("as_head", True) else None
        made = Visit(chromium.new_context(storage_state=state, base_url=served.url, **options), served.url)
        opened.append(made)
        return made

    yield visit
    for each in opened:
        each.context.close()
    for each in opened:
        each.must_be_clean()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures are kept for people to look at."""
    folder = ARTEFACTS / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
