"""What a project's page shows, read in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from api.pages.charts import Line, Timeline, columns, floor_of, line, timeline
from api.routes.common import versions
from api.routes.costs import cost_document
from api.routes.milestones import milestone_document
from api.routes.raid_items import raid_document
from model.attributes import REGISTER
from model.tables import Claim, CostLine, Milestone, Scope, Source, WorkItem
from sync.record_rows import COLLECTION, rows_of

POINTS: Final = 26  # snapshots in the trend
CHART: Final = (560, 120)
KINDS: Final = ("baseline", "forecast", "actual", "committed", "earned")


@dataclass(frozen=True, slots=True)
class Day:
    """One snapshot in the trend."""

    as_of: date
    overall: str
    health: float | None
    reported: str | None
    colours: dict[str, str]


@dataclass(frozen=True, slots=True)
class Trend:
    """Health as a line over the colours of each day."""

    days: list[Day]
    line: Line
    low: float
    xs: list[float]
    names: list[str]


def trend(
    session: Session, project: UUID, as_of: date, dimensions: Sequence[str], known_at: datetime | None = None
) -> Trend:
    """Return the newest snapshot of each of the last days, the oldest first."""
    rows = session.execute(
        text(
            """SELECT * FROM (
                   SELECT DISTINCT ON (as_of) as_of, overall, health, reported,
                          (SELECT jsonb_object_agg(name, value -> 'colour')
                           FROM jsonb_each(document -> 'dimensions') AS d(name, value)) AS colours
                   FROM snapshot WHERE project_id = :project AND as_of <= :as_of
                   AND (CAST(:known_at AS timestamptz) IS NULL OR known_at <= :known_at)
                   ORDER BY as_of DESC, known_at DESC LIMIT :points) newest
               ORDER BY as_of"""
        ),
        {"project": project, "as_of": as_of, "known_at": known_at, "points": POINTS},
    )
    days = [Day(row.as_of, row.overall, row.health, row.reported, row.colours or {}) for row in rows]
    values = [day.health for day in days]
    low = floor_of(values, most=60)
    step = CHART[0] / max(len(days) - 1, 1)
    names = [name for name in dimensions if any(name in day.colours for day in days)]
    return Trend(
        days, line(values, *CHART, low, 100), low, [round(i * step, 1) for i in range(len(days))], names
    )


def milestones(
    session: Session, project: UUID, as_of: date, known_at: datetime | None
) -> tuple[list[dict[str, Any]], Timeline]:
    """Return the project's milestones by date, with their time line."""
    found = [
        (row, milestone_document(row, source, None) | {"answered_at": row.answered_at})
        for row, source in _records(session, "milestone", project, known_at)
    ]
    found.sort(key=lambda pair: (_first_date(pair[0]) or date.max, pair[0].name))
    laid = timeline([(row.baseline, row.actual or row.forecast) for row, _ in found], as_of)
    return [document for _, document in found], laid


def _records(session: Session, table: str, project: UUID, known_at: datetime | None) -> list[tuple[Any, str]]:
    """Return records with their sources' names, what people answered about them laid over."""
    at = known_at or datetime.max.replace(tzinfo=UTC)  # later than any version ends: those that stand
    names = {source_id: name for source_id, name in session.execute(select(Source.id, Source.name))}  # noqa: C416  (a Row is no pair to mypy)
    rows = rows_of(session, table, projects=[project], known_at=at).get(project, ())
    return [(SimpleNamespace(**row), names[row["source_id"]]) for row in rows]


def _first_date(found: Milestone) -> date | None:
    return found.baseline or found.forecast or found.actual


_OPEN_FIRST: Final = {"open": 0, "responding": 0, "occurred": 1, None: 1, "closed": 2, "rejected": 2}


def raid(session: Session, project: UUID, known_at: datetime | None) -> list[dict[str, Any]]:
    """Return the project's RAID items, the open and heavy first."""
    found = [
        raid_document(row, source, None) | {"answered_at": row.answered_at}
        for row, source in _records(session, "raid_item", project, known_at)
    ]
    found.sort(
        key=lambda item: (_OPEN_FIRST.get(item["state"], 1), -(item["score"] or 0), item["item_id"] or "")
    )
    return found


def costs(session: Session, project: UUID, known_at: datetime | None) -> dict[str, Any]:
    """Return the cost lines summed by month and kind, with their chart; a month with none is unknown.

    What people answered in a forecast is about the same money, and not added to it.
    """
    query = (
        select(CostLine, Source.name)
        .join(Source, Source.id == CostLine.source_id)
        .where(
            CostLine.project_id == project,
            versions(CostLine, known_at=known_at),
            Source.kind != COLLECTION,
        )
    )
    sums: dict[tuple[date | None, str], float] = {}
    lines = [cost_document(row, source, None) for row, source in session.execute(query)]
    currencies = {found["currency"] for found in lines if found["currency"]}
    for found in lines:
        if found["amount"] is None or found["kind"] is None:
            continue
        key = (date.fromisoformat(found["period"]) if found["period"] else None, found["kind"])
        sums[key] = sums.get(key, 0.0) + float(found["amount"])
    kinds = [kind for kind in KINDS if any(used == kind for _, used in sums)]
    dated = {(period, kind): amount for (period, kind), amount in sums.items() if period is not None}
    periods = sorted({period for period, _ in dated})
    mixed = len(currencies) > 1
    return {
        "lines": len(lines),
        "kinds": kinds,
        "periods": periods,
        "sums": sums,
        "totals": {kind: sum(v for (_, used), v in sums.items() if used == kind) for kind in kinds},
        "currency": None if mixed or not currencies else currencies.pop(),
        "mixed": mixed,
        "chart": columns(periods, dated, kinds, (560, 130)) if kinds and not mixed else [],
        "locators": sorted({found["locator"].rpartition("!")[0] for found in lines if found["locator"]}),
    }


def scopes(session: Session, project: UUID) -> list[dict[str, Any]]:
    """Return what the project is bound to, with its work items counted by state."""
    counted = (
        select(
            WorkItem.source_id,
            WorkItem.scope_external_id,
            *(
                func.count().filter(WorkItem.status_category == category).label(category)
                for category in ("todo", "doing", "done", "dropped")
            ),
            func.count().label("all_items"),
        )
        .where(WorkItem.deleted_at.is_(None))
        .join(
            Scope,
            and_(Scope.source_id == WorkItem.source_id, Scope.external_id == WorkItem.scope_external_id),
        )
        .where(Scope.project_id == project)
        .group_by(WorkItem.source_id, WorkItem.scope_external_id)
        .subquery()
    )
    query = (
        select(Scope, Source.name, counted)
        .join(Source, Source.id == Scope.source_id)
        .outerjoin(
            counted,
            and_(counted.c.source_id == Scope.source_id, counted.c.scope_external_id == Scope.external_id),
        )
        .where(Scope.project_id == project)
        .order_by(Source.position, Scope.key)
    )
    return [
        {
            "source": row.name, "kind": row.Scope.kind, "key": row.Scope.key, "name": row.Scope.name,
            "url": row.Scope.url, "bound_by": row.Scope.bound_by, "locator": row.Scope.locator,
            "items": row.all_items, "todo": row.todo, "doing": row.doing, "done": row.done,
            "dropped": row.dropped,
        }
        for row in session.execute(query)
    ]  # fmt: skip


_PLACES: Final = {name: place for place, name in enumerate(REGISTER["project"])}


def _place(name: str) -> int:
    """Return where the register of attributes lists a name."""
    return _PLACES.get(name, len(_PLACES))


def claims(session: Session, receipt: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return attribute -> its claims, the winner first, as the snapshot's receipt lists them."""
    attributes = receipt.get("attributes") or {}
    wanted = [number for found in attributes.values() for number in found.get("claims") or []]
    query = select(Claim, Source.name).join(Source, Source.id == Claim.source_id).where(Claim.id.in_(wanted))
    known = {row.id: (row, source) for row, source in session.execute(query)}
    found: dict[str, list[dict[str, Any]]] = {}
    for name in sorted(attributes, key=_place):
        held = attributes[name]
        found[name] = [
            {
                "value": row.value, "unit": row.unit, "source": source, "locator": row.locator, "url": row.url,
                "valid_from": row.valid_from, "wins": place == 0,
                "because": held.get("because") if place == 0 else None,
            }
            for place, (row, source) in enumerate(
                known[number] for number in held.get("claims") or [] if number in known
            )
        ]  # fmt: skip
    return {name: rows for name, rows in found.items() if rows}
