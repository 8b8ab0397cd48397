"""A browser's visit to Muster that notes what a person would not see: requests, sizes, console errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MOST_BYTES: Final = 150_000  # a page as sent, and everything it needs


@dataclass
class Visit:
    """One context with one page, watched from the start; no slots, for playwright keeps notes on listeners."""

    context: BrowserContext
    url: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # parts of console errors that a test provokes
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(15_000)
        self.context.route(lambda address: not address.startswith(self.url + "/"), self._refuse)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"thrown: {error}"))
        self.page.on("requestfailed", self._failed)

    def follow(self, link: str) -> None:
        """Open a one-time link and say yes to it."""
        self.page.goto(link)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def must_be_clean(self) -> None:
        """Assert that nothing went wrong behind the page's back."""
        unexpected = [one for one in self.errors if not any(part in one for part in self.expected)]
        assert not unexpected, unexpected
        assert not self.foreign, f"asked of others: {self.foreign}"

    def _refuse(self, route: Route) -> None:
        self.foreign.append(route.request.url)
        route.abort()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # Leaving a page breaks off what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"failed: {request.url}: {request.failure}")


@contextmanager
def visiting(browser: Browser, url: str) -> Iterator[Visit]:
    """Visit for the length of a block."""
    visit = Visit(browser.new_context(base_url=url), url)
    try:
        yield visit
        visit.must_be_clean()
    finally:
        visit.context.close()


Visitor = Callable[..., Visit]  # (served, *, as_head=True, **options of a browser's context)
