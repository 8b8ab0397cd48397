"""What the organisation holds: projects, work items as dated revisions, links as dated events.

Nothing here knows HTTP. Everything is kept for its whole life; the clock decides what is visible, so
the same world can be read as it was on any day.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sandbox.ado.process import PROCESSES, Process

NEVER: Final = "9999-01-01T00:00:00Z"


@cache
def guid(*parts: object) -> str:
    """Return a GUID that is the same at every start."""
    return str(uuid5(NAMESPACE_URL, "ado/" + "/".join(map(str, parts))))


def stamp(at: datetime) -> str:
    """Write an instant as the server does: UTC, trailing zeros of the fraction left out."""
    whole = at.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{at.microsecond:06d}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def ms(at: datetime) -> int:
    """Return an instant in milliseconds of the epoch."""
    return int(at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Person:
    """One identity; a Server knows it by a domain account instead of an address."""

    name: str

    @property
    def mail(self) -> str:
        """Return the address that Services shows as the unique name."""
        return f"{self.name.lower().replace(' ', '.')}@contoso.example"

    @property
    def account(self) -> str:
        """Return the domain account that a Server shows as the unique name."""
        first, _, last = self.name.lower().partition(" ")
        return f"CONTOSO\\{first[:1]}{last.replace(' ', '')}"


@dataclass(slots=True)
class Iteration:
    """A node of the iteration tree; `path` is the one work items carry. Dates may be missing."""

    id: int
    name: str
    path: str
    start: date | None = None
    finish: date | None = None
    children: list["Iteration"] = field(default_factory=list)

    def walk(self) -> Iterator["Iteration"]:
        """Yield this node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class Project:
    """A team project with its process, its one team, and its two trees."""

    name: str
    process_name: str
    description: str
    root: Iteration
    areas: tuple[str, ...]
    area_ids: dict[str, int]
    updated: datetime
    former: tuple[str, ...] = ()  # names it had, the first one first
    changed: Process | None = None  # its process, once somebody has changed it
    deleted: bool = False  # may still be brought back
    hidden: bool = False  # the caller is no longer a reader of it

    @property
    def id(self) -> str:
        """Return the GUID, which stays when the name changes."""
        return guid("project", [*self.former, self.name][0])

    @property
    def team(self) -> str:
        """Return the default team's name."""
        return f"{self.name} Team"

    @property
    def process(self) -> Process:
        """Return the process."""
        return self.changed or PROCESSES[self.process_name]

    def change(self, **parts: Any) -> None:
        """Change the process of this project alone, as an inherited one can be."""
        self.changed = replace(self.process, **parts)


@dataclass(slots=True)
class Revision:
    """One revision with all its fields; identities are Person objects, dates already text.

    `mark` is its place in the order of commits, which a clock that is put right doesn't change; for
    what the story wrote it is the instant in milliseconds.
    """

    at: datetime
    by: Person
    fields: dict[str, Any]
    rev: int
    mark: int = 0

    def __post_init__(self) -> None:
        self.mark = self.mark or ms(self.at)


@dataclass(slots=True)
class Comment:
    """A remark in the discussion."""

    at: datetime
    by: Person
    text: str


@dataclass(slots=True)
class Item:
    """A work item's whole life. `destroyed` is when it was deleted for good."""

    id: int
    revisions: list[Revision]
    comments: list[Comment] = field(default_factory=list)
    destroyed: datetime | None = None
    markdown: tuple[str, ...] = ()  # rich fields that are kept in Markdown


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """A link made or cut: `rel` without direction, from source to target (parent to child).

    `cut_with` is the item whose deletion cut it.
    """

    at: datetime
    rel: str
    source: int
    target: int
    active: bool
    by: Person
    cut_with: int | None = None


@dataclass(slots=True)
class World:
    """The organisation at `now`. `version` changes with every edit and every turn of the clock."""

    projects: list[Project]
    items: dict[int, Item]
    links: list[LinkEvent]
    clock: date
    edits: int = 0
    version: int = 0
    skew: timedelta = timedelta()  # by how much the server's own clock is wrong
    hidden_areas: set[str] = field(default_factory=set)  # the caller may not see items there
    poison: dict[str, set[int]] = field(default_factory=dict)  # call -> items that break it
    batch: int = 1000  # revisions in an answer of the feed
    queries: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # id -> project, name, WIQL
    _feed: list[tuple[int, int, int]] = field(default_factory=list)
    _seen: list[tuple[int, int, int]] = field(default_factory=list)
    _latest: dict[int, Revision] = field(default_factory=dict)
    _by_item: dict[int, list[LinkEvent]] = field(default_factory=dict)
    _sorted: int = -1
    _cut: int = -1
    _names: tuple[int, frozenset[str]] = (-1, frozenset())

    @property
    def now(self) -> datetime:
        """Return the instant: midnight of the clock's day, a second later for each edit made."""
        return datetime.combine(self.clock, time(), UTC) + timedelta(seconds=self.edits)

    @property
    def stated(self) -> datetime:
        """Return the instant by the server's clock, which may be wrong."""
        return self.now + self.skew

    def readable(self, fields: dict[str, Any]) -> bool:
        """Say whether the caller may see an item that has these fields."""
        if self._names[0] != self.version:
            self._names = (self.version, frozenset(project.name for project in self.shown()))
        under = f"{fields['System.AreaPath']}\\"
        hidden = any(under.startswith(f"{area}\\") for area in self.hidden_areas)
        return not hidden and fields["System.TeamProject"] in self._names[1]

    def poisoned(self, call: str, ids: Iterable[int]) -> bool:
        """Say whether one of these items breaks a call: batch, updates or feed."""
        return not self.poison.get(call, set()).isdisjoint(ids)

    def turn(self, clock: date) -> None:
        """Set the clock; edits stay where they were made."""
        self.clock = clock
        self.version += 1

    def project(self, key: str) -> Project | None:
        """Find a project that the caller may see, by name (any case) or GUID."""
        wanted = key.lower()
        return next((p for p in self.shown() if wanted in {p.name.lower(), p.id}), None)

    def shown(self) -> list[Project]:
        """Return the projects that are there, for this caller."""
        return [p for p in self.projects if not p.deleted and not p.hidden]

    def current(self, item_id: int, at: datetime | None = None) -> Revision | None:
        """Return the latest revision at an instant (now, if none is given); None before its birth."""
        item = self.items.get(item_id)
        when = at or self.now
        if item is None or (item.destroyed is not None and item.destroyed <= self.now):
            return None
        if at is None:
            mark = ms(when)
            return next((r for r in reversed(item.revisions) if r.mark <= mark), None)
        return next((r for r in reversed(item.revisions) if r.at <= when), None)

    def revisions(self, item_id: int) -> list[Revision]:
        """Return the visible revisions, oldest first."""
        if self.current(item_id) is None:
            return []
        return [r for r in self.items[item_id].revisions if r.mark <= ms(self.now)]

    def dated(self, item_id: int, revision: Revision) -> dict[str, Any]:
        """Return a revision's fields; nothing is known yet of what follows the newest."""
        newest = self.current(item_id)
        if newest is not None and newest.rev == revision.rev:
            return {**revision.fields, "System.RevisedDate": NEVER}
        return revision.fields

    def live(self, at: datetime | None = None) -> Iterator[tuple[int, Revision]]:
        """Yield every item that the caller may see and that is neither unborn nor deleted, by id."""
        for item_id in self.items:
            found = self.current(item_id, at)
            if found is None or found.fields.get("System.IsDeleted"):
                continue
            if self.readable(found.fields):
                yield item_id, found

    def feed(self) -> list[tuple[int, int, int]]:
        """Return every visible (instant in ms, item, revision number), in the order of the reporting feed."""
        self._index()
        return self._seen

    def latest(self) -> dict[int, Revision]:
        """Return every item's current revision, deleted ones included."""
        self._index()
        return self._latest

    def visible_links(self) -> list[LinkEvent]:
        """Return every link event up to now, in order."""
        self._index()
        return [event for event in self.links if event.at <= self.now]

    def links_of(self, item_id: int) -> list[LinkEvent]:
        """Return the links that an item has now, from either end."""
        self._index()
        held: dict[tuple[str, int, int], LinkEvent] = {}
        for event in self._by_item.get(item_id, ()):
            if event.at <= self.now:
                held[event.rel, event.source, event.target] = event
        return [
            event for event in held.values()
            if event.active and all(self._alive(end) for end in (event.source, event.target))
        ]  # fmt: skip

    def _alive(self, item_id: int) -> bool:
        found = self.current(item_id)
        return found is not None and not found.fields.get("System.IsDeleted")

    def _index(self) -> None:
        """Put the feed and the links in order once for each edit, and cut them once for each turn."""
        if self._sorted != self.edits:
            self._feed = sorted(
                (r.mark, item.id, r.rev) for item in self.items.values() for r in item.revisions
            )
            self.links.sort(key=lambda event: (event.at, event.source, event.target))
            self._by_item = {}
            for event in self.links:
                self._by_item.setdefault(event.source, []).append(event)
                self._by_item.setdefault(event.target, []).append(event)
            self._sorted = self.edits
            self._cut = -1
        if self._cut != self.version:
            self._seen = self._feed[: bisect_right(self._feed, (ms(self.now), 1 << 62, 0))]
            found = {item_id: self.current(item_id) for item_id in self.items}
            self._latest = {item_id: revision for item_id, revision in found.items() if revision}
            self._cut = self.version
