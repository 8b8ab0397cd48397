"""Facts of behaviour: the colours a project had at the end of each of the last weeks, enough for twelve periods."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.facts_sql import CHOSEN

PERIODS: Final = 12  # looked back upon, the running one not among them
WEEKS_OF_MONTHS: Final = 53  # that twelve months and the days of the running one have


@dataclass(frozen=True, slots=True)
class Period:
    """A week by its Monday, with the colours as they stood in its last snapshot."""

    week: date
    overall: str
    reported: str | None


def periods_of(session: Session, bound: Mapping[str, Any]) -> dict[UUID, list[Period]]:
    """Return each project's past weeks, the oldest first; one without a snapshot is left out."""
    day: date = bound["as_of"]
    monday = day - timedelta(days=day.weekday())
    weeks = [monday - timedelta(days=7 * back) for back in range(bound["weeks_back"], 0, -1)]
    rows = session.execute(
        text(
            "SELECT p.id, w.monday, s.overall, s.reported FROM project p"
            " CROSS JOIN unnest(CAST(:weeks AS date[])) AS w(monday) CROSS JOIN LATERAL"
            " (SELECT t.overall, t.reported FROM snapshot t WHERE t.project_id = p.id AND t.as_of >= w.monday"
            " AND t.as_of < w.monday + 7 AND t.known_at <= :known_at ORDER BY t.as_of DESC, t.known_at DESC LIMIT 1)"
            f" AS s WHERE {CHOSEN.format('p.id')} ORDER BY p.id, w.monday"
        ),
        {**bound, "weeks": weeks},
    )
    found: dict[UUID, list[Period]] = defaultdict(list)
    for project_id, week, overall, reported in rows:
        found[project_id].append(Period(week, overall, reported))
    return found
