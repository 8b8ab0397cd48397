"""Muster as people run it: commands and a server in processes of their own."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.shared import ROOT

_START_S = 60.0
_COMMAND_S = 300.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is up: where, and what it has printed so far."""

    url: str
    log: Path
    environment: Mapping[str, str]

    def sign_in_link(self) -> str:
        """Make a link as an officer would, for this server's address."""
        told = muster(self.environment, "token", "link").rsplit(maxsplit=1)[-1]
        return self.url + "/sign-in" + told.partition("/sign-in")[2]


def environment(home: Path, database_url: str) -> dict[str, str]:
    """Return the environment of a Muster that keeps everything in these two places."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    home.mkdir(parents=True, exist_ok=True)
    own = {
        "MUSTER_HOME": str(home),
        "MUSTER_DATABASE_URL": database_url,
        "MUSTER_ALLOW_ADDRESSES": "loopback",
    }
    return kept | own | {"COLUMNS": "200"}


def muster(given: Mapping[str, str], *arguments: str, seconds: float = _COMMAND_S) -> str:
    """Run a command to its end; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "api", *arguments], env=dict(given), cwd=ROOT, capture_output=True, text=True,
        timeout=seconds, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"muster {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@contextmanager
def serving(given: Mapping[str, str], log: Path, command: str = "serve") -> Iterator[Served]:
    """Run `muster serve`, or `up` with a worker in it, for the length of a block."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", command, "--port", str(_free_port())],
            env=dict(given), cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield Served(_address(process, log), log, given)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and process.poll() is None:
        told = re.search(r"Sign in, once, with (http://127\.0\.0\.1:\d+)/", log.read_text())
        if told and _answers(told[1]):
            return told[1]
        time.sleep(0.05)
    raise AssertionError(f"muster serve did not come up: {log.read_text()[-2000:]}")


def _answers(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
