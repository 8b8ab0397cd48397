"""Receipts of what stands beside colours and attributes: data quality's rows, the next milestone, trend, report."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.facts_sql import THERE

LISTED: Final = 25  # rows a receipt lists
_JUDGED: Final = ("raid_item", "milestone")  # tables whose rows templates judge, beside the report itself


def beside(session: Session, row: Row[Any], name: str) -> dict[str, Any] | None:
    """Return value, rule, attributes (`from`) and rows of a part of the document that is no colour; None: no such.

    `row` is a snapshot with its project's id.
    """
    document = row.document
    if name == "next_milestone":
        found = document.get("next_milestone")
        says = "the open milestone that comes first by its forecast, or by its baseline where it has none"
        return _said(found, "F5", says, records=_named(session, row, found) if found else ())
    if name == "report":
        says = "the day of the report, or of the last change of the reported colour; its age on this day"
        return _said(document.get("report"), "F14", says, names=("reported_on", "rag_overall"))
    if name in {"trend", "watermelon_since"}:
        says = "each day's own snapshot; its receipt is that of the overall colour as of that day"
        trend = document.get("trend") or []
        return _said(document.get(name), "F14" if name == "watermelon_since" else "F13", says) | {
            "points": [
                {**point, "explain": {"attribute": "overall", "as_of": point["as_of"]}} for point in trend
            ]
        }
    return None


def _said(
    value: Any, rule: str, says: str, *, names: Iterable[str] = (), records: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    return {"value": value, "rule": rule, "says": says, "from": list(names), "records": list(records)}


def _named(session: Session, row: Row[Any], found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the milestones that may be the one that is named, as known then."""
    rows = session.execute(
        text(
            "SELECT v.id, v.name, v.locator, v.baseline, v.forecast FROM milestone v WHERE v.project_id = :project"
            " AND v.known_from <= :then AND (v.known_to IS NULL OR v.known_to > :then)"
            f" AND {THERE.format('v')} AND right(CAST(:name AS text), length(v.name)) = v.name ORDER BY v.id"
        ),
        {"project": row.id, "then": row.known_at, "name": found["name"]},
    ).all()
    dates = (found.get("baseline"), found.get("forecast"))
    same = [each for each in rows if (_iso(each.baseline), _iso(each.forecast)) == dates]
    return [
        {"entity": "milestone", "id": each.id, "name": each.name, "locator": each.locator}
        for each in same or rows
    ]


def judged(session: Session, row: Row[Any]) -> tuple[list[dict[str, Any]], int]:
    """Return rows that templates judged on the snapshot's day, and how many more there are."""
    found: list[dict[str, Any]] = []
    together = 0
    for table in _JUDGED:
        rows = session.execute(
            text(
                f"SELECT v.id, v.external_id, v.locator, count(*) OVER () AS together FROM {table} v"
                " WHERE v.project_id = :project AND v.known_from <= :then"
                f" AND (v.known_to IS NULL OR v.known_to > :then) AND {THERE.format('v')} ORDER BY v.id LIMIT :most"
            ),
            {"project": row.id, "then": row.known_at, "most": LISTED},
        ).all()
        together += rows[0].together if rows else 0
        found += [
            {"entity": table, "id": each.id, "name": each.external_id, "locator": each.locator}
            for each in rows
        ]
    return found[:LISTED], together - len(found[:LISTED])


def _iso(day: Any) -> str | None:
    return None if day is None else str(day.isoformat())
