"""A source in memory: issues that can be edited between runs, pulled page by page as a tracker's are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Engine

from config.document import Document, SourceBlock
from connectors.base import (
    Absence,
    Census,
    Discovery,
    Fate,
    Finding,
    Json,
    Page,
    Part,
    RawRecord,
    Slice,
    Traffic,
)
from connectors.errors import ConnectorError, SliceUnreadable
from sync.apply import apply
from sync.mapping import parse_mapping
from sync.registry import Opened
from sync.run import execute_run, start_run

T0 = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def issue(number: int, *, project: str = "10000", minutes: int = 0, **fields: Any) -> Json:
    """One issue as Jira would give it, changed `minutes` after T0."""
    updated = (T0 + timedelta(minutes=minutes)).isoformat()
    return {
        "id": str(number),
        "key": f"APO-{number}",
        "fields": {
            "project": {"id": project, "key": "APO"},
            "summary": f"Issue {number}",
            "issuetype": {"name": "Story"},
            "status": {"id": "3", "name": "Doing", "statusCategory": {"key": "indeterminate"}},
            "updated": updated,
            "created": T0.isoformat(),
            **fields,
        },
        "transitions": [[f"{number}:0", T0.isoformat(), "Doing"]],
    }


MAPPING: Json = {
    "kind": "fake",
    "version": "1.0.0",
    "streams": {
        "issues": {
            "entity": "work_item",
            "attributes": {
                "key": "key",
                "scope_external_id": "fields.project.id",
                "type": "fields.issuetype.name",
                "hub_type": {"path": "fields.issuetype.name", "values": {"Story": "story"}},
                "title": "fields.summary",
                "status": "fields.status.name",
                "status_category": {
                    "path": "fields.status.statusCategory.key",
                    "values": {"new": "todo", "indeterminate": "doing", "done": "done"},
                },
                "points": "fields.points",
                "updated_at": "fields.updated",
                "created_at": "fields.created",
                "transitions": {"path": "transitions", "transform": "fake_transitions"},
            },
        }
    },
}


@dataclass(slots=True)
class FakeTracker:
    """What the source holds. `fail_after` pages it raises `failure`; `broken` slices cannot be read."""

    issues: dict[str, list[Json]] = field(default_factory=dict)  # slice -> issues
    page_size: int = 3
    fail_after: int | None = None
    failure: BaseException | None = None
    broken: dict[str, str] = field(default_factory=dict)
    pages_served: int = 0
    full_listing: bool = True
    said_extra: int | None = 0  # None: it gives no count
    counts: bool = False  # whether it takes a census, and fetches by id
    hidden: set[str] = field(default_factory=set)  # ids its search does not find, and its list of ids does
    withheld: set[str] = field(default_factory=set)  # ids it does not give when asked for them
    fates: dict[str, Absence] = field(default_factory=dict)
    mute: bool = False  # whether it does not say what became of records
    asked_fates: list[str] = field(default_factory=list)
    asked_ids: list[str] = field(default_factory=list)
    census_said: int | None = None
    scope: dict[str, str] | None = None  # what decides its scope there; None: it has no say
    controls: dict[str, Decimal] = field(default_factory=dict)
    poisoned: set[str] = field(default_factory=set)  # ids whose page cannot be taken apart
    positions: bool = True  # whether its pages carry a cursor
    unlisted: str | None = None  # why its slices cannot be listed
    shape: Discovery | None = None  # what a look at it sees; None: it cannot be looked at


class FakeStream:
    name = "issues"
    entity = "work_item"

    def __init__(self, tracker: FakeTracker, clock: Callable[[], datetime]) -> None:
        self.tracker = tracker
        self.clock = clock

    def slices(self) -> Sequence[Slice]:
        if self.tracker.unlisted is not None:
            raise SliceUnreadable(self.tracker.unlisted, source="fake", slice_=self.name)
        return [Slice(name, name, len(found)) for name, found in self.tracker.issues.items()]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        if slice_.name in self.tracker.broken:
            raise SliceUnreadable(self.tracker.broken[slice_.name], source="fake", slice_=slice_.name)
        start = (cursor or {}).get("position", 0)
        whole = cursor is None or cursor.get("whole", False)
        listed = [each for each in self.tracker.issues[slice_.name] if each["id"] not in self.tracker.hidden]
        found = listed[start:]
        for at in range(0, max(len(found), 1), self.tracker.page_size):
            if self.tracker.fail_after is not None and self.tracker.pages_served >= self.tracker.fail_after:
                raise self.tracker.failure or ConnectorError("it broke", source="fake")
            self.tracker.pages_served += 1
            chunk = found[at : at + self.tracker.page_size]
            last = at + self.tracker.page_size >= len(found)
            yield Page(
                stream=self.name,
                slice=slice_.name,
                parts=(Part("GET fake", orjson.dumps(chunk)),),
                fetched_at=self.clock(),
                cursor={"position": start + at + len(chunk), "whole": whole and not last}
                if self.tracker.positions
                else None,
                said=None if self.tracker.said_extra is None else len(chunk) + self.tracker.said_extra,
                controls=self.tracker.controls if last else {},
                complete=last and whole and self.tracker.full_listing,
                resumed=cursor is not None,
            )

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        found = orjson.loads(parts[0].body)
        if any(each["id"] in self.tracker.poisoned for each in found):
            raise KeyError("issues")
        for each in found:
            yield RawRecord(each["id"], each, each["key"], f"https://fake/{each['key']}", each.get("filter"))


class CountedStream(FakeStream):
    """A stream that lists its ids, knows what became of records, and fetches them by id."""

    def census(self, slice_: Slice) -> Census:
        if slice_.name in self.tracker.broken:
            raise SliceUnreadable(self.tracker.broken[slice_.name], source="fake", slice_=slice_.name)
        ids = frozenset(each["id"] for each in self.tracker.issues[slice_.name])
        return Census(ids, self.tracker.census_said)

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        if self.tracker.mute:
            raise SliceUnreadable("it does not answer", source="fake", slice_=slice_.name)
        self.tracker.asked_fates += external_ids
        there = {each["id"] for found in self.tracker.issues.values() for each in found}
        gone = [one for one in external_ids if one not in there]
        return {one: self.tracker.fates.get(one, Absence(Fate.DELETED, "404")) for one in gone}

    def retry(self, slice_: Slice, external_ids: Sequence[str]) -> Iterator[Page]:
        self.tracker.asked_ids += external_ids
        wanted = set(external_ids) - self.tracker.withheld
        found = [each for each in self.tracker.issues[slice_.name] if each["id"] in wanted]
        for each in found:
            parts = (Part(f"GET fake/{each['id']}", orjson.dumps([each])),)
            yield Page(self.name, slice_.name, parts, self.clock(), said=1)


class FakeConnector:
    source = "fake"

    def __init__(self, tracker: FakeTracker, clock: Callable[[], datetime]) -> None:
        self.traffic = Traffic()
        self.tracker = tracker
        self.clock = clock

    def check(self) -> Sequence[Finding]:
        return [Finding("account", ok=True, says="fine")]

    def discover(self) -> Discovery:
        return Discovery(semantics={"story_points": "points"})

    def streams(self, semantics: Mapping[str, str], fields: Sequence[str]) -> Sequence[FakeStream]:
        del semantics, fields
        kind = CountedStream if self.tracker.counts else FakeStream
        return [kind(self.tracker, self.clock)]

    def transforms(self) -> Mapping[str, Callable[[Any], Any]]:
        return {
            "fake_transitions": lambda rows: [
                (external_id, datetime.fromisoformat(at), None, None, "status", None, None, None, None, to)
                for external_id, at, to in rows
            ]
        }

    def close(self) -> None:
        """Nothing is open."""


class ScopedConnector(FakeConnector):
    """A connector whose tracker has a say in its scope."""

    def scope_fingerprint(self) -> Mapping[str, str]:
        assert self.tracker.scope is not None
        return self.tracker.scope


class WatchedConnector(FakeConnector):
    """One that can be looked at before it is read."""

    def look(self) -> Discovery:
        assert self.tracker.shape is not None
        return self.tracker.shape

    def discover(self) -> Discovery:
        return self.look()


def connector_of(tracker: FakeTracker, clock: Callable[[], datetime]) -> FakeConnector:
    if tracker.shape is not None:
        return WatchedConnector(tracker, clock)
    return (FakeConnector if tracker.scope is None else ScopedConnector)(tracker, clock)


def fake_opener(tracker: FakeTracker) -> Any:
    """Return what opens the fake source, with the mapping of its block over the fake's own."""

    def opener(block: SourceBlock, *, connections: int, clock: Callable[[], datetime]) -> Opened:
        del connections
        return Opened(
            connector_of(tracker, clock), parse_mapping(MAPPING, where="fake", overrides=block.mapping)
        )

    return opener


def configure(engine: Engine, *, name: str = "fake", **more: Any) -> None:
    """Apply a configuration whose one source is a Jira that is never called."""
    block = SourceBlock.model_validate(
        {
            "name": name,
            "kind": "fake",
            "base_url": "https://fake.example",
            "auth": {"type": "pat", "token": "env:FAKE"},
            "projects": ["*"],
            **more,
        }
    )
    document = Document.model_validate(
        {"apiVersion": "muster/v1", "portfolio": {"key": "main", "name": "Main"}, "sources": [block]}
    )
    apply(engine, document, now=T0, check=lambda _block: None)


def run_once(
    engine: Engine,
    tracker: FakeTracker,
    *,
    full: bool = False,
    at: datetime = T0,
    source: str = "fake",
    census: bool = False,
) -> tuple[int, str]:
    """Run the fake source once, with the fake's mapping; returns the run and its state."""
    run_id = start_run(engine, source, full=full, now=at, census=census)
    assert run_id is not None
    return run_id, carry_on(engine, tracker, run_id, at=at)


def carry_on(engine: Engine, tracker: FakeTracker, run_id: int, *, at: datetime = T0) -> str:
    """Execute a run that exists already."""
    return execute_run(engine, run_id, clock=lambda: at, opener=fake_opener(tracker))
