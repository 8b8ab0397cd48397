"""Sandbox trackers as processes of their own, started and stopped by tests."""

import atexit
import json
import select
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.shared import ROOT

START_S: Final = 60.0
# For sandboxes without TLS: loading the system's certificates would take longer than the call.
PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(slots=True)
class Sandbox:
    """A running sandbox: `info` is its ready line."""

    url: str
    info: dict[str, Any]
    process: subprocess.Popen[bytes]
    client: httpx.Client | None = None  # of the control endpoints; made when first needed

    def control(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """Call `/_sandbox/{path}`: POST with a body, GET without, or as told."""
        answer = self._client().request(
            method or ("GET" if body is None else "POST"), f"{self.url}/_sandbox/{path}", json=body
        )
        if answer.is_error:
            raise AssertionError(f"/_sandbox/{path}: {answer.status_code} {answer.text}")
        return answer.json()

    def calm(self) -> None:
        """Take back every fault and delay, and forget the statistics."""
        self.control("faults", method="DELETE")
        self.control("latency", {"ms": 0})
        self.control("stats", method="DELETE")

    def _client(self) -> httpx.Client:
        if self.client is None:
            bundle = self.info.get("ca_bundle")
            verify = ssl.create_default_context(cafile=bundle) if bundle else PLAIN
            self.client = httpx.Client(trust_env=False, verify=verify, timeout=30)
        return self.client

    def stop(self) -> None:
        """End the process, as whoever started it would: by closing its stdin."""
        if self.client:
            self.client.close()
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def start(
    name: str,
    *,
    anchor: date | None = None,
    clock: date | None = None,
    seed: int | None = None,
    issues: int | None = None,
    recorded: Path | None = None,
    latency_ms: int | None = None,
    port: int = 0,
    tls: Path | None = None,
) -> Sandbox:
    """Start `python -m sandbox` and wait for its ready line."""
    command = [sys.executable, "-m", "sandbox", name, "--port", str(port)]
    for option, value in (
        ("--anchor", anchor),
        ("--clock", clock),
        ("--seed", seed),
        ("--issues", issues),
        ("--recorded", recorded),
        ("--latency-ms", latency_ms),
        ("--tls", tls),
    ):
        if value is not None:
            command += [option, str(value)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_S)
    line = process.stdout.readline() if ready else b""
    if not line:
        process.kill()
        raise AssertionError(f"the {name} sandbox did not come up within {START_S:g} s")
    info = json.loads(line)
    return Sandbox(info["url"], info, process)


@contextmanager
def running(name: str, **options: Any) -> Iterator[Sandbox]:
    """Run a sandbox for the length of a block; options as of `start`."""
    sandbox = start(name, **options)
    try:
        yield sandbox
    finally:
        sandbox.stop()


_kept: dict[tuple[Any, ...], Sandbox] = {}


def kept(name: str, **options: Any) -> Sandbox:
    """Return a sandbox shared by all tests of this process that ask for the same one, without faults.

    For tests that only read: edits and a turned clock would be seen by the others.
    """
    key = (name, *sorted(options.items()))
    sandbox = _kept.get(key)
    if sandbox is None or sandbox.process.poll() is not None:
        if not _kept:
            atexit.register(_stop_all)
        sandbox = _kept[key] = start(name, **options)
    sandbox.calm()
    return sandbox


def _stop_all() -> None:
    for sandbox in _kept.values():
        sandbox.stop()
