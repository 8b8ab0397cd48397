"""Item records as rows: those that people brought, and what they answered about another source's records."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from sqlalchemy import Connection, RowMapping, text
from sqlalchemy.orm import Session

from sync.collection.published import Published, Record, Value
from sync.json import dump_bytes
from sync.record_items import referred
from sync.record_rows import answerable, rows_of
from sync.store import add_versions

# Record kinds with a table, and the column that people tell its records apart by.
REFERENCES: Final[Mapping[str, str]] = {
    "raid_item": "item_id",
    "milestone": "external_id",
    "change_request": "request_id",
    "decision": "decision_id",
    "gate_criterion": "criterion_id",
    "work_plan_line": "month",
}
_BOARD: Final = "decision"


class Where(Protocol):
    """Where rows are written to: the source, its run and its page."""

    source_id: int
    run_id: int
    page_id: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row to be written: whose it is, its columns, and what it is about where that is another source's."""

    external_id: str
    columns: Mapping[str, Any]
    locator: str
    position: int
    about: RowMapping | None = None
    answered: tuple[str, ...] = ()


def publish_items(
    connection: Connection, where: Where, found: Published, records: Sequence[Record], now: datetime
) -> int:
    """Write item records that people answered; returns how many rows changed.

    A record of another source keeps what that source says: the row says only what was answered about it.
    Records of a kind that has no table are in the frozen document alone.
    """
    table = found.template.header.record
    if table not in REFERENCES or not records:
        return 0
    with Session(connection) as session:
        standing = rows_of(session, table, projects=[found.project_id], known_at=now)[found.project_id]
    by_ref = referred(standing, REFERENCES[table], found.head.project_key)
    positions = {record.ref: place for place, record in enumerate(found.records)}
    rows = [
        _row(connection, where, found, record, by_ref.get(record.ref), positions[record.ref], now)
        for record in records
    ]
    return write_rows(connection, where, found, table, rows, now)


def _row(
    connection: Connection,
    where: Where,
    found: Published,
    record: Record,
    standing: RowMapping | None,
    position: int,
    now: datetime,
) -> Row:
    table = found.template.header.record
    locator = next((each.locator for each in record.answers() if each.locator), None)
    place = locator or found.place(record.ref)
    own_id = f"{found.head.project_key}/{record.ref}"
    if standing is None or standing["source_id"] == where.source_id:
        before = {} if standing is None else {name: standing[name] for name in answerable(table)}
        columns = before | columns_said(table, record.values.values())
        columns.setdefault(REFERENCES[table], record.ref)
        columns.pop("external_id", None)
        return Row(own_id if standing is None else standing["external_id"], columns, place, position)
    said = columns_said(table, record.answers())
    columns = _answered_before(connection, where, table, standing, now) | said
    answered = tuple(sorted(columns))
    if table == "milestone":
        columns.setdefault("name", standing["name"])  # a milestone cannot be without one
    source = f"{found.head.project_key}/{standing['source_id']}/{standing['external_id']}"
    return Row(source, columns, place, position, standing, answered)


def columns_said(table: str, values: Any) -> dict[str, Any]:
    """Return values by the table's columns, in their types; the currency beside the first amount of money."""
    allowed = answerable(table)
    found: dict[str, Any] = {}
    for each in values:
        name = each.field.rule.id
        if name not in allowed or each.problem is not None:
            continue
        found[name] = stored(each)
        if each.field.rule.type == "money" and each.value is not None and "currency" in allowed:
            found.setdefault("currency", each.unit)
    return found


def stored(each: Value) -> Any:
    """Return a value as its column holds it."""
    if each.field.rule.type == "money" and each.value is not None:
        return Decimal(str(each.value))
    return list(each.value) if isinstance(each.value, list | tuple) else each.value


def _answered_before(
    connection: Connection, where: Where, table: str, standing: RowMapping, now: datetime
) -> dict[str, Any]:
    """Return what people answered about another source's record earlier, by column."""
    row = (
        connection.execute(
            text(
                f"SELECT * FROM {table} WHERE source_id = :source AND amends_source_id = :of"
                " AND amends_external_id = :external_id AND known_to IS NULL AND NOT deleted"
                " AND known_from <= :now"
            ),
            {"source": where.source_id, "of": standing["source_id"],
             "external_id": standing["external_id"], "now": now},
        )
        .mappings()
        .one_or_none()
    )  # fmt: skip
    return {} if row is None else {name: row[name] for name in row["answered"] or ()}


def write_rows(
    connection: Connection, where: Where, found: Published, table: str, rows: Sequence[Row], now: datetime
) -> int:
    """Write versions of rows; one whose content is what it was stays. Returns how many changed."""
    names = sorted(
        {name for row in rows for name in row.columns} | ({"name"} if table == "milestone" else set())
    )
    fixed = (
        "source_id", "external_id", "project_ref", "project_id", "known_from", "raw_page_id", "raw_position",
        "locator", "content_hash", "run_id", "amends_source_id", "amends_external_id", "answered",
    )  # fmt: skip
    lines = []
    for row in rows:
        about = row.about
        content = dump_bytes([dict(row.columns), row.answered], canonical=True)
        lines.append((
            where.source_id, row.external_id, found.head.project_key, found.project_id, now, where.page_id,
            row.position, row.locator, hashlib.blake2b(content, digest_size=16).digest(), where.run_id,
            None if about is None else about["source_id"], None if about is None else about["external_id"],
            None if about is None else list(row.answered), *(row.columns.get(name) for name in names),
        ))  # fmt: skip
    return len(add_versions(connection, table, (*fixed, *names), lines, where.source_id))


def asked_of_the_board(
    connection: Connection, where: Where, found: Published, record: Record, now: datetime
) -> int:
    """Put what a report asks of the board on record as decisions needed; returns how many are new.

    One that is named by its reference, or in the same words, is on record already.
    """
    asked = [
        (each, str(title).strip())
        for each in record.answers()
        if each.field.rule.type == "list_ref" and each.field.rule.of == _BOARD and each.value
        for title in each.value
    ]
    if not asked:
        return 0
    with Session(connection) as session:
        standing = rows_of(session, _BOARD, projects=[found.project_id], known_at=now)[found.project_id]
    known = {str(row[name]).casefold() for row in standing for name in ("decision_id", "title") if row[name]}
    numbers = [
        int(row["decision_id"].rpartition("-")[2]) for row in standing if _numbered(row["decision_id"])
    ]
    rows: list[Row] = []
    for each, title in asked:
        if title.casefold() in known:
            continue
        known.add(title.casefold())
        ref = f"D-{max(numbers, default=0) + len(rows) + 1:03}"
        columns = {
            "decision_id": ref, "title": title, "state": "needed", "requested_by": each.by,
            "requested_on": found.head.day(found.head.submitted_at or now),
        }  # fmt: skip
        place = each.locator or found.place("", each.field.rule.id)
        rows.append(Row(f"{found.head.project_key}/{ref}", columns, place, 0))
    return write_rows(connection, where, found, _BOARD, rows, now) if rows else 0


def _numbered(reference: str | None) -> bool:
    return reference is not None and reference.rpartition("-")[2].isdecimal()
