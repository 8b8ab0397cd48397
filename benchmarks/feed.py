"""The OData feed against SAP CAP on the same rows: pages, counts, expansions, groups, whole extractions.

Server and database share one core, the client has the other. Every address is asked for once, so that no
answer is one kept from before ("new"); our feed, which keeps answers while the data stay as they are, is
then asked for the same addresses again ("again"). CAP keeps nothing.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from sqlalchemy import Engine, text

from api.signin.tokens import create_token
from benchmarks import feed_cap
from benchmarks.api import serving
from benchmarks.common import Measured, Server, child, cpu_s, embedded, quantile
from benchmarks.feed_report import Found, Sides, report
from benchmarks.feed_rows import COLUMNS, fill
from config.database import open_engine

_MS: Final = 1000
INDEXED: Final = ", indexes by hand"
_START: Final = datetime(2026, 6, 1, tzinfo=UTC)
_SELECT: Final = f"$select={','.join(COLUMNS)}"
Address = Callable[[int], str]


def _where(number: int) -> str:
    return f"StatusCategory eq 'doing' and Points ge 3 and CreatedAt ge {_moment(number)}"


def _moment(number: int) -> str:
    return f"{_START + timedelta(seconds=977 * number):%Y-%m-%dT%H:%M:%SZ}"


def _page(number: int) -> str:
    return _sorted(number, "")


def _sorted(number: int, expand: str) -> str:
    return f"WorkItems?{_SELECT}{expand}&$filter={quote(_where(number))}&$orderby=ChangedAt%20desc&$top=100"


def _expanded(number: int) -> str:
    return _sorted(number, "&$expand=Project($select=ProjectId,ProjectKey,ProjectName)")


def _count(number: int) -> str:
    return f"WorkItems/$count?$filter={quote(_where(number))}"


def _grouped(number: int) -> str:
    return _apply(number, "StatusCategory,CommonType")


def _grouped_by_other(number: int) -> str:
    return _apply(number, "StatusCategory,Priority")


def _apply(number: int, keys: str) -> str:
    asked = (
        f"filter(CreatedAt ge {_moment(number)})/groupby(({keys}),"
        "aggregate($count as Items,Points with sum as Size,RemainingHours with average as Mean))"
    )
    return f"WorkItems?$apply={quote(asked)}"


ASKED: Final[dict[str, tuple[Address, int]]] = {
    "page of 100, filtered and sorted": (_page, 1),
    "page of 100, filtered and sorted, 8 connections": (_page, 8),
    "`/$count` with a filter": (_count, 1),
    "page of 100 with `$expand`": (_expanded, 1),
    "`$apply` groupby, three aggregates": (_grouped, 1),
    "the same by a column that no index of ours has": (_grouped_by_other, 1),
}
PAGES: Final = (1_000, 10_000)


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, to one core; where there is only one, to that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    cores = sorted(before)
    os.sched_setaffinity(0, {cores[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Peer:
    """One server under measurement: where it answers, and the processes that work for it."""

    port: int
    root: str
    headers: dict[str, str]
    pids: tuple[int, ...]
    set_by_page: dict[int, str]

    def _measured(self, given: dict[str, Any]) -> Measured:
        before = [cpu_s(pid) for pid in self.pids]
        with on_core(1):
            found = child(
                "benchmarks.feed_client",
                given=json.dumps({"port": self.port, "headers": self.headers} | given),
            )
        found["cpu_s"] = sum(cpu_s(pid) - was for pid, was in zip(self.pids, before, strict=True))
        if found["statuses"] != [200]:
            raise SystemExit(
                f"{given['paths'][0]} answered {found['statuses']}: {found.get('first', '')[:500]}"
            )
        return found

    def ask(self, address: Address, connections: int, numbers: range) -> Measured:
        """Ask for addresses of one kind, each once."""
        paths = [self.root + address(number) for number in (numbers.start - 1, *numbers)]
        found = self._measured({"kind": "ask", "paths": paths, "connections": connections})
        took = found.pop("took")
        return found | {
            "p50": quantile(took, 0.5) * _MS,
            "p99": quantile(took, 0.99) * _MS,
            "rate": len(took) / found["seconds"],
            "cpu_ms": found["cpu_s"] / (len(took) + connections) * _MS,
        }

    def extract(self, page: int, *, packed: bool = False) -> Measured:
        """Take all rows, page by page."""
        headers = self.headers | {"Prefer": f"odata.maxpagesize={page}"}
        if packed:
            headers |= {"Accept-Encoding": "gzip"}
        path = f"{self.root}{self.set_by_page[page]}?{_SELECT}"
        return self._measured({"kind": "extract", "paths": [path], "headers": headers})


def _same(ours: str, theirs: str, asked: str) -> None:
    """Hold one answer against the other's.

    Raises:
        SystemExit: They differ in more than the way a value is written.
    """
    mine, its = (_rows(each) for each in (ours, theirs))
    if "$apply" in asked or "the same by" in asked:
        mine, its = (sorted(each, key=lambda row: str(sorted(row.items()))) for each in (mine, its))
    if mine != its:
        raise SystemExit(f"{asked}: the answers differ:\n{str(mine)[:600]}\n{str(its)[:600]}")


def _rows(body: str) -> Any:
    found = orjson.loads(body)
    if not isinstance(found, dict):
        return found
    return [_plain(row) for row in found["value"]]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if "@" not in name}
    if isinstance(value, float | int) and not isinstance(value, bool):
        return round(float(value), 6)
    if isinstance(value, str):
        return value.replace(".000Z", "Z")
    return value


def _measure(name: str, peer: Peer, requests: int, rounds: int, *, again: bool) -> dict[str, list[Measured]]:
    found: dict[str, list[Measured]] = {}
    for _round in range(rounds):
        for asked, (address, connections) in ASKED.items():
            # Each round and each kind has numbers of its own: no address is asked for twice.
            start = 1 + (_round * len(ASKED) + list(ASKED).index(asked)) * (requests + 2)
            for way in ("new", "again") if again else ("new",):
                one = peer.ask(address, connections, range(start, start + requests))
                found.setdefault(f"{asked}|{way}", []).append(one)
                print(
                    f"  {name}, {asked}, {way}: {one['p50']:.2f} ms, cpu {one['cpu_ms']:.2f}", file=sys.stderr
                )
    return found


def _extractions(peer: Peer, rounds: int, touch: Callable[[], None] | None) -> dict[str, list[Measured]]:
    found: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for page in PAGES:
            if touch is None:
                found.setdefault(f"{page}|new", []).append(peer.extract(page))
                continue
            touch()
            found.setdefault(f"{page}|new", []).append(peer.extract(page))
            found.setdefault(f"{page}|again", []).append(peer.extract(page))
            touch()
            found.setdefault(f"{page}|new, gzip", []).append(peer.extract(page, packed=True))
            found.setdefault(f"{page}|again, gzip", []).append(peer.extract(page, packed=True))
    return found


def _ours(server: Server, engine: Engine, url: str, requests: int, rounds: int) -> tuple[Found, Found]:
    token = create_token(engine, "bench")

    def touch() -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE source SET updated_at = clock_timestamp() WHERE position = 0"))

    with on_core(0), serving(server.home, url) as (port, pid):
        headers = {"Authorization": f"Bearer {token}"}
        sets = dict.fromkeys(PAGES, "WorkItems")
        peer = Peer(port, "/odata/v1/", headers, (pid, server.pid), sets)
        return _measure("Muster", peer, requests, rounds, again=True), _extractions(peer, rounds, touch)


def _theirs(
    name: str, database: dict[str, Any], home: Path, pids: tuple[int, ...], requests: int, rounds: int
) -> tuple[Found, Found]:
    indexes = name.endswith(INDEXED)
    with on_core(0), feed_cap.serving(database, home, indexes=indexes) as (port, pid):
        sets = {1_000: "WorkItems", 10_000: "WorkItemsBy10000"}
        peer = Peer(port, feed_cap.PATH, {}, (pid, *pids), sets)
        return _measure(name, peer, requests, rounds, again=False), _extractions(peer, rounds, None)


def _checked(ours: Found, theirs: dict[str, tuple[Found, Found]], extracted: Found, items: int) -> None:
    """Look that all gave the same: the first answer of each kind, and every row of an extraction.

    Raises:
        SystemExit: They did not.
    """
    for name, (answers, whole) in theirs.items():
        for asked in ASKED:
            key = f"{asked}|new"
            _same(ours[key][0]["first"], answers[key][0]["first"], f"{asked}, {name}")
        for key, rounds in [*extracted.items(), *whole.items()]:
            if any(one["rows"] != items for one in rounds):
                raise SystemExit(f"{name}, {key}: {[one['rows'] for one in rounds]} rows, not {items}")


def run(*, quick: bool, rounds: int) -> str:
    """Measure all of it and return the report."""
    projects, items, requests = (50, 5_000, 20) if quick else (1_000, 100_000, 200)
    versions = feed_cap.install()
    with on_core(0):  # the database's processes stay where their first one began
        started = ExitStack()
        server = started.enter_context(embedded())
    with started, server.database("muster") as url, server.database("cap") as other:
        engine = open_engine(url)
        fill(engine, projects=projects, items=items)
        feed_cap.fill(engine)
        ours = _ours(server, engine, url, requests, rounds)
        engine.dispose()
        on_disk = feed_cap.on_sqlite(str(server.home / "cap.sqlite"))
        peers: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
            "CAP, SQLite in memory": (feed_cap.on_sqlite(), ()),
            f"CAP, SQLite in memory{INDEXED}": (feed_cap.on_sqlite(), ()),
            f"CAP, SQLite on disk{INDEXED}": (on_disk, ()),
            f"CAP, PostgreSQL{INDEXED}": (feed_cap.on_postgres(other), (server.pid,)),
        }
        theirs = {
            name: _theirs(name, database, server.home, pids, requests, rounds)
            for name, (database, pids) in peers.items()
        }
    _checked(ours[0], theirs, ours[1], items)
    said = (
        f"{items:,} work items × {len(COLUMNS)} columns; `muster serve` (one process) with PostgreSQL {server.version} "
        f"on one core, the client on the other; {versions}. {requests} addresses of each kind, none asked twice (new), "
        f"then the same once more (again); rounds: {rounds} (medians, least–most). The answers of all were compared "
        "and are the same. CAP asks nobody to sign in; Muster checks a token each time."
    )
    return f"## Feed\n\n{said}\n\n{report(Sides(ours, theirs), ASKED, PAGES)}"
