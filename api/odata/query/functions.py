"""Canonical functions as SQL (URL conventions 5.1.1.5 to 5.1.1.12). Instants are reckoned in UTC."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Numeric,
    Text,
    Time,
    case,
    cast,
    extract,
    func,
    literal,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.elements import Grouping

from api.odata.edm import WHOLE
from api.odata.query.dynamic import UNTYPED
from api.odata.query.literals import exact
from api.odata.query.statement import select
from api.odata.query.typed import Value, is_numeric

Build = Callable[..., ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of given argument types: how it is built, and what it gives (None: what its argument is)."""

    takes: tuple[tuple[str, ...], ...]
    gives: str | None
    build: Build


_FURTHEST: Final = (
    2**30 - 1
)  # no text and no list has as many; twice that is a whole number to PostgreSQL still
_TEXT: Final = ("Edm.String",)
_NUMBER: Final = ("number",)
_PLACE: Final = ("whole number",)
_INSTANT: Final = ("Edm.DateTimeOffset",)
_DAY: Final = ("Edm.Date", "Edm.DateTimeOffset")
_CLOCK: Final = ("Edm.TimeOfDay", "Edm.DateTimeOffset")


def _utc(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an instant as the wall clock in UTC; days and times of day stay what they are."""
    return func.timezone("UTC", column) if isinstance(column.type, DateTime) else column


def _part(name: str) -> Build:
    return lambda value: cast(func.floor(extract(name, _utc(value))), Integer)


def _whole(cut: Build) -> Build:
    # PostgreSQL takes whole numbers for doubles here, which hold fewer digits.
    return lambda value: cut(cast(value, Numeric) if isinstance(value.type, Integer) else value)


def _round(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.round(exact(value) if isinstance(value.type, Float) else cast(value, Numeric))


def _from_nought(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a whole number within what texts and lists have; null stays null, which greatest() would pass over."""
    whole = cast(number, BigInteger)
    return cast(case((whole < 0, 0), (whole > _FURTHEST, _FURTHEST), else_=whole), Integer)


def _substring(
    text: ColumnElement[Any], start: ColumnElement[Any], *length: ColumnElement[Any]
) -> ColumnElement[Any]:
    # A start before the text is its beginning, and nothing is shorter than nothing.
    begin = _from_nought(start) + 1
    return func.substr(text, begin, *map(_from_nought, length))


def _seconds(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return extract("epoch", value)


def _ends(text: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.right(text, func.char_length(end)) == end


FUNCTIONS: Final[dict[str, Sequence[Function]]] = {
    "contains": [Function((_TEXT, _TEXT), "Edm.Boolean", lambda text, part: func.strpos(text, part) > 0)],
    "startswith": [Function((_TEXT, _TEXT), "Edm.Boolean", func.starts_with)],
    "endswith": [Function((_TEXT, _TEXT), "Edm.Boolean", _ends)],
    "concat": [Function((_TEXT, _TEXT), "Edm.String", lambda one, other: cast(one, Text).concat(other))],
    "indexof": [Function((_TEXT, _TEXT), "Edm.Int32", lambda text, part: func.strpos(text, part) - 1)],
    "length": [Function((_TEXT,), "Edm.Int32", func.char_length)],
    "substring": [
        Function((_TEXT, _PLACE), "Edm.String", _substring),
        Function((_TEXT, _PLACE, _PLACE), "Edm.String", _substring),
    ],
    "tolower": [Function((_TEXT,), "Edm.String", func.lower)],
    "toupper": [Function((_TEXT,), "Edm.String", func.upper)],
    "trim": [Function((_TEXT,), "Edm.String", lambda text: func.regexp_replace(text, r"^\s+|\s+$", "", "g"))],
    "year": [Function((_DAY,), "Edm.Int32", _part("year"))],
    "month": [Function((_DAY,), "Edm.Int32", _part("month"))],
    "day": [Function((_DAY,), "Edm.Int32", _part("day"))],
    "hour": [Function((_CLOCK,), "Edm.Int32", _part("hour"))],
    "minute": [Function((_CLOCK,), "Edm.Int32", _part("minute"))],
    "second": [Function((_CLOCK,), "Edm.Int32", _part("second"))],
    "fractionalseconds": [
        Function((_CLOCK,), "Edm.Decimal", lambda value: extract("second", _utc(value)) % 1)
    ],
    "date": [Function((_INSTANT,), "Edm.Date", lambda value: cast(_utc(value), Date))],
    "time": [Function((_INSTANT,), "Edm.TimeOfDay", lambda value: cast(_utc(value), Time))],
    # What is stored is an instant; the offset it was once written with is not.
    "totaloffsetminutes": [
        Function((_INSTANT,), "Edm.Int32", lambda value: cast(extract("epoch", value) * 0, Integer))
    ],
    "totalseconds": [Function((("Edm.Duration",),), "Edm.Decimal", _seconds)],
    "ceiling": [Function((_NUMBER,), None, _whole(func.ceil))],
    "floor": [Function((_NUMBER,), None, _whole(func.floor))],
    "round": [Function((_NUMBER,), None, _round)],
    "mindatetime": [
        Function(
            (),
            "Edm.DateTimeOffset",
            lambda: literal(datetime.min.replace(tzinfo=UTC), DateTime(timezone=True)),
        )
    ],
    "maxdatetime": [
        Function(
            (),
            "Edm.DateTimeOffset",
            lambda: literal(datetime.max.replace(tzinfo=UTC), DateTime(timezone=True)),
        )
    ],
}


def fits(value: Value, wanted: Sequence[str]) -> bool:
    """Say whether a value may be an argument; null may be any."""
    if value.is_null:
        return True
    dynamic = value.type == UNTYPED and (
        not {"number", "whole number"}.isdisjoint(wanted)
        or not {"Edm.String", "Edm.Date", "Edm.TimeOfDay"}.isdisjoint(wanted)
    )
    whole = value.type in WHOLE and "whole number" in wanted
    return dynamic or whole or (is_numeric(value.type) and "number" in wanted) or value.type in wanted


def _holds(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return one.op("@>", return_type=Boolean())(other)


def _number_of(many: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.cardinality(many)


def _at(many: ColumnElement[Any], part: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return at which element, from 0, a list holds another in one piece; null where it does not."""
    length = _number_of(part)
    places = func.generate_series(1, _number_of(many) - length + 1).table_valued("place").render_derived()
    place: ColumnElement[Any] = places.c.place
    same = Grouping(many)[place : place + length - 1] == part
    found = select(func.min(place) - 1).select_from(places).where(same).correlate_except(places)
    return found.scalar_subquery()


def sliced(
    many: ColumnElement[Any], start: ColumnElement[Any], *length: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return a part of a list."""
    begin = _from_nought(start) + 1
    end = begin + _from_nought(length[0]) - 1 if length else _number_of(many)
    return Grouping(many)[begin:end]


# Of collections: their arguments are arrays.
COLLECTIONS: Final[dict[str, Build]] = {
    "contains": lambda many, part: _at(many, part).is_not(None),
    "startswith": lambda many, part: Grouping(many)[1 : _number_of(part)] == part,
    "endswith": lambda many, part: (
        Grouping(many)[_number_of(many) - _number_of(part) + 1 : _number_of(many)] == part
    ),
    "indexof": lambda many, part: case((many.is_not(None), func.coalesce(_at(many, part), -1))),
    "concat": lambda one, other: case((one.is_not(None) & other.is_not(None), func.array_cat(one, other))),
    "hassubset": _holds,
    "length": _number_of,
}


def array_of(items: Sequence[ColumnElement[Any]], type_: Any) -> ColumnElement[Any]:
    """Return a PostgreSQL array of items of one type."""
    return cast(array(list(items)), ARRAY(type_))
