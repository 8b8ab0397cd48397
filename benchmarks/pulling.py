"""The product's path in a process of its own: one run of one source, as a worker carries it out.

`python -m benchmarks.pulling DATABASE_URL [OPTIONS]` prints one JSON line.
"""

import argparse
import gc
import json
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text

from benchmarks.fetching import AUTH
from benchmarks.memory import peak_mb
from config.database import open_engine
from config.document import Document, SourceBlock
from config.process import tune
from config.secrets import resolve
from connectors.base import Slice
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from sync.apply import apply
from sync.progress import Silent
from sync.registry import Opened, Opener, open_source, source_mapping, utc_now
from sync.run import execute_run, start_run

Measured = dict[str, Any]
SOURCE = "load"
TUNINGS = ("all", "collector", "interval", "none")
CREDENTIAL_AT = "MUSTER_BENCH_JIRA"  # a configuration holds references to secrets only


def tuned(which: str) -> None:
    """Tune this process as the product's processes are, or only in part, to compare."""
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    tune()
    if which in {"interval", "none"}:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
    if which in {"collector", "none"}:
        sys.setswitchinterval(interval)


class Watch(Silent):
    """Keeps when each stream began and when each page was stored."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}
        self.pages: dict[str, int] = {}

    def stream(self, source: str, stream: str, slices: Sequence[Slice]) -> None:
        """Note the beginning of a stream: its slices are listed, its pages are not yet asked for."""
        del source, slices
        self.began[stream] = time.perf_counter()

    def page(self, source: str, stream: str, slice_: str, records: int) -> None:
        """Count a stored page."""
        del source, slice_, records
        self.pages[stream] = self.pages.get(stream, 0) + 1


class Recording(httpx.HTTPTransport):
    """A transport that writes down what is asked."""

    def __init__(self, connections: int, authority: str | None = None) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        super().__init__(limits=limits, trust_env=False, verify=ssl.create_default_context(cafile=authority))
        self.asked: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Note the request and pass it on."""
        body = request.content.decode() or None
        with self._lock:
            path = request.url.raw_path.decode()
            self.asked.append({"method": request.method, "path": path, "body": body})
        return super().handle_request(request)


def recording(transport: httpx.BaseTransport) -> Opener:
    """Return what opens a Jira over a transport of ours."""

    def opener(block: SourceBlock, *, connections: int, clock: Callable[[], datetime]) -> Opened:
        config = JiraConfig.model_validate(resolve(block.options(), where=block.name))
        jira = Jira(config, source=block.name, transport=transport, connections=connections, clock=clock)
        return Opened(jira, source_mapping(block))

    return opener


def configure(engine: Engine, url: str, authority: str | None = None) -> None:
    """Apply the sandbox's Jira as the one source of the portfolio there is, or of a new one.

    `authority` signed the sandbox's certificate.
    """
    with engine.connect() as connection:
        there = connection.execute(text("SELECT key, name, currency FROM portfolio")).mappings().first()
    source: Measured = {
        "name": SOURCE,
        "kind": "jira",
        "base_url": url,
        "auth": {"type": "basic", "username": AUTH[0], "token": f"env:{CREDENTIAL_AT}"},
    }
    if authority:
        source["ca_bundle"] = authority
    document = Document.model_validate(
        {
            "apiVersion": "muster/v1",
            "portfolio": dict(there or {"key": "bench", "name": "Bench"}),
            "sources": [source],
        }
    )
    apply(engine, document, now=utc_now(), check=lambda _block: None)


def measured_run(
    engine: Engine,
    *,
    full: bool,
    connections: int,
    opener: Opener = open_source,
    others: Sequence[int] = (),
    inside: AbstractContextManager[Any] | None = None,
) -> Measured:
    """Carry out one run and say what it took.

    Args:
        engine: A configured store.
        full: Read everything, or what changed.
        connections: Requests at once.
        opener: What opens the source.
        others: Processes whose processor time during the run is told as well, in this order.
        inside: Entered around the run and nothing else.
    """
    run = start_run(engine, SOURCE, full=full, now=utc_now())
    assert run is not None
    watch = Watch()
    before = _cpu_s(others)
    busy = _busy()
    with inside or nullcontext():
        begin = time.perf_counter()
        state = execute_run(engine, run, connections=connections, progress=watch, opener=opener)
        end = time.perf_counter()
    found: Measured = {
        "state": state,
        "seconds": end - begin,
        "issues_s": end - watch.began.get("issues", end),
        "before_s": watch.began.get("issues", end) - begin,
        "pages": watch.pages.get("issues", 0),
        "cpu_s": _busy() - busy,
        "others_cpu_s": [now - was for now, was in zip(_cpu_s(others), before, strict=True)],
        "peak_mb": peak_mb(),
    }
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT run.requests, run.bytes_fetched AS bytes, run.error, s.stored AS records,"
                " s.unchanged FROM run LEFT JOIN run_stream s ON s.run_id = run.id AND s.stream = 'issues'"
                " WHERE run.id = :run"
            ),
            {"run": run},
        ).mappings().one()  # fmt: skip
        found |= dict(row)
        found["transitions"] = connection.scalar(text("SELECT count(*) FROM transition"))
    if state != "succeeded":
        raise SystemExit(f"the run ended {state}: {found['error']}")
    return found


def _cpu_s(others: Sequence[int]) -> list[float]:
    if not others:
        return []
    from benchmarks.common import cpu_s  # what looks at other processes is no part of what is measured

    return [cpu_s(pid) for pid in others]


def _busy() -> float:
    """Return the processor seconds of this process and of those it started that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main(argv: list[str] | None = None) -> None:
    """Run once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("--url", help="a sandbox Jira to configure first; else what is configured is run")
    parser.add_argument("--authority", help="PEM file of who signed the sandbox's certificate")
    parser.add_argument("--incremental", action="store_true")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--record", type=Path, help="where to write the requests made")
    parser.add_argument("--others", type=int, nargs="*", default=())
    parser.add_argument("--tuning", choices=TUNINGS, default="all", help="which of config/process.py")
    given = parser.parse_args(argv)
    tuned(given.tuning)
    os.environ[CREDENTIAL_AT] = AUTH[1]
    engine = open_engine(given.database)
    if given.url:
        configure(engine, given.url, given.authority)
    transport = Recording(given.connections, given.authority) if given.record else None
    opener = recording(transport) if transport else open_source
    found = measured_run(
        engine,
        full=not given.incremental,
        connections=given.connections,
        opener=opener,
        others=given.others,
    )
    if transport:
        given.record.write_text(json.dumps(transport.asked))
    engine.dispose()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
