"""Where a run's time goes: processor and clock seconds by stage, and the functions that take the most.

`python -m benchmarks.stages DATABASE_URL URL` prints one JSON line. The stages are measured around a
run of the product (a wrapper a call, each thread's own processor clock) that prepares its pages in this process
instead of in others; what is left of a stage's clock
time is waiting: for the network, for PostgreSQL, for the interpreter's lock. The functions are
measured by cProfile on the same pages in one thread, which inflates small functions.
"""

import cProfile
import json
import os
import pstats
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

import sync.land
import sync.normalise
import sync.prepare
import sync.prepare_pool
import sync.store
from benchmarks.common import ROOT, Measured
from benchmarks.fetching import AUTH
from benchmarks.pulling import CREDENTIAL_AT, SOURCE, configure, measured_run
from config.database import open_engine
from config.process import tune
from connectors.http import Answer, Http
from connectors.jira.fetching import Fetching
from connectors.jira.transforms import TRANSFORMS
from sync.absentees import Absentees
from sync.land import Landing, Prepared
from sync.mapping import compile_stream
from sync.pull import _Fetching
from sync.registry import open_source, utc_now
from sync.rejects import Rejects
from sync.store import landing_session

TOP = 14  # functions listed
Label = str | Callable[..., str]


class Stages:
    """Seconds by stage, each without the stages inside it."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.missing: list[str] = []
        self._lock = threading.Lock()
        self._of = threading.local()

    @contextmanager
    def timed(self, label: str) -> Iterator[None]:
        """Add what happens inside to a stage, and take it off the stage around."""
        inner: list[list[float]] = self._of.__dict__.setdefault("stack", [])
        inner.append([0.0, 0.0])
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
            cpu_inside, wall_inside = inner.pop()
            if inner:
                inner[-1][0] += cpu
                inner[-1][1] += wall
            with self._lock:
                self.cpu[label] = self.cpu.get(label, 0.0) + cpu - cpu_inside
                self.wall[label] = self.wall.get(label, 0.0) + wall - wall_inside
                self.calls[label] = self.calls.get(label, 0) + 1

    def wrap(self, owner: Any, name: str, label: Label) -> None:
        """Put a stage around a function or method, for the rest of this process.

        One that is no longer there is noted; its time then counts to the stage around.
        """
        inside = getattr(owner, name, None)
        if inside is None:
            self.missing.append(f"{owner.__name__}.{name}")
            return

        @wraps(inside)
        def around(*args: Any, **kwargs: Any) -> Any:
            with self.timed(label if isinstance(label, str) else label(*args, **kwargs)):
                return inside(*args, **kwargs)

        setattr(owner, name, around)

    def rows(self) -> list[list[Any]]:
        """Return stage, calls, processor seconds, clock seconds; the most processor time first."""
        return [
            [label, self.calls[label], self.cpu[label], self.wall[label]]
            for label in sorted(self.cpu, key=lambda one: -self.cpu[one])
        ]


def instrument(stages: Stages) -> None:
    """Put stages around the path's steps."""

    def copied(_connection: Any, table: str, *_rest: Any, like: str | None = None) -> str:
        name = like or table
        if name.startswith("stage_"):
            name = f"{name.removeprefix('stage_').rpartition('_')[0]} (staging)"
        return f"store: COPY {name}"

    def upserted(_connection: Any, table: str, *_rest: Any, **_more: Any) -> str:
        return f"store: upsert {table} from staging"

    vars(sync.prepare_pool)["_MOST"] = 0  # pages are prepared here, where it can be seen
    stages.wrap(Http, "_send", "fetch: request and answer (httpx)")
    stages.wrap(Http, "_call", "fetch: retries, pace, redaction")
    stages.wrap(Answer, "json", "fetch: parse JSON (orjson)")
    stages.wrap(Fetching, "fetch", "fetch: check what came against what was asked")
    stages.wrap(sync.prepare, "records_of", "prepare: parse, take the records out of the page")
    stages.wrap(sync.prepare, "normalise", "prepare: map, and rows of children")
    stages.wrap(sync.normalise, "dump_bytes", "prepare: serialise for the content hash")
    stages.wrap(sync.prepare, "copy_lines", "prepare: write rows as COPY lines")
    stages.wrap(sync.prepare, "control", "prepare: control totals")
    stages.wrap(sync.prepare, "pack", "prepare: zstd")
    stages.wrap(sync.prepare_pool, "prepare", "prepare: SHA-256 of the page, the rest")
    stages.wrap(_Fetching, "_put", "wait: the queue of pages is full")
    stages.wrap(sync.store, "copy_rows", copied)
    stages.wrap(sync.store, "copy_lines", copied)
    for module in (sync.land, sync.store):
        stages.wrap(module, "upsert", upserted)
    stages.wrap(sync.store, "stage", "store: staging table made, emptied")
    stages.wrap(sync.land, "replace_children", "store: children of changed items, deduplicated")
    stages.wrap(Absentees, "returned", "store: what came back")
    stages.wrap(Absentees, "missed", "store: search for what is gone")
    stages.wrap(Rejects, "keep", "store: rejected records")
    stages.wrap(Landing, "_raw_page", "store: raw page (insert)")
    stages.wrap(sync.land, "add_to_ledger", "store: ledger")
    stages.wrap(Landing, "_move_cursor", "store: cursor")
    stages.wrap(Landing, "store", "store: the rest, begin and commit")


def hot_functions(engine: Engine, work: str) -> list[list[Any]]:
    """Prepare or store the pages of one project in this thread under cProfile; the hottest functions."""
    with engine.connect() as connection:
        from sqlalchemy import text

        from sync.apply import stored_block

        row = connection.execute(text("SELECT id, config FROM source WHERE name = :n"), {"n": SOURCE}).one()
        semantics = connection.scalar(text("SELECT semantics FROM source WHERE id = :i"), {"i": row.id})
        run = connection.scalar(text("SELECT max(id) FROM run"))
        connection.rollback()
    opened = open_source(stored_block(SOURCE, row.config), connections=4, clock=utc_now)
    mapping = compile_stream(opened.mapping, "issues", TRANSFORMS, semantics["names"])
    stream = next(
        one for one in opened.connector.streams(semantics["names"], mapping.fields) if one.name == "issues"
    )
    slice_ = stream.slices()[0]
    pages = list(stream.pull(slice_, None))
    landing = Landing(engine, row.id, int(run or 0), {"issues": mapping}, utc_now())
    landing.load()
    profile = cProfile.Profile(time.thread_time)
    prepared: list[Prepared] = []
    if work == "prepare":
        profile.enable()
        prepared += [landing.prepare(stream, page) for page in pages]
        profile.disable()
    else:
        prepared += [landing.prepare(stream, page) for page in pages]
        with engine.begin() as connection:
            for table in ("transition", "work_item_link", "work_item_iteration", "work_item"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        with landing_session(engine) as session:
            profile.enable()
            for one in prepared:
                landing.store(session, one)
            profile.disable()
    opened.connector.close()
    return _hottest(profile)


def _hottest(profile: cProfile.Profile) -> list[list[Any]]:
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # made at run time
    whole = sum(one[2] for one in stats.values())
    found = sorted(stats.items(), key=lambda one: -one[1][2])[:TOP]
    return [
        [f"{_place(file)}:{line} {name}" if line else name, calls[1], calls[2] / whole]
        for (file, line, name), calls in found
    ]


def _place(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return str(path.relative_to(ROOT))
    return "/".join(path.parts[-2:])


def main(database: str, url: str) -> None:
    """Measure and print."""
    os.environ[CREDENTIAL_AT] = AUTH[1]
    tune()
    engine = open_engine(database)
    configure(engine, url)
    hot: Measured = {}
    stages = Stages()
    measured_run(engine, full=True, connections=8)
    for work in ("prepare", "store"):
        hot[work] = hot_functions(engine, work)
    instrument(stages)
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE source, work_item, transition, run CASCADE")
    configure(engine, url)
    run = measured_run(engine, full=True, connections=8)
    engine.dispose()
    print(json.dumps({"stages": stages.rows(), "missing": stages.missing, "hot": hot, "run": run}))


if __name__ == "__main__":
    main(*sys.argv[1:])
