"""A cost forecast as cost lines: one for each month and kind of money that somebody answered."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sync.collection.publish_items import Row, Where, write_rows
from sync.collection.published import Published, Record, Value
from sync.record_months import LATER, Line, lines_of
from sync.record_rows import costs_of

KINDS: Final = {"budget": "baseline", "actual": "actual", LATER: "forecast"}
_Amount = tuple[str, date | None, Decimal | None, Value]  # kind, month, amount, the answer it is from


def publish_costs(
    connection: Connection, where: Where, found: Published, records: Sequence[Record], now: datetime
) -> int:
    """Write the amounts that people answered, line by line; returns how many rows changed.

    A month that was filled in and left as it was is not written: its source says it already. An amount
    that was taken away is written as unknown. What was spent up to the end of the period becomes the
    amount of the period's own month, so that the months still add up to it.
    """
    with Session(connection) as session:
        costs = costs_of(session, projects=[found.project_id], known_at=now)[found.project_id]
    standing = lines_of(costs, lambda _: None)
    positions = {record.ref: place for place, record in enumerate(found.records)}
    rows = []
    for record in records:
        category = record.values.get("category")
        name = category.value if category is not None else None
        for kind, month, amount, each in _amounts(found, record, standing.get(record.ref, Line())):
            columns = {
                "category": name, "kind": kind, "period": month, "amount": amount,
                "currency": each.unit if amount is not None else None,
            }  # fmt: skip
            place = each.locator or found.place(record.ref, f"{month:%Y-%m}" if month else each.field.rule.id)
            id_ = external_id(found.head.project_key, record.ref, kind, month)
            rows.append(Row(id_, columns, place, positions[record.ref]))
    return write_rows(connection, where, found, "cost_line", rows, now) if rows else 0


def external_id(project: str, line: str, kind: str, month: date | None) -> str:
    """Return what an answered amount is stored under: `APOLLO/Staff/forecast/2025-07`."""
    return f"{project}/{line}/{kind}/{f'{month:%Y-%m}' if month else 'whole'}"


def _amounts(found: Published, record: Record, line: Line) -> Iterator[_Amount]:
    for each in record.answers():
        rule = each.field.rule
        if rule.repeat is not None:
            yield from _months(each)
        elif rule.id == "actual":
            month = date.fromisoformat(f"{found.head.period[:7]}-01")
            yield "actual", month, _of_the_month(each.value, line, month), each
        elif rule.id in KINDS:
            yield KINDS[rule.id], None, _decimal(each.value), each


def _months(each: Value) -> Iterator[_Amount]:
    said: Any = each.value or {}
    before: Any = each.filled or {}
    for month in sorted({*said, *before}):
        amount = _decimal(said.get(month))
        if amount != _decimal(before.get(month)):
            yield "forecast", date.fromisoformat(f"{month}-01"), amount, each


def _of_the_month(whole: Any, line: Line, month: date) -> Decimal | None:
    """Return what the month must have cost for all months up to it to come to what was answered."""
    if whole is None:
        return None
    earlier = [
        amount for period, amount in line.amounts("actual").items() if period is None or period < month
    ]
    return Decimal(str(whole)) - sum(earlier, Decimal(0))


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
