"""How fresh each source must be and is: overdue is said where people look, not only in a log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from config.document import span
from sync.slots import longest_gap

GRACE: Final = timedelta(hours=2)  # how long a nightly sync may take
DEFAULT: Final = timedelta(hours=26)  # a source without a schedule: a day and the same grace


@dataclass(frozen=True, slots=True)
class Freshness:
    """One source. `read_at` None means that it was never read to its end; `why` says where the span is from."""

    source: str
    within: timedelta
    why: str
    read_at: datetime | None
    overdue: bool

    @property
    def due_at(self) -> datetime | None:
        """Return when it becomes overdue; None where it was never read."""
        return None if self.read_at is None else self.read_at + self.within


def allowed(
    config: Mapping[str, Any], schedule: str | None, zone: str, now: datetime
) -> tuple[timedelta, str]:
    """Return how old what was read may be, and what says so."""
    if config.get("fresh_within"):
        return span(str(config["fresh_within"])), "fresh_within"
    if schedule is None:
        return DEFAULT, "no schedule"
    return _by_schedule(schedule, zone, now.date().isoformat()) + GRACE, "schedule"


@lru_cache(maxsize=256)
def _by_schedule(schedule: str, zone: str, day: str) -> timedelta:
    return longest_gap(schedule, zone, now=datetime.fromisoformat(f"{day}T00:00:00+00:00")) or DEFAULT


def freshness(connection: Connection | Session, *, now: datetime) -> dict[int, Freshness]:
    """Return every enabled source by id; one that was never read is overdue when its first slot is over."""
    rows = connection.execute(
        text(
            "SELECT s.id, s.name, s.config, s.schedule, s.created_at, (SELECT max(finished_at) FROM run"
            " WHERE source_id = s.id AND state IN ('succeeded', 'partial') AND NOT cut_short"
            " AND finished_at <= :now) AS read_at,"
            " (SELECT timezone FROM portfolio ORDER BY id LIMIT 1) AS zone FROM source s WHERE s.enabled"
        ),
        {"now": now},
    )
    found = {}
    for row in rows:
        within, why = allowed(row.config, row.schedule, row.zone or "UTC", now)
        since = row.read_at or row.created_at
        found[row.id] = Freshness(row.name, within, why, row.read_at, overdue=now - since > within)
    return found


def in_words(within: timedelta) -> str:
    """Write a span as people say it: 26 h, 3 days."""
    hours = within.total_seconds() / 3600
    if hours >= 48 and hours % 24 == 0:  # noqa: PLR2004  (below two days, hours are plainer)
        return f"{int(hours / 24)} days"
    return f"{hours:g} h"
