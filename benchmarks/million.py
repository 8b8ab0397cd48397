"""One large load: a million issues with changelog, then a second run with nothing changed.

The sandbox makes each issue when it is asked for and keeps 50,000 of them, so most of its time is spent on
making them, on the same machine: read Muster's own processor time, not only the clock.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

import httpx
import psutil
from sqlalchemy import Engine, text

from benchmarks.common import Measured, Server, cpu_s, embedded, table
from benchmarks.processes import measure
from benchmarks.watching import Memory
from config.database import open_engine
from tests.support.sandboxes import Sandbox, running

CONNECTIONS: Final = 8
MOST_MB: Final = 500
LARGEST: Final = 6  # tables listed


def run(*, quick: bool, rounds: int, issues: int | None = None) -> str:
    """Load once (however many rounds are asked for) and return the report."""
    del rounds
    wanted = issues or (20_000 if quick else 1_000_000)
    with (
        tempfile.TemporaryDirectory(prefix="muster-bench-") as name,
        embedded() as server,
        running("jira-cloud", issues=wanted) as box,
        server.database("load") as url,
    ):
        alone = psutil.Process(box.process.pid).memory_info().rss
        found = {}
        for label, options in (("first", ["--url", box.url]), ("again", ["--incremental"])):
            found[label] = _one(url, options, box, server, Path(name), label)
        truth = httpx.get(f"{box.url}/_sandbox/truth", timeout=300, trust_env=False).json()["total"]
        engine = open_engine(url)
        stored = _count(engine, "SELECT count(*) FROM work_item")
        sizes = _sizes(engine)
        changes = _count(engine, "SELECT count(*) FROM transition")
        engine.dispose()
    if stored != truth:
        raise SystemExit(f"{stored:,} issues are stored, the sandbox has {truth:,}")
    return _report(wanted, changes, found, sizes, alone)


def _one(url: str, options: list[str], box: Sandbox, server: Server, folder: Path, label: str) -> Measured:
    box.control("stats", method="DELETE")
    before = cpu_s(server.pid), cpu_s(box.process.pid)
    beside = Memory([box.process.pid])
    beside.start()
    command = [sys.executable, "-m", "benchmarks.pulling", url, "--connections", str(CONNECTIONS), *options]
    variables = {"PYTHONPATH": str(Path(__file__).parents[1])}
    found = measure([command], folder=folder, variables=variables, label=label)
    beside.stop()
    told = json.loads((folder / "output.txt").read_text().splitlines()[-1])
    stats = box.control("stats")
    found |= {
        "run_s": told["seconds"],
        "records": told["records"] or 0,
        "requests": stats["total"],
        "bytes": stats["bytes"],
        "postgres_cpu_s": cpu_s(server.pid) - before[0],
        "sandbox_cpu_s": cpu_s(box.process.pid) - before[1],
        "sandbox_mb": beside.peak_mb,
    }
    print(
        f"  {label}: {found['run_s']:.1f} s, {found['requests']} requests, {found['peak_mb']:.0f} MB",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return found


def _count(engine: Engine, sql: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())


def _sizes(engine: Engine) -> list[tuple[str, int]]:
    """Return the size of the database and of its largest tables with their indexes, in bytes."""
    sql = (
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = current_schema()::regnamespace ORDER BY 2 DESC LIMIT :most"
    )
    with engine.connect() as connection:
        whole = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        largest = connection.execute(text(sql), {"most": LARGEST}).all()
    return [("the database", whole), *((f"`{name}`", int(size)) for name, size in largest)]


def _report(
    issues: int, changes: int, found: dict[str, Measured], sizes: list[tuple[str, int]], alone: int
) -> str:
    first = found["first"]
    labels = {"first": "first run, everything stored", "again": "second run, nothing changed"}
    rows = [
        (
            label,
            f"{found[what]['run_s']:,.1f}",
            f"{found[what]['records'] / found[what]['run_s']:,.0f}",
            f"{found[what]['requests']:,}",
            f"{found[what]['bytes'] / 1e6:,.0f}",
            f"{found[what]['peak_mb']:,.0f}",
            " / ".join(f"{one:,.0f}" for one in found[what]["quarters_mb"]),
            " / ".join(f"{found[what][name]:,.1f}" for name in ("cpu_s", "postgres_cpu_s", "sandbox_cpu_s")),
        )
        for what, label in labels.items()
    ]
    head = (
        "run", "seconds", "records/s", "requests", "MB fetched", "peak MB, all our processes",
        "peak MB in each quarter of the time", "processor s: ours / PostgreSQL / sandbox",
    )  # fmt: skip
    said = (
        f"{issues:,} issues with {changes:,} changes; {CONNECTIONS} connections. At most {MOST_MB} MB besides "
        f"PostgreSQL are allowed: {'met' if first['peak_mb'] <= MOST_MB else 'not met'}. The sandbox beside it "
        f"held {alone / 1e6:,.0f} MB before and {first['sandbox_mb']:,.0f} MB at most, and took "
        f"{first['sandbox_cpu_s'] / issues * 1e6:,.0f} µs of processor time an issue to make it."
    )
    kept = table(
        ("what", "MB", "bytes an issue"), [(n, f"{s / 1e6:,.0f}", f"{s / issues:,.0f}") for n, s in sizes]
    )
    return f"## {issues:,} issues\n\n{said}\n\n{table(head, rows)}\n\n{kept}"
