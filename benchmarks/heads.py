"""The pages for heads of 1,000 projects, each the first time after something changed.

A real `muster serve` on the embedded PostgreSQL; before each page the data is touched, so that nothing that was kept
is right any more. Beside how long each took stands the time that the server's process worked for it: on a machine
that does other things as well the first swings, the second less.
"""

import time
from typing import Any, Final

import httpx
from sqlalchemy import Engine, text

from api.signin.tokens import create_token
from benchmarks.api import serving
from benchmarks.common import Measured, cpu_s, embedded, spread, table
from config.database import open_engine
from tests.support.portfolio_rows import seed

PAGES: Final = (
    "/trend", "/portfolio", "/portfolio?pack=1", "/milestones", "/risks", "/money", "/compare", "/",
)  # fmt: skip
_MS: Final = 1000


def _first(asking: httpx.Client, engine: Engine, pid: int, path: str, times: int) -> list[Measured]:
    found = []
    for number in range(times + 1):
        with engine.begin() as connection:
            connection.execute(text("UPDATE source SET updated_at = clock_timestamp() WHERE position = 0"))
        worked, began = cpu_s(pid), time.perf_counter()
        asking.get(path).raise_for_status()
        took, work = time.perf_counter() - began, cpu_s(pid) - worked
        if number:  # the first one compiles the templates
            found.append({"ms": took * _MS, "work": work * _MS})
    return found


def run(*, quick: bool, rounds: int) -> str:
    """Measure all of it and return the report."""
    projects, items = (100, 2_000) if quick else (1_000, 20_000)
    with embedded() as server, server.database("muster") as url:
        engine = open_engine(url)
        seed(engine, projects=projects, work_items=items)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        headers = {"Authorization": f"Bearer {create_token(engine, 'bench')}", "Accept": "text/html"}
        rows: list[tuple[Any, ...]] = []
        with (
            serving(server.home, url) as (port, pid),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as asking,
        ):
            for path in PAGES:
                found = _first(asking, engine, pid, path, max(rounds, 3))
                rows.append((f"`{path}`", spread(found, "ms", 0), spread(found, "work", 0)))
        engine.dispose()
    said = f"{projects:,} projects, {items:,} work items; each page {max(rounds, 3)} times, always just after a change."
    return f"## Heads' pages\n\n{said}\n\n{table(('page', 'ms', 'of these the server worked, ms'), rows)}"
