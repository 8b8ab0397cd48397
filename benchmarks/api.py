"""The API: board page and status document at 1,000 projects and 200,000 work items, on loopback.

A real `muster serve` on the embedded PostgreSQL; the client is a process of its own. Rows are put in as
the path would leave them, twelve weeks of snapshots a project.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from api.signin.tokens import create_token
from benchmarks.client import Line, request
from benchmarks.common import ROOT, Measured, child, cpu_s, embedded, median, quantile, spread, table
from config.database import open_engine
from tests.support.portfolio_rows import seed

PATHS = {
    "/": "board page",
    "/api/v1/status": "`/api/v1/status`",
    "/api/v1/work-items?limit=100": "100 work items",
}
START_S = 60.0


@contextmanager
def serving(home: Path, url: str | None = None) -> Iterator[tuple[int, int]]:
    """Run `muster serve` on a home, or its database on a URL; gives its port and process id once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "MUSTER_DATABASE_URL"}
    environment["MUSTER_REQUESTS_PER_MINUTE"] = "0"  # one token asks as often as it is answered
    if url is not None:
        environment["MUSTER_DATABASE_URL"] = url
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment | {"MUSTER_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(port, process, home)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            line = Line(port)
            ready = line.ask(request("/readyz", {})).status == 200
            line.close()
        except ConnectionError:
            ready = False
        if ready:
            return
        time.sleep(0.1)
    raise SystemExit(f"muster serve did not come up:\n{(home / 'serve.log').read_text()}")


class Api:
    """One server under load."""

    def __init__(self, port: int, token: str, pids: tuple[int, int]) -> None:
        self._port = port
        self._auth = {"Authorization": f"Bearer {token}"}
        self._pids = pids  # muster serve, PostgreSQL

    def load(
        self, path: str, headers: dict[str, str], connections: int, requests: int, pause_s: float = 0.0
    ) -> Measured:
        """Ask for one path and say how long answers took, in milliseconds."""
        before = [cpu_s(pid) for pid in self._pids]
        lines = "\n".join(f"{name}: {value}" for name, value in {**self._auth, **headers}.items())
        found = child("benchmarks.client", self._port, path, connections, requests, pause_s, given=lines)
        spent = [cpu_s(pid) - was for pid, was in zip(self._pids, before, strict=True)]
        took = found.pop("took")
        expected = [304] if "If-None-Match" in headers else [200]
        if found["statuses"] != expected:
            raise SystemExit(f"{path} answered {found['statuses']}, not {expected}")
        return found | {
            "p50": quantile(took, 0.5) * 1000,
            "p99": quantile(took, 0.99) * 1000,
            "rate": len(took) / found["seconds"],
            "server_ms": spent[0] / (len(took) + connections) * 1000,
            "postgres_ms": spent[1] / (len(took) + connections) * 1000,
            "client_ms": found["cpu_s"] / (len(took) + connections) * 1000,
        }

    def tag(self, path: str, headers: dict[str, str]) -> str:
        """Return the ETag a path has now."""
        line = Line(self._port)
        answer = line.ask(request(path, {**self._auth, **headers}))
        line.close()
        return answer.headers["etag"]

    def first(self, engine: Engine, path: str, times: int) -> list[Measured]:
        """Ask after a change of the data, so that the answer has to be made."""
        found = []
        for _ in range(times):
            with engine.begin() as connection:
                connection.execute(
                    text("UPDATE source SET updated_at = clock_timestamp() WHERE position = 0")
                )
            line = Line(self._port)
            begin = time.perf_counter()
            line.ask(request(path, {**self._auth, "Accept-Encoding": "gzip"}))
            found.append({"ms": (time.perf_counter() - begin) * 1000})
            line.close()
        return found


def _ways(api: Api, path: str) -> dict[str, dict[str, str]]:
    packed = {"Accept-Encoding": "gzip"}
    return {
        "whole": {},
        "gzip": packed,
        "unchanged (If-None-Match, 304)": {**packed, "If-None-Match": api.tag(path, packed)},
    }


def _measure(api: Api, engine: Engine, requests: int, rounds: int) -> tuple[str, str]:
    rows, firsts = [], []
    for path, label in PATHS.items():
        firsts.append((label, spread(api.first(engine, path, 5), "ms", 0)))
        for way, headers in _ways(api, path).items():
            for connections in (1, 8):
                found = [
                    api.load(path, headers, connections, requests if connections == 1 else requests // 4)
                    for _ in range(rounds)
                ]
                rows.append(
                    (
                        f"{label}, {way}",
                        connections,
                        f"{found[0]['bytes'] / 1000:,.1f}",
                        spread(found, "p50", 1),
                        spread(found, "p99", 1),
                        f"{median(found, 'rate'):,.0f}",
                        " / ".join(
                            f"{median(found, name):.1f}" for name in ("server_ms", "postgres_ms", "client_ms")
                        ),
                    )
                )
                print(f"  {label}, {way}, {connections}: {rows[-1][3]} ms", file=sys.stderr, flush=True)
    head = (
        "answer", "connections", "kB", "p50 ms", "p99 ms", "requests/s",
        "processor ms a request: server / PostgreSQL / client",
    )  # fmt: skip
    return table(head, rows), table(("answer", "first time after the data changed, ms"), firsts)


def run(*, quick: bool, rounds: int) -> str:
    """Measure all of it and return the report."""
    projects, items, requests = (100, 5_000, 100) if quick else (1_000, 200_000, 400)
    with embedded() as server, server.database("muster") as url:
        engine = open_engine(url)
        seed(engine, projects=projects, work_items=items)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        token = create_token(engine, "bench")
        with serving(server.home) as (port, pid):
            api = Api(port, token, (pid, server.pid))
            answers, firsts = _measure(api, engine, requests, rounds)
        engine.dispose()
    said = (
        f"{projects:,} projects, {items:,} work items; `muster serve` (one process) and PostgreSQL {server.version} "
        f"on the client's machine; {requests} requests on one connection, {requests // 4} on each of eight; "
        f"rounds: {rounds} (medians, least–most)."
    )
    return f"## API\n\n{said}\n\n{answers}\n\n{firsts}"
