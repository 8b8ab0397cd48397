"""What the benchmarks share: processes of their own, processor time, databases, tables."""

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.watching import Memory
from config.database import embedded_url, open_engine

ROOT = Path(__file__).parents[1]
CHILD_S = 900.0  # a measuring process that takes longer is broken
Measured = dict[str, Any]


def machine() -> str:
    """Say in one line what was measured on, and when."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = psutil.virtual_memory().total / 2**30
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores ({model}), {memory:.0f} GB, "
        f"{platform.system()} {platform.machine()}; Python {platform.python_version()}, httpx "
        f"{version('httpx')}; load average before: {load}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def cpu_s(pid: int) -> float:
    """Return the processor seconds a process and those it started have used, ended ones included."""
    root = psutil.Process(pid)
    spent = 0.0
    for one in (root, *root.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:  # ended meanwhile; its parent counts it
            continue
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


def child(module: str, *arguments: object, given: str = "") -> Measured:
    """Run `python -m module` as a process of its own, with `given` as its input; return the JSON it prints last.

    A `peak_mb` in it becomes that of the process and of all it started together.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        watch = Memory([process.pid])
        watch.start()
        try:
            said, _ = process.communicate(given, CHILD_S)
        finally:
            process.kill()  # nothing, where it has ended
            watch.stop()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} ended with {process.returncode}:\n{said}")
    found: Measured = json.loads(said.splitlines()[-1])
    if "peak_mb" in found:  # its own high-water mark; with the processes it started it may be more
        found["peak_mb"] = max(found["peak_mb"], watch.peak_mb)
    return found


class Server:
    """The embedded PostgreSQL, as the product starts it, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._admin_url = embedded_url(home / "postgres", "postgres")
        engine = create_engine(self._admin_url)
        with engine.connect() as connection:
            self.version = str(connection.scalar(text("SHOW server_version")))
        engine.dispose()

    @property
    def pid(self) -> int:
        """The process all others of the server come from."""
        return int(_lines(str(self.home / "postgres" / "postmaster.pid"))[0])

    def stop(self) -> None:
        """Stop the server at once, before its folder goes."""
        process = psutil.Process(self.pid)
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        process.wait(30)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Give the URL of a fresh migrated database, dropped afterwards."""
        from model.migrations import migrate  # only here: measured processes that import this migrate nothing

        url = embedded_url(self.home / "postgres", name)
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        yield url
        admin = create_engine(make_url(self._admin_url), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def embedded() -> Iterator[Server]:
    """Run a PostgreSQL in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def median(rounds: Sequence[Mapping[str, Any]], name: str) -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median(float(one[name]) for one in rounds)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the sorted values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; all columns but the first are right-aligned."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---", *["--:"] * (len(head) - 1)]) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def spread(rounds: Sequence[Mapping[str, Any]], name: str, digits: int = 2) -> str:
    """Return a median with the least and the most seen, as `1.50 (1.40–1.90)`."""
    values = [float(one[name]) for one in rounds]
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
