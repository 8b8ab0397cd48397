"""Facts of the work itself: how many items were done in each past week, and how many remain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.facts_sql import CHOSEN

WEEKS: Final = 26  # of history, at most: what a team did earlier says little of what it does now
# The items that a project's work is counted by: those of its trackers that are no heads of others.
_ITEMS: Final = (
    " FROM scope s JOIN work_item w ON w.source_id = s.source_id AND w.scope_external_id = s.external_id"
    " WHERE s.deleted_at IS NULL AND s.project_id IS NOT NULL AND s.kind <> 'register_row'"
    f" AND {CHOSEN.format('s.project_id')} AND (w.deleted_at IS NULL OR w.deleted_at > :known_at)"
    " AND w.hub_type NOT IN ('initiative', 'epic', 'feature', 'milestone')"
    " AND w.status_category IS DISTINCT FROM 'dropped'"
)

_BEGAN: Final = "least(w.started_at, w.done_at)"  # at the calendar's ends a tracker means no instant by it

# Key and id of one item, through one aggregate; compared by bytes, which is quick.
_NAMED: Final = "(w.key || ' ' || w.id) COLLATE \"C\""


@dataclass(slots=True)
class Work:
    """Items left to do, since when work goes on, and of each week with any the items done and one of them.

    `unknown` are items of which nobody can say whether they are done.

    A week is named by its Monday; `weeks` holds only those in which something was done.
    """

    remaining: int
    began: date | None
    left: tuple[int, str] | None = None  # one of those that remain: id and key
    unknown: int = 0
    weeks: dict[date, tuple[int, int, str]] = field(default_factory=dict)

    def history(self, as_of: date) -> dict[date, int]:
        """Return the whole weeks that are over, half a year at most, those in which nothing was done included."""
        if self.began is None:
            return {}
        this = as_of - timedelta(days=as_of.weekday())
        if as_of.weekday() == 6:  # noqa: PLR2004  a Sunday ends its week
            this += timedelta(days=7)
        first = self.began - timedelta(days=self.began.weekday())
        if self.began.weekday():
            first += timedelta(days=7)  # the week in which work began was no whole one
        first = max(first, this - timedelta(days=7 * WEEKS))
        count = max(0, (this - first).days // 7)
        mondays = [first + timedelta(days=7 * place) for place in range(count)]
        return {monday: self.weeks[monday][0] if monday in self.weeks else 0 for monday in mondays}


def work_of(session: Session, bound: Mapping[str, Any], timezone: str) -> dict[UUID, Work]:
    """Return the work of every project with a tracker, as it stood at the end of the day.

    An item that was done only later still remained then; one whose work began is in hand since.
    """
    day: date = bound["as_of"]
    end = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(timezone))
    params = {**bound, "end": end, "zone": timezone, "first": end - timedelta(days=7 * (WEEKS + 1))}
    still = "(w.status_category IN ('todo', 'doing') OR w.done_at >= :end)"
    rows = session.execute(
        text(
            f"SELECT s.project_id, count(*) FILTER (WHERE {still}),"
            f" CAST(min({_BEGAN}) FILTER (WHERE {_BEGAN} BETWEEN '0001-01-03' AND '9999-12-29')"
            " AT TIME ZONE :zone AS date),"
            f" min({_NAMED}) FILTER (WHERE {still}),"
            f" count(*) FILTER (WHERE w.status_category IS NULL){_ITEMS}"
            " AND (w.created_at IS NULL OR w.created_at < :end) GROUP BY s.project_id"
        ),
        params,
    )
    found = {row[0]: Work(row[1], row[2], _item(row[3]), row[4]) for row in rows}
    rows = session.execute(
        text(
            "SELECT s.project_id, CAST(date_trunc('week', w.done_at AT TIME ZONE :zone) AS date), count(*),"
            f" max({_NAMED}){_ITEMS} AND w.status_category = 'done' AND w.done_at >= :first"
            " AND w.done_at < :end GROUP BY 1, 2"
        ),
        params,
    )
    for project_id, week, done, named in rows:
        item = _item(named)
        if project_id in found and item is not None:
            found[project_id].weeks[week] = (done, *item)
    return found


def _item(named: str | None) -> tuple[int, str] | None:
    """Return id and key of an item as statements name it."""
    if named is None:
        return None
    key, _, item = named.rpartition(" ")
    return int(item), key
