"""Facts of baselines: what was approved, which changes were, and what became of the items a baseline froze."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, RowMapping, text
from sqlalchemy.orm import Session

from sync.facts_sql import KNOWN
from sync.record_rows import amended

_APPROVED: Final = ("approved", "done")


@dataclass(frozen=True, slots=True)
class Frozen:
    """The size a baseline froze, and what came to it and went since; in points where items have them.

    `added_items` are some of what came: id, key and locator, the newest first.
    """

    unit: str
    baseline: float
    added: float
    removed: float
    added_items: tuple[tuple[int, str], ...] = ()


def rows_by_project(session: Session, table: str, bound: Mapping[str, Any]) -> dict[UUID, list[RowMapping]]:
    """Return a table's rows by project, as known at the instant, people's answers laid over."""
    rows = session.execute(
        text(f"{amended(table).format(more='')} WHERE {KNOWN} AND v.amends_source_id IS NULL ORDER BY v.id"),
        dict(bound),
    )
    found: dict[UUID, list[RowMapping]] = defaultdict(list)
    for row in rows.mappings().all():
        found[row["project_id"]].append(row)
    return found


def approved(rows: Iterable[RowMapping], as_of: date) -> list[RowMapping]:
    """Return the baselines that were approved by a day, the oldest first; one that two sheets list is one."""
    there = [row for row in rows if row["approved_on"] is not None and row["approved_on"] <= as_of]
    there.sort(key=lambda row: (row["approved_on"], row["number"] or 0, row["id"]))
    known: dict[tuple[date, int | None], RowMapping] = {}
    for row in there:
        known.setdefault((row["approved_on"], row["number"]), row)
    return list(known.values())


def changes_since(rows: Iterable[RowMapping], since: date, as_of: date) -> list[RowMapping]:
    """Return the change requests that were approved after a baseline was, by a day."""
    return [
        row
        for row in rows
        if row["state"] in _APPROVED and row["decided_on"] is not None and since < row["decided_on"] <= as_of
    ]


def frozen_of(
    session: Session, since: Mapping[UUID, date], *, as_of: date, known_at: datetime, timezone: str
) -> dict[UUID, Frozen]:
    """Count, for projects with a baseline, the items that were there on its day, came, and went.

    Epics and the like are left out, since they would count their children twice. An item that was dropped left
    when its status last changed.
    """
    if not since:
        return {}
    zone = ZoneInfo(timezone)

    def end(day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time.min, zone)

    rows = session.execute(
        text(
            "WITH asked AS (SELECT * FROM unnest(CAST(:projects AS uuid[]), CAST(:since AS timestamptz[]))"
            " AS a(project_id, frozen_at)), item AS (SELECT a.project_id, w.id, w.key, w.points, w.hub_type,"
            " w.created_at, w.created_at < a.frozen_at AS early, a.frozen_at,"
            " CASE WHEN w.deleted_at <= :known_at THEN w.deleted_at"
            " WHEN w.status_category = 'dropped' THEN coalesce((SELECT max(t.at) FROM transition t"
            " WHERE t.source_id = w.source_id AND t.item_external_id = w.external_id AND t.field = 'status'),"
            " w.updated_at, '-infinity') END AS left_at FROM asked a JOIN scope s ON s.project_id = a.project_id"
            " AND s.kind <> 'register_row' AND s.deleted_at IS NULL JOIN work_item w ON w.source_id = s.source_id"
            " AND w.scope_external_id = s.external_id WHERE w.created_at < :end"
            " AND w.hub_type NOT IN ('initiative', 'epic', 'feature', 'milestone')), part AS (SELECT *,"
            " early AND (left_at IS NULL OR left_at >= frozen_at) AS kept,"
            " NOT early AND (left_at IS NULL OR left_at >= :end) AS came,"
            " early AND left_at >= frozen_at AND left_at < :end AS went FROM item) SELECT project_id,"
            " count(*) FILTER (WHERE kept) AS kept, count(*) FILTER (WHERE came) AS came,"
            " count(*) FILTER (WHERE went) AS went, sum(points) FILTER (WHERE kept) AS points,"
            " sum(points) FILTER (WHERE came) AS came_points, sum(points) FILTER (WHERE went) AS went_points,"
            " count(points) >= count(*) FILTER (WHERE hub_type = 'story' AND points IS NULL) AS sized,"
            " (array_agg(id ORDER BY created_at DESC, id) FILTER (WHERE came))[1:10] AS ids,"
            " (array_agg(key ORDER BY created_at DESC, id) FILTER (WHERE came))[1:10] AS keys_"
            " FROM part GROUP BY project_id"
        ),
        {
            "projects": list(since), "since": [end(day) for day in since.values()], "end": end(as_of),
            "known_at": known_at,
        },
    )  # fmt: skip
    return {row.project_id: _frozen(row) for row in rows}


def _frozen(row: Row[Any]) -> Frozen:
    items = tuple(zip(row.ids or [], row.keys_ or [], strict=True))
    if row.sized and row.points:
        return Frozen("points", row.points, row.came_points or 0.0, row.went_points or 0.0, items)
    return Frozen("items", row.kept, row.came, row.went, items)
