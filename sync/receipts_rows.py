"""Receipts' rows: the claims and the rows that a colour or a number rests on, each with where it was read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.derived import Claimed, derived_from
from sync.json import instant_text

TABLES: Final = (
    "milestone", "raid_item", "cost_line", "contract", "benefit", "project_role", "utilisation", "quality_review",
    "gate_criterion", "baseline", "change_request", "work_item",
)  # fmt: skip

_AMOUNT: Final = " v.amount, v.currency,"
_SINCE: Final = {"work_item": "v.updated_at"}  # a work item is kept as last read: known since it last changed


def claims_of(
    session: Session, receipt: Mapping[str, Any], names: Sequence[str], late: Collection[str]
) -> list[dict[str, Any]]:
    """Return the claims of the attributes in their order; of each the winner first."""
    entries = [(name, receipt["attributes"][name]) for name in names if name in receipt["attributes"]]
    ids = [claim for _, entry in entries for claim in entry["claims"]]
    rows = session.execute(
        text(
            "SELECT c.*, s.name AS source FROM claim c JOIN source s ON s.id = c.source_id"
            " WHERE c.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": ids},
    )
    by_id = {row.id: row for row in rows}
    rests_on = _rests_on(session, list(by_id.values()))
    return [
        _claim(by_id[claim], name, entry["because"] if place == 0 else None)
        | rests_on.get(claim, {})
        | ({"stale": True} if by_id[claim].source in late else {})
        for name, entry in entries
        for place, claim in enumerate(entry["claims"])
        if claim in by_id
    ]


def _rests_on(session: Session, rows: Sequence[Row[Any]]) -> dict[int, dict[str, Any]]:
    """Return by claim that was computed from several rows the first of these, and how many more there are."""
    if not rows:
        return {}
    found = derived_from(session, [Claimed.of(row) for row in rows])
    listed = records_of(session, [record for each in found.values() for record in each.records])
    told: dict[int, dict[str, Any]] = {}
    for claim, each in found.items():
        told[claim] = {"records": listed[: len(each.records)], "more_records": each.more}
        del listed[: len(each.records)]
    return told


def _claim(row: Row[Any], name: str, because: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "attribute": name,
        "value": row.value,
        "unit": row.unit,
        "wins": because is not None,
    }
    if because is not None:
        said["because"] = because
    return said | {
        "source": row.source,
        "valid_from": row.valid_from.isoformat(),
        "known_from": instant_text(row.known_from),
        "raw": {
            "run": row.run_id,
            "page": row.raw_page_id,
            "position": row.raw_position,
            "locator": row.locator,
            "url": row.url,
            "sha256": row.sha256,
        },
    }


def records_of(session: Session, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows a colour rests on, each with where it was read."""
    found: dict[tuple[str, int], Row[Any]] = {}
    for table in TABLES:
        ids = [record["id"] for record in records if record["entity"] == table]
        if ids:
            rows = session.execute(
                text(
                    f"SELECT v.id, s.name AS source, {_SINCE.get(table, 'v.known_from')} AS known_from, v.run_id,"
                    f" v.raw_page_id, v.raw_position,{_AMOUNT if table == 'cost_line' else ''}"
                    f" v.locator, v.url, encode(p.sha256, 'hex') AS sha256 FROM {table} v"
                    " JOIN source s ON s.id = v.source_id LEFT JOIN raw_page p ON p.id = v.raw_page_id"
                    " WHERE v.id = ANY(CAST(:ids AS bigint[]))"
                ),
                {"ids": ids},
            )
            found |= {(table, row.id): row for row in rows}
    return [_record(record, found.get((record["entity"], record["id"]))) for record in records]


def _record(record: Mapping[str, Any], row: Row[Any] | None) -> dict[str, Any]:
    if row is None:
        return dict(record)
    amount = {"value": str(row.amount), "unit": row.currency} if record["entity"] == "cost_line" else {}
    return {
        "entity": record["entity"],
        "id": record["id"],
        "name": record["name"],
        **amount,
        "source": row.source,
        "known_from": instant_text(row.known_from),
        "raw": {
            "run": row.run_id,
            "page": row.raw_page_id,
            "position": row.raw_position,
            "locator": row.locator,
            "url": row.url,
            "sha256": row.sha256,
        },
    }
