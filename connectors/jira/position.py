"""Where a slice of issues stands: what is known to be stored, and how far an unfinished walk came."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Json


@dataclass(frozen=True, slots=True)
class Position:
    """Read a slice in walks: list the ids, fetch them in ascending order, remember the last one stored.

    `since` is the watermark that all earlier walks have reached (None: nothing was ever finished).
    `began` and `after` belong to the walk under way: when it began by the server's clock, and the id up to
    which its issues are stored. `newest` is the latest change it has seen. A walk that was cut off goes on
    after `after`; what changed behind its back is in the next one, because the watermark never passes the
    beginning of a walk.
    """

    since: datetime | None = None
    began: datetime | None = None
    after: int = 0
    newest: datetime | None = None

    @classmethod
    def of(cls, cursor: Json | None) -> "Position":
        """Read a stored cursor; None is the beginning."""
        walk: dict[str, Any] = (cursor or {}).get("walk") or {}
        return cls(
            since=_instant((cursor or {}).get("since")),
            began=_instant(walk.get("began")),
            after=int(walk.get("after", 0)),
            newest=_instant(walk.get("newest")),
        )

    @property
    def resumed(self) -> bool:
        """Whether a walk was cut off earlier."""
        return self.began is not None

    def reads_from(self, overlap: timedelta) -> datetime | None:
        """Say from when on changes are asked for; None asks for everything."""
        return None if self.since is None else self.since - overlap

    def begun(self, at: datetime) -> "Position":
        """Begin a walk, unless one is under way."""
        return self if self.resumed else replace(self, began=at)

    def stored(self, after: int, newest: datetime | None) -> "Position":
        """Move on behind a page."""
        latest = max(filter(None, (self.newest, newest)), default=None)
        return replace(self, after=after, newest=latest)

    def cursor(self) -> Json:
        """Write the cursor of a walk under way."""
        walk = {"began": _iso(self.began), "after": self.after, "newest": _iso(self.newest)}
        return {"since": _iso(self.since), "walk": walk}

    def finished(self) -> Json:
        """Write the cursor behind a finished walk: never later than its beginning, nor than what was seen."""
        seen = [at for at in (self.newest, self.began) if at is not None]
        reached = min(seen) if self.newest is not None else self.since
        if reached is not None and self.since is not None:
            reached = max(reached, self.since)
        return {"since": _iso(reached)}


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")
