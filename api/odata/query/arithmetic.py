"""Arithmetic as typed SQL, with OData's promotions; instants, days and durations too."""

from collections.abc import Callable
from datetime import timedelta
from operator import add, sub
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Interval,
    Numeric,
    cast,
    func,
    literal,
)

from api.odata.edm import NUMERIC, WHOLE, EnumType
from api.odata.query.dynamic import UNTYPED, known
from api.odata.query.literals import SQL_TYPES, exact
from api.odata.query.typed import (
    Value,
    is_numeric,
    name_of,
    wider,
    wrong,
)
from api.odata.syntax.tree import Binary, Unary

Sql = ColumnElement[Any]


def negative(node: Unary, given: Value) -> Value:
    """Return a number or a duration with its sign turned."""
    if given.is_null:
        return given
    if not is_numeric(given.type) and given.type != "Edm.Duration":
        raise wrong(node, f"- takes a number or a duration, not {name_of(given.type)}")
    turned = -given.sql if is_numeric(given.type) else _stretched(given.sql, literal(-1))
    return Value(turned, given.type, given.nullable, at=node.at)


def _other(type_: str | EnumType) -> str | EnumType:
    """Return as what a dynamic value is reckoned with: as a number, but beside a day or a duration as that."""
    return "Edm.Decimal" if type_ == UNTYPED else type_


def reckon(node: Binary, left: Value, right: Value) -> Value:
    """Reckon with numbers, or with instants, days and durations. Dividing by nothing gives null.

    Raises:
        WrongType: One cannot reckon with these.
    """
    if not left.is_null and not right.is_null:
        left, right = known(left, _other(right.type)), known(right, _other(left.type))
    if left.is_null or right.is_null:
        kept = right if left.is_null else left
        type_ = "Edm.Decimal" if kept.is_null else kept.type
        return Value(cast(literal(None), SQL_TYPES.get(str(type_), Numeric())), type_, at=node.at)
    if isinstance(left.type, str) and isinstance(right.type, str):
        if left.type in NUMERIC and right.type in NUMERIC:
            return _numbers(node, left, right, wider(left.type, right.type))
        found = _times(node.operator, left, right)
        if found is not None:
            return Value(found[1], found[0], left.nullable or right.nullable, at=node.at)
    raise wrong(node, f"{node.operator} cannot take {name_of(left.type)} and {name_of(right.type)}")


def _numbers(node: Binary, left: Value, right: Value, type_: str) -> Value:
    floats = type_ in ("Edm.Double", "Edm.Single")
    # Whole numbers are reckoned as numeric: what passes 64 bits is a larger number and no error.
    one: Sql = cast(left.sql, Double() if floats else Numeric())
    other: Sql = cast(right.sql, Double() if floats else Numeric())
    nullable = left.nullable or right.nullable
    made: Sql
    if node.operator in ("div", "divby", "mod"):
        other, nullable = func.nullif(other, 0), True
    whole = type_ in WHOLE
    if node.operator == "add":
        made = one + other
    elif node.operator == "sub":
        made = one - other
    elif node.operator == "mul":
        made = one * other
    elif node.operator == "mod":
        made = exact(one) % exact(other) if floats else one % other
    else:
        made = one / other
        if node.operator == "div" and whole:
            made = func.trunc(made)
        elif whole:
            type_ = "Edm.Decimal"
    return Value(made, "Edm.Int64" if type_ in WHOLE else type_, nullable, at=node.at)


def _stretched(span: Sql, number: Sql) -> Sql:
    return func.interval_mul(span, cast(number, Double()), type_=Interval())


def _times(operator: str, left: Value, right: Value) -> tuple[str, Sql] | None:
    """Reckon with instants, days and durations; None where one cannot."""
    pair = (operator, str(left.type).removeprefix("Edm."), str(right.type).removeprefix("Edm."))
    one, other = left.sql, right.sql
    if is_numeric(right.type) and left.type == "Edm.Duration":
        number: Sql = cast(other, Double())
        by = {"mul": number, "div": 1 / func.nullif(number, 0)}.get(operator)
        return None if by is None else ("Edm.Duration", _stretched(one, by))
    if is_numeric(left.type) and right.type == "Edm.Duration" and operator == "mul":
        return "Edm.Duration", _stretched(other, one)
    if pair == ("sub", "Date", "Date"):
        return "Edm.Duration", _stretched(literal(timedelta(days=1), Interval()), one - other)
    if pair not in _TIMES:
        return None
    gives, act = _TIMES[pair]
    made = act(one, other)
    return gives, cast(made, Date()) if gives == "Edm.Date" else made


# What one reckons with instants, days and durations, and what it gives.
_TIMES: Final[dict[tuple[str, str, str], tuple[str, Callable[[Any, Any], Sql]]]] = {
    ("add", "DateTimeOffset", "Duration"): ("Edm.DateTimeOffset", add),
    ("sub", "DateTimeOffset", "Duration"): ("Edm.DateTimeOffset", sub),
    ("sub", "DateTimeOffset", "DateTimeOffset"): ("Edm.Duration", sub),
    ("add", "Duration", "Duration"): ("Edm.Duration", add),
    ("sub", "Duration", "Duration"): ("Edm.Duration", sub),
    ("add", "Duration", "DateTimeOffset"): ("Edm.DateTimeOffset", add),
    ("add", "Date", "Duration"): ("Edm.Date", add),
    ("sub", "Date", "Duration"): ("Edm.Date", sub),
}
