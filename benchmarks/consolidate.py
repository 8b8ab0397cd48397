"""Consolidation: everything, a night later, what one sync touched, and reading what came of it.

Projects with a hundred work items each, a register row with 25 columns, six RAID items, five milestones and
twelve months of money. Each consolidation is a process of its own, starting Python and importing not timed.
"""

import random
import sys
import time
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from api.signin.tokens import create_token
from benchmarks.api import Api, serving
from benchmarks.common import Measured, Server, child, cpu_s, embedded, quantile, table
from benchmarks.consolidate_rows import ITEMS, T0, rewrite, seed, touch
from config.database import open_engine
from sync.dimensions import DIMENSIONS
from sync.receipts import explain

SHARE: Final = 0.01
EXPLAINED: Final = 300
ASKED: Final = ("overall", "health", "forecast_finish", "budget", *DIMENSIONS)
GROWING: Final = ("snapshot", "assessment", "finding", "claim")


def run(*, quick: bool, rounds: int, projects: str | None = None) -> str:
    """Measure once at each size (however many rounds are asked for) and return the report.

    Args:
        quick: Small sizes.
        rounds: Not looked at: what is written by one measurement is there in the next.
        projects: The sizes, with commas; None: the usual ones.
    """
    del rounds
    sizes: tuple[int, ...] = (100, 300) if quick else (1_000, 3_000, 10_000)
    if projects is not None:
        sizes = tuple(sorted(int(each) for each in projects.split(",")))
    with embedded() as server:
        found = [_measured(server, size) for size in sizes]
    return _report(sizes, found)


def _measured(server: Server, projects: int) -> dict[str, Measured]:
    with server.database(f"projects_{projects}") as url:
        engine = open_engine(url)
        seed(engine, projects)
        found = {"all": _consolidated(server, url, 0, 1)}
        found["idle"] = _consolidated(server, url, 0, 2)
        touch(engine, SHARE, projects, at=T0 + timedelta(hours=3))
        found["tracker"] = _consolidated(server, url, 0, 4)
        rewrite(engine, SHARE, projects, at=T0 + timedelta(hours=5))
        found["register"] = _consolidated(server, url, 0, 6)
        before = _sizes(engine)
        found["night"] = _consolidated(server, url, 1, 25)
        after = _sizes(engine)
        found["growth"] = {name: (after[name] - before[name]) / projects for name in after}
        found["explain"] = _explained(engine, projects)
        found["etag"] = _asked_again(server, engine, url)
        engine.dispose()
    return found


def _consolidated(server: Server, url: str, days: int, hours: int) -> Measured:
    """Consolidate so many days and hours after the rows were stored."""
    day, instant = T0.date() + timedelta(days=days), T0 + timedelta(hours=hours)
    before = cpu_s(server.pid)
    found = child("benchmarks.consolidating", url, day.isoformat(), instant.isoformat())
    found["postgres_cpu_s"] = cpu_s(server.pid) - before
    print(
        f"  {found['projects']:,} projects, {found['computed']:,} computed: {found['seconds']:.2f} s,"
        f" {found['peak_mb']:.0f} MB",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return found


def _sizes(engine: Engine) -> Measured:
    with engine.connect() as connection:
        sizes: Measured = {
            name: connection.scalar(
                text("SELECT pg_total_relation_size(CAST(:name AS regclass))"), {"name": name}
            )
            for name in GROWING
        }
        sizes["database"] = connection.scalar(text("SELECT pg_database_size(current_database())"))
    return sizes


def _explained(engine: Engine, projects: int) -> Measured:
    """Explain values of projects picked at random; the first is not counted, for it opens the connection."""
    chance = random.Random(projects)  # noqa: S311  (which projects are asked about is no secret)
    took = []
    with Session(engine) as session:
        for _ in range(EXPLAINED + 1):
            key, name = f"P{chance.randint(1, projects)}", chance.choice(ASKED)
            begin = time.perf_counter()
            explain(session, key, name)
            took.append((time.perf_counter() - begin) * 1000)
    return {"p50": quantile(took[1:], 0.5), "p99": quantile(took[1:], 0.99)}


def _asked_again(server: Server, engine: Engine, url: str) -> Measured:
    """Ask a real server for the whole status: once to be made, then again and again with its tag."""
    path, packed = "/api/v1/status", {"Accept-Encoding": "gzip"}
    token = create_token(engine, "bench")
    with serving(server.home, url) as (port, pid):
        api = Api(port, token, (pid, server.pid))
        first = api.first(engine, path, 1)[0]["ms"]
        found = api.load(path, {**packed, "If-None-Match": api.tag(path, packed)}, 1, 200)
    return {"first_ms": first, **found}


def _worked(one: Measured) -> float:
    """Return the processor seconds of a consolidation, ours and PostgreSQL's, which a busy machine changes least."""
    return float(one["cpu_s"] + one["postgres_cpu_s"])


def _report(sizes: tuple[int, ...], found: list[dict[str, Measured]]) -> str:
    labels = {
        "all": "everything, the first time",
        "night": "everything, the night after",
        "tracker": f"after a sync of the tracker touched {SHARE:.0%}",
        "register": f"after {SHARE:.0%} of the register's rows changed",
        "idle": "nothing was touched",
    }
    rows = [
        (
            label,
            f"{size:,}",
            f"{one[what]['computed']:,}",
            f"{one[what]['snapshots']:,}",
            f"{one[what]['seconds']:,.2f}",
            f"{one[what]['seconds'] / one['all']['seconds']:.2%}",
            f"{one[what]['peak_mb']:,.0f}",
            f"{one[what]['cpu_s']:,.1f} / {one[what]['postgres_cpu_s']:,.1f}",
        )
        for what, label in labels.items()
        for size, one in zip(sizes, found, strict=True)
    ]
    head = (
        "consolidation", "projects", "computed", "snapshots", "seconds", "of everything", "peak MB",
        "processor s: ours / PostgreSQL",
    )  # fmt: skip
    kept = [
        (f"{size:,}", *(f"{one['growth'][name]:,.0f}" for name in (*GROWING, "database")))
        for size, one in zip(sizes, found, strict=True)
    ]
    read = [
        (
            f"{size:,}",
            f"{one['explain']['p50']:.1f}",
            f"{one['explain']['p99']:.1f}",
            f"{one['etag']['first_ms']:,.0f}",
            f"{one['etag']['server_ms'] * 1000:,.0f} / {one['etag']['postgres_ms'] * 1000:,.0f}",
            f"{one['etag']['p50'] * 1000:,.0f}",
        )
        for size, one in zip(sizes, found, strict=True)
    ]
    first, last = found[0]["all"], found[-1]["all"]
    grown = last["seconds"] / first["seconds"]
    worked = _worked(last) / _worked(first)
    said = (
        f"{ITEMS} work items a project. From {sizes[0]:,} to {sizes[-1]:,} projects ({sizes[-1] / sizes[0]:.3g} times)"
        f" the time of everything grows {grown:.1f} times, its processor time {worked:.1f} times, and the most memory"
        f" held from {first['peak_mb']:,.0f} to {last['peak_mb']:,.0f} MB."
    )
    read_head = (
        "projects", "explain p50 ms", "explain p99 ms", "whole status made, ms",
        "unchanged (304): µs of processor, server / PostgreSQL", "unchanged, p50 µs",
    )  # fmt: skip
    return "\n\n".join(
        (
            "## Consolidation", said, table(head, rows),
            "What a night adds to the database, in bytes a project:",
            table(("projects", *GROWING, "the database"), kept), table(read_head, read),
        )
    )  # fmt: skip
