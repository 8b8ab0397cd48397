"""Real `muster` processes against the test's database, to be watched, killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.sandbox_sources import SECRETS
from tests.support.shared import ROOT

# Signs of life come quickly, so that a dead worker is noticed within a test's patience.
QUICK = {"MUSTER_WORKER_HEARTBEAT_S": "0.4", "MUSTER_WORKER_STALLED_S": "2.5"}


def environment(home: Path, database: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a `muster` process; without a database it has the embedded one of its home."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    own |= {
        **SECRETS,
        **QUICK,
        "MUSTER_HOME": str(home),
        "MUSTER_ALLOW_ADDRESSES": "loopback",
        "MUSTER_LOG_FORMAT": "plain",
        **(more or {}),
    }
    return own | ({"MUSTER_DATABASE_URL": database} if database else {})


def muster(*arguments: str, env: Mapping[str, str], log: Path | None = None) -> subprocess.Popen[str]:
    """Start `muster …`; its output goes to a file, or is kept for `communicate`."""
    sink = log.open("a") if log else subprocess.PIPE
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "api", *arguments],
            cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    finally:
        if log:
            sink.close()  # type: ignore[union-attr]


@contextmanager
def started(*arguments: str, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `muster …` for the length of a block."""
    process = muster(*arguments, env=env, log=log)
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[str], patience_s: float = 20.0) -> None:
    """End a process of ours: politely, then for good."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def until(condition: Callable[[], bool], *, within_s: float = 60.0, what: str) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {within_s:g} s")
        time.sleep(0.1)
