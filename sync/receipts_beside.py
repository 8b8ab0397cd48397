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
    return _part(session, row, name)


_HIDDEN: Final[Mapping[str, str]] = {
    "out_of_sight": "work items that the account may not see any more; they count as they last were",
    "held_back": "work items whose absence waits for an answer; they count as they last were",
}
# Where a flag comes from that is not named as what says it.
_FLAGGED: Final[Mapping[str, str]] = {
    "stale_report": "report", "report_to_come": "report", "stale_data": "sources", "conflict": "conflicts",
    "underspend": "cost",
}  # fmt: skip


def _part(session: Session, row: Row[Any], name: str) -> dict[str, Any] | None:
    """Return the same of the smaller parts: the currency, data quality's parts, flags, programmes, what is hidden."""
    document, attributes = row.document, row.receipt["attributes"]
    if name in _HIDDEN and name in document:
        return _said(document[name], "F12", _HIDDEN[name])
    if name in {"figures.currency", "currency"} and "currency" not in attributes:
        named = [each for each in ("budget", "forecast_cost") if (attributes.get(each) or {}).get("unit")][:1]
        says = "the unit of the amount that counts"
        return _said(document["figures"]["currency"], "precedence", says, names=named)
    if name == "grade" or name.startswith("data_quality."):
        return _quality(session, row, name.removeprefix("data_quality.").split("."))
    if name == "programmes":
        named = [each for each in ("programme",) if each in attributes]
        return _said(document.get(name), "precedence", "as the register files the project", names=named)
    return _LISTS[name](row) if name in _LISTS else None


def _quality(session: Session, row: Row[Any], path: Iterable[str]) -> dict[str, Any] | None:
    found: Any = row.document["data_quality"]
    for step in path:
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    rows, more = judged(session, row)
    says = "what each template says of its rows, by the parts it weighs; a grade is that of its score"
    return _said(found, "F12", says, names=sorted(row.receipt["attributes"]), records=rows) | {
        "more_records": more
    }


def _flags(row: Row[Any]) -> dict[str, Any]:
    day, found = row.as_of.isoformat(), row.document["flags"]
    points = [
        {"flag": flag, "explain": {"attribute": flagged_by(row.document, flag), "as_of": day}}
        for flag in found
    ]
    return _said(found, "F13", "each flag is said by the part it is named with") | {"points": points}


def _conflicts(row: Row[Any]) -> dict[str, Any]:
    found = row.document["conflicts"]
    named = [each["attribute"] for each in found]
    return _said(found, "precedence", "what sources say that does not count", names=named)


def _sources(row: Row[Any]) -> dict[str, Any]:
    says = "the sources of what counts here, and which of them were overdue then"
    return _said(row.document["sources"], "F12", says)


_LISTS: Final = {"flags": _flags, "conflicts": _conflicts, "sources": _sources}


def flagged_by(document: Mapping[str, Any], flag: str) -> str:
    """Return the part of a status document that a flag comes from; what no other says is of behaviour."""
    if flag in _FLAGGED:
        return _FLAGGED[flag]
    there = {*document, *document.get("measures", {}), *document["dimensions"]}
    return flag if flag in there else "behaviour"


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
