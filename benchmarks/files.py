"""Bulk files of 1,000,000 work items, all columns: seconds and memory, beside PostgreSQL's COPY of the same rows."""

import http.client
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects import postgresql

from api.feed.models import model_of
from api.signin.tokens import create_token
from benchmarks.api import serving
from benchmarks.common import Measured, cpu_s, embedded, median, spread, table
from benchmarks.feed import on_core
from benchmarks.feed_rows import fill
from benchmarks.watching import Memory
from config.database import open_engine

KINDS: Final = ("parquet", "arrow", "csv", "ndjson")
_BLOCK: Final = 1 << 20
_PATIENCE_S: Final = 900


def _read(port: int, path: str, token: str) -> tuple[int, int]:
    """Take a file and throw it away; returns the status and how many bytes it had."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    size = 0
    while block := answer.read(_BLOCK):
        size += len(block)
    connection.close()
    return answer.status, size


def _copied(engine: Engine) -> int:
    """Copy the same rows and columns as PostgreSQL does by itself, and throw them away."""
    rows = select(model_of(None).by_name["WorkItems"].source)
    statement = str(rows.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    raw = engine.raw_connection()
    try:
        connection: Any = raw.driver_connection  # psycopg's own, which has COPY
        with connection.cursor() as cursor, cursor.copy(f"COPY ({statement}) TO STDOUT") as copy:
            return sum(len(block) for block in copy)
    finally:
        raw.close()


def _measured(do: Callable[[], int], pids: tuple[int, ...], watched: int | None) -> Measured:
    before = sum(map(cpu_s, pids))
    watch = Memory([watched]) if watched is not None else None
    if watch is not None:
        watch.start()
    begin = time.perf_counter()
    size = do()
    seconds = time.perf_counter() - begin
    if watch is not None:
        watch.stop()
    return {
        "seconds": seconds,
        "cpu_s": sum(map(cpu_s, pids)) - before,
        "mb": size / 1e6,
        "peak_mb": 0.0 if watch is None else watch.peak_mb,
    }


def run(*, quick: bool, rounds: int) -> str:
    """Measure all of it and return the report."""
    projects, items = (50, 20_000) if quick else (1_000, 1_000_000)
    found: dict[str, list[Measured]] = {}
    with embedded() as server, server.database("muster") as url:
        engine = open_engine(url)
        fill(engine, projects=projects, items=items)
        token = create_token(engine, "bench")
        with on_core(0), serving(server.home, url) as (port, pid):

            def file_of(kind: str) -> int:
                status, size = _read(port, f"/files/v1/WorkItems.{kind}", token)
                if status != 200:
                    raise SystemExit(f"WorkItems.{kind} answered {status}")
                return size

            _read(port, "/files/v1/Portfolios.parquet", token)  # what is loaded on first use is loaded
            for _ in range(rounds):
                with on_core(1):
                    copied = _measured(lambda: _copied(engine), (server.pid,), None)
                found.setdefault("COPY", []).append(copied)
                for kind in KINDS:
                    with engine.begin() as connection:  # the state is another one: nothing kept serves
                        connection.execute(text("UPDATE work_item SET points = 1 WHERE id = 1"))
                        connection.execute(text("UPDATE work_item SET points = 2 WHERE id = 1"))
                    for way in ("new", "again"):
                        with on_core(1):
                            one = _measured(lambda k=kind: file_of(k), (pid, server.pid), pid)  # type: ignore[misc]  # bound at once
                        found.setdefault(f"{kind}|{way}", []).append(one)
                        print(f"  {kind}, {way}: {one}", file=sys.stderr, flush=True)
        engine.dispose()
    copy = found.pop("COPY")
    rows = [("COPY as text", "", *_figures(copy, copy))]
    rows += [(*key.split("|"), *_figures(each, copy)) for key, each in found.items()]  # type: ignore[arg-type]  # two parts
    head = (
        "file",
        "asked",
        "seconds",
        "÷ COPY",
        "processor s: server and PostgreSQL",
        "peak MB of the server",
        "MB",
    )
    columns = len(model_of(None).by_name["WorkItems"].source.c)
    return (
        f"## Files\n\n{items:,} work items × {columns} columns; rounds: {rounds} (medians, least–most).\n\n"
        f"{table(head, rows)}"
    )


def _figures(rounds: list[Measured], copy: list[Measured]) -> tuple[str, ...]:
    return (
        spread(rounds, "seconds"), f"{median(rounds, 'seconds') / median(copy, 'seconds'):.1f}",
        f"{median(rounds, 'cpu_s'):.1f}", f"{median(rounds, 'peak_mb'):.0f}", f"{median(rounds, 'mb'):.1f}",
    )  # fmt: skip
