"""Where a slice of issues stands: what is known to be stored, and how far an unfinished walk came."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.base import Json
from connectors.jira.jql import epoch_ms

MOST_KNOWN: Final = 5000  # changes a cursor remembers; beyond that the oldest are read again
_SETTLED: Final = timedelta(minutes=1)  # two changes within a moment may carry one time: such are read again
_JITTER: Final = timedelta(minutes=1)  # two clocks that go apart by less than this agree


@dataclass(frozen=True, slots=True)
class Clocks:
    """What our clock and the server's showed at one moment. Either may be wrong, or put right later."""

    ours: datetime
    theirs: datetime

    def went_back(self, now: "Clocks") -> timedelta:
        """Say by how much the server's clock was put back against ours since."""
        lost = (now.ours - self.ours) - (now.theirs - self.theirs)
        return lost if lost > _JITTER else timedelta(0)

    def written(self) -> Json:
        """Write them into a cursor."""
        return {"ours": _iso(self.ours), "theirs": _iso(self.theirs)}


@dataclass(frozen=True, slots=True)
class Position:
    """Read a slice in walks: list the ids, fetch them in ascending order, remember the last one stored.

    `since` is the watermark that all earlier walks have reached (None: nothing was ever finished); `known`
    are the changes in the window before it that are stored, issue id -> `updated` in milliseconds, so that
    the window is listed again in each walk and fetched again only where it differs. `clocks` are of the
    beginning of the last finished walk, `repaired` is when the histories of all issues were last looked
    through, `statuses` the site's statuses then, id -> digest, `key` the project's key then.

    `began` and `after` belong to the walk under way: when it began, and the id up to which its issues are
    stored. `newest` is the latest change it has seen, `seen` what `known` will be (filled as pages are
    stored). A walk that was cut off goes on after `after`; what changed behind its back is in the next one,
    because the watermark never passes the beginning of a walk.
    """

    since: datetime | None = None
    began: Clocks | None = None
    after: int = 0
    newest: datetime | None = None
    known: Mapping[int, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    clocks: Clocks | None = None
    repaired: datetime | None = None
    statuses: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None

    @classmethod
    def of(cls, cursor: Json | None) -> "Position":
        """Read a stored cursor; None is the beginning."""
        stored = cursor or {}
        walk: dict[str, Any] = stored.get("walk") or {}
        return cls(
            since=_instant(stored.get("since")),
            began=_clocks(walk.get("began")),
            after=int(walk.get("after", 0)),
            newest=_instant(walk.get("newest")),
            known={int(one): int(at) for one, at in (stored.get("known") or {}).items()},
            clocks=_clocks(stored.get("clocks")),
            repaired=_instant(stored.get("repaired")),
            statuses=stored.get("statuses") or {},
            key=stored.get("key"),
        )

    @property
    def resumed(self) -> bool:
        """Whether a walk was cut off earlier."""
        return self.began is not None

    def reads_from(self, overlap: timedelta, now: Clocks) -> datetime | None:
        """Say from when on changes are asked for; None asks for everything.

        Never later than the server's own now, and farther back by as much as its clock was put back.
        """
        if self.since is None:
            return None
        back = timedelta(0) if self.clocks is None else self.clocks.went_back(now)
        return min(self.since, now.theirs) - overlap - back

    def begun(self, at: Clocks) -> "Position":
        """Begin a walk, unless one is under way."""
        return self if self.resumed else replace(self, began=at)

    def stored(self, after: int, changes: Mapping[int, datetime]) -> "Position":
        """Move on behind a page of issues, each with its last change."""
        newest = max((at for at in (self.newest, *changes.values()) if at is not None), default=None)
        settled = None if self.began is None else self.began.theirs - _SETTLED
        for one, at in changes.items():
            if settled is not None and at <= settled:
                self.seen[one] = epoch_ms(at)
        if len(self.seen) > 2 * MOST_KNOWN:
            kept = _latest(self.seen)
            self.seen.clear()
            self.seen.update(kept)
        return replace(self, after=after, newest=newest)

    def cursor(self) -> Json:
        """Write the cursor of a walk under way. `known` is left out: it would be written with every page."""
        walk = {
            "began": self.began and self.began.written(),
            "after": self.after,
            "newest": _iso(self.newest),
        }
        return {"since": _iso(self.since), "walk": walk, **self._rest()}

    def finished(self, overlap: timedelta) -> Json:
        """Write the cursor behind a finished walk: never later than its beginning, nor than what was seen."""
        seen = max((at for at in (self.newest, self.since) if at is not None), default=None)
        reached = seen if seen is None or self.began is None else min(seen, self.began.theirs)
        cursor: Json = {"since": _iso(reached), **self._rest()}
        if self.began is not None:
            cursor["clocks"] = self.began.written()
        if reached is not None:
            floor = epoch_ms(reached - overlap)
            kept = {one: at for one, at in {**self.known, **self.seen}.items() if at >= floor}
            cursor["known"] = {str(one): at for one, at in sorted(_latest(kept).items())}
        return cursor

    def _rest(self) -> Json:
        rest = {
            "clocks": self.clocks and self.clocks.written(),
            "repaired": _iso(self.repaired),
            "statuses": dict(self.statuses),
            "key": self.key,
        }
        return {name: value for name, value in rest.items() if value}


def _latest(changes: Mapping[int, int]) -> dict[int, int]:
    if len(changes) <= MOST_KNOWN:
        return dict(changes)
    return dict(sorted(changes.items(), key=lambda one: one[1])[-MOST_KNOWN:])


def _clocks(value: Any) -> Clocks | None:
    """Read both clocks; a cursor of an earlier version has the server's alone."""
    if isinstance(value, dict):
        ours, theirs = _instant(value.get("ours")), _instant(value.get("theirs"))
        return Clocks(ours, theirs) if ours and theirs else None
    at = _instant(value)
    return None if at is None else Clocks(at, at)


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")
