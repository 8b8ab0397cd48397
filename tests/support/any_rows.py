"""Rows of any table, made of what the table itself asks for: for tests that hold of every one."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, Table, insert, select, types
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from model.base import Base

_COUNT = itertools.count(1)
_T0 = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def add_row(connection: Connection, table: str, **given: Any) -> dict[str, Any]:
    """Insert a row, with a value of its own in every column that must have one; return it whole.

    Args:
        connection: In whose transaction.
        table: Its name.
        given: The columns that matter.
    """
    target = Base.metadata.tables[table]
    number = next(_COUNT)
    values = {
        column.name: _value(connection, column, number)
        for column in target.columns
        if column.name not in given and _needed(column)
    }
    found = (
        connection.execute(insert(target).values(**values, **given).returning(*target.columns))
        .mappings()
        .one()
    )
    return dict(found)


def _needed(column: Column[Any]) -> bool:
    made = column.identity is not None or column.server_default is not None or column.default is not None
    return not (made or (column.nullable and not column.unique))


def _value(connection: Connection, column: Column[Any], number: int) -> Any:
    if column.foreign_keys:
        [key] = column.foreign_keys
        return _some(connection, key.column.table, key.column)
    kind = column.type.impl if isinstance(column.type, types.TypeDecorator) else column.type
    plain: tuple[tuple[type[Any], Any], ...] = (
        (types.Text, f"{column.name} {number}"), (types.Boolean, False), (types.Uuid, uuid4()),
        (types.DateTime, _T0 + timedelta(seconds=number)), (types.Date, date(2026, 1, 1) + timedelta(days=number)),
        (types.LargeBinary, str(number).encode()), (types.Integer, number), (types.Float, float(number)),
        (types.Numeric, Decimal(number)), (ARRAY, []),
    )  # fmt: skip
    if isinstance(kind, JSONB):
        return [] if "list" in str(column.type.python_type) else {}
    return next(value for each, value in plain if isinstance(kind, each))


def _some(connection: Connection, table: Table, column: Column[Any]) -> Any:
    """Return a row's key to refer to: one there is, or a new one."""
    found = connection.scalar(select(column).order_by(column).limit(1))
    return found if found is not None else add_row(connection, table.name)[column.name]
