"""The board of 1,000 projects: as a browser draws it, and for 50 readers, alone and while a source is being read.

A real `muster serve` on the embedded PostgreSQL, the machine's Chromium, readers in a process of their own, and
a run that stores into the same database.
"""

import shutil
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, text

from api.signin.tokens import create_token
from benchmarks.api import Api, serving
from benchmarks.common import Measured, child, embedded, median, spread, table
from config.database import open_engine
from tests.support.browsing import FLAGS
from tests.support.portfolio_rows import seed
from tests.support.sandboxes import running

READERS: Final = 50
PAUSE_S: Final = 1.0  # on the average, between a reader's answer and the next question
_TIMES: Final = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  return {first_byte: page.responseStart - page.requestStart, painted: paint ? paint.startTime : page.loadEventEnd,
          loaded: page.loadEventEnd, kb: page.transferSize / 1000, unpacked_kb: page.decodedBodySize / 1000};
}"""


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("no Chromium on this machine; install one to measure how pages are drawn")


def _drawn(port: int, token: str, engine: Engine, times: int, *, changed: bool) -> list[Measured]:
    """Open the board in fresh profiles of the browser; `changed`: the data did, just before each."""
    from playwright.sync_api import sync_playwright  # only here: the slow lanes install it

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        for number in range(times + 1):
            if changed:
                with engine.begin() as connection:
                    connection.execute(
                        text("UPDATE source SET updated_at = clock_timestamp() WHERE position = 0")
                    )
            context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"})
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
            page.wait_for_timeout(100)  # the end of loading is put down after what waits for it
            if number:  # the first one starts the browser's processes
                found.append(page.evaluate(_TIMES))
            context.close()
        browser.close()
    return found


@contextmanager
def _syncing(url: str, issues: int) -> Iterator[list[Measured]]:
    """Read a sandbox into the database, whole, again and again, until the block ends; gives the runs that ended."""
    done: list[Measured] = []
    stop = threading.Event()
    with running("jira-cloud", issues=issues) as box:

        def again() -> None:
            while not stop.is_set():
                done.append(child("benchmarks.pulling", url, "--url", box.url, "--connections", 4))

        thread = threading.Thread(target=again, name="sync")
        thread.start()
        try:
            yield done
        finally:
            stop.set()
            thread.join()


def _readers(api: Api, rounds: int, requests: int, pause_s: float) -> list[Measured]:
    return [
        api.load("/", {"Accept-Encoding": "gzip"}, READERS, requests, pause_s=pause_s) for _ in range(rounds)
    ]


def _row(label: str, found: list[Measured]) -> tuple[Any, ...]:
    print(f"  {label}: {spread(found, 'p99', 0)} ms", file=sys.stderr, flush=True)
    return (label, spread(found, "p50", 0), spread(found, "p99", 0), f"{median(found, 'rate'):,.0f}")


def run(*, quick: bool, rounds: int) -> str:
    """Measure all of it and return the report."""
    projects, items, issues, times = (100, 5_000, 500, 2) if quick else (1_000, 200_000, 20_000, 10)
    requests = 3 if quick else 20
    with embedded() as server, server.database("muster") as url:
        engine = open_engine(url)
        seed(engine, projects=projects, work_items=items)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        token = create_token(engine, "bench")
        with serving(server.home, url) as (port, pid):
            api = Api(port, token, (pid, server.pid))
            drawn = []
            for changed, label in ((False, "nothing changed"), (True, "just after a change")):
                found = _drawn(port, token, engine, times, changed=changed)
                names = ("first_byte", "painted", "loaded", "kb", "unpacked_kb")
                drawn.append((label, *(spread(found, name, 0) for name in names)))
            waits = [_row("one after the other", _readers(api, rounds, requests, 0.0))]
            waits.append(_row("looking for a second between", _readers(api, rounds, requests, PAUSE_S)))
            with _syncing(url, issues) as runs:
                waits.append(
                    _row("the same while a source is read", _readers(api, rounds, requests, PAUSE_S))
                )
        engine.dispose()
    took = statistics.median(one["seconds"] for one in runs)
    said = (
        f"{projects:,} projects, {items:,} work items; `muster serve` (one process), PostgreSQL {server.version},"
        f" browser and readers on one machine. {READERS} readers ask {requests} times each. The source read beside"
        f" them, over and over, has {issues:,} issues; a run took {took:.1f} s. Rounds: {rounds}."
    )
    head = ("in the browser", "first byte ms", "first paint ms", "loaded ms", "kB sent", "kB unpacked")
    readers = ("readers", "p50 ms", "p99 ms", "pages/s")
    return f"## Board\n\n{said}\n\n{table(head, drawn)}\n\n{table(readers, waits)}"
