"""Server-driven paging by keys: a page begins behind the last row of the one before, whatever was written meanwhile."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson
from sqlalchemy import (
    Boolean,
    ColumnClause,
    ColumnElement,
    Float,
    Integer,
    Numeric,
    Text,
    UnaryExpression,
    and_,
    cast,
    false,
    null,
    or_,
)

from api.odata.problems import Malformed, Unsupported
from api.odata.query.literals import SQL_TYPES, Written
from api.odata.query.typed import Value, is_numeric

_MARK: Final = 12  # characters of the hash that ties a token to its query


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order. Null comes before every value (URL conventions 5.1.6)."""

    value: Value
    descending: bool = False

    def clause(self) -> ColumnElement[Any]:
        """Return it as ORDER BY has it."""
        sql = cast(self.value.sql, Text()) if self.value.is_null else self.value.sql
        if isinstance(sql.type, Boolean) and not isinstance(sql, ColumnClause):
            sql = cast(sql, Boolean())  # ORDER BY takes no constant, which `null gt 1` comes down to
        found: UnaryExpression[Any] = sql.desc() if self.descending else sql.asc()
        if not self.value.nullable:
            return found
        return found.nulls_last() if self.descending else found.nulls_first()


def token(
    values: Sequence[Any],
    *,
    query: str,
    left: int | None,
    behind: Sequence[str | None] | None = None,
) -> str:
    """Return the mark of a place: the keys of the last row that was given.

    Args:
        values: Of the last row, one a key.
        query: What the request is, so that the mark fits no other.
        left: How many rows `$top` still allows.
        behind: The place the page itself began at, where it is not the first.

    Raises:
        Unsupported: It ends where it began, so that whoever follows the mark would never come to an end.
    """
    texts = [None if value is None else _text(value) for value in values]
    if behind is not None and texts == list(behind):
        raise Unsupported(
            "$orderby: pages of this order do not come to an end; sort by something else", target="$orderby"
        )
    written = [_mark(query), left, texts]
    return base64.urlsafe_b64encode(orjson.dumps(written)).decode("ascii").rstrip("=")


def place(text: str, keys: Sequence[SortKey], *, query: str) -> tuple[list[str | None], int | None]:
    """Read a mark back; returns the keys of the last row as texts, and how many rows are left.

    Raises:
        Malformed: It is none, or belongs to another query.
    """
    try:
        mark, left, values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise Malformed(
            "$skiptoken: this is no mark of a page; follow @odata.nextLink", target="$skiptoken"
        ) from None
    texts = isinstance(values, list) and all(each is None or isinstance(each, str) for each in values)
    if (
        mark != _mark(query)
        or not texts
        or len(values) != len(keys)
        or not (left is None or isinstance(left, int))
    ):
        raise Malformed(
            "$skiptoken: it belongs to another query; start again without it", target="$skiptoken"
        )
    return values, left


def nulls_of(text: str) -> tuple[bool, ...] | None:
    """Return which keys of a mark are null; None where it is none, or says that not all rows are wanted."""
    try:
        _, left, values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError, binascii.Error):
        return None
    if left is not None or not isinstance(values, list):
        return None
    return tuple(each is None for each in values)


def behind(keys: Sequence[SortKey], values: Sequence[str | None]) -> ColumnElement[bool]:
    """Return the condition that a row comes after the one with these keys."""
    alternatives = []
    same: list[ColumnElement[bool]] = []
    for at, (key, text) in enumerate(zip(keys, values, strict=True)):
        column = key.value.sql
        wanted = null() if text is None else cast(Written.of(text, Text(), ~at), _sql_type(key.value))
        alternatives.append(and_(*same, _after(key, column, wanted, is_null=text is None)))
        same.append(column.is_(None) if text is None else column == wanted)
    return or_(*alternatives)


def _after(
    key: SortKey, column: ColumnElement[Any], wanted: ColumnElement[Any], *, is_null: bool
) -> ColumnElement[bool]:
    if is_null:
        return false() if key.descending else column.is_not(None)
    if not key.descending:
        return column > wanted
    return or_(column < wanted, column.is_(None)) if key.value.nullable else column < wanted


def _sql_type(value: Value) -> Any:
    """Return what a mark is read as: what the column is, which may hold more than the type of its property says."""
    if not isinstance(value.type, str):
        return value.sql.type
    if is_numeric(value.type) and not isinstance(value.sql.type, Integer | Float):
        return Numeric()  # as whatever is reckoned with whole numbers; a column's own type keeps its index
    return SQL_TYPES[value.type]


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f} seconds"
    return str(value)


def _mark(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:_MARK]
