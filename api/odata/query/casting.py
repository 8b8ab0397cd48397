"""`cast` as SQL: what cannot be cast is null, and never an error (URL conventions 5.1.1.10)."""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Date, DateTime, Text, Time, case, cast, func, literal, null
from sqlalchemy import Numeric as Decimal

from api.odata.edm import WHOLE, EnumType
from api.odata.problems import Unsupported
from api.odata.query.dynamic import UNTYPED, as_text, from_text, known
from api.odata.query.literals import SQL_TYPES, exact
from api.odata.query.typed import Value, WrongType, is_numeric, name_of
from api.odata.syntax.tree import Node

Sql = ColumnElement[Any]
# The least and the greatest of the whole types; what lies outside is null.
_ENDS: Final = {
    "Edm.SByte": (-(2**7), 2**7 - 1), "Edm.Byte": (0, 2**8 - 1), "Edm.Int16": (-(2**15), 2**15 - 1),
    "Edm.Int32": (-(2**31), 2**31 - 1), "Edm.Int64": (-(2**63), 2**63 - 1),
}  # fmt: skip
_NUMBER: Final = r"^[+-]?\d{1,200}(\.\d{1,200})?([eE][+-]?\d{1,2})?$"


def converted(node: Node, given: Value, to: str | EnumType) -> Value:
    """Cast a value to a primitive type or an enumeration.

    Raises:
        WrongType: There is no such type.
        Unsupported: Nothing is cast from the one to the other here.
    """
    if isinstance(to, EnumType):
        return _to_member(node, given, to)
    if to not in SQL_TYPES:
        raise WrongType(f"character {node.at + 1}: there is no type {to}", at=node.at)
    if given.type == UNTYPED and to == "Edm.String":
        return Value(as_text(given.sql), to, at=node.at)
    if given.type == UNTYPED:
        return converted(node, known(given, "Edm.String" if to == "Edm.DateTimeOffset" else to), to)
    if given.is_null or given.type == to:
        return Value(cast(given.sql, SQL_TYPES[to]), to, at=node.at)
    made = _across(given, to)
    if made is None:
        raise Unsupported(
            f"character {node.at + 1}: {name_of(given.type)} is not cast to {to} here", at=node.at
        )
    return Value(made, to, at=node.at)


def _across(given: Value, to: str) -> Sql | None:
    """Return a value as one of another type; None where nothing is cast so here."""
    if to == "Edm.String":
        return _text(given)
    if is_numeric(given.type) and is_numeric(to):
        return _number(given.sql, to, floating=given.type in ("Edm.Double", "Edm.Single"))
    if given.type == "Edm.DateTimeOffset" and to in ("Edm.Date", "Edm.TimeOfDay"):
        return cast(func.timezone("UTC", given.sql), Date() if to == "Edm.Date" else Time())
    if (given.type, to) == ("Edm.Date", "Edm.DateTimeOffset"):
        return func.timezone("UTC", cast(given.sql, DateTime()))
    if given.type == "Edm.String":
        return read_text(given.sql, to)
    return None


def _text(given: Value) -> Sql | None:
    """Write a value as its literal without quotes and prefix."""
    if isinstance(given.type, EnumType):
        if not given.type.flags:
            return cast(given.sql, Text())
        names = [(name, number) for name, number in given.type.members.items() if number]
        parts = [case((given.sql.bitwise_and(number) == number, name)) for name, number in names]
        none = next((name for name, number in given.type.members.items() if not number), "0")
        set_ = func.nullif(func.concat_ws(",", *parts), "")
        return case((given.sql.is_not(None), func.coalesce(set_, none)))
    if given.type == "Edm.DateTimeOffset":
        written = func.to_char(func.timezone("UTC", given.sql), 'YYYY-MM-DD"T"HH24:MI:SS.US')
        return func.regexp_replace(written, r"\.?0*$", "").concat("Z")
    if given.type in ("Edm.Binary", "Edm.Duration"):
        return None
    return cast(given.sql, Text())


def _number(sql: Sql, to: str, *, floating: bool) -> Sql:
    if to not in WHOLE:
        if floating and to == "Edm.Decimal":
            return exact(case((func.abs(sql) < float("inf"), sql)))
        return cast(sql, SQL_TYPES[to])
    cut = func.trunc(exact(case((func.abs(sql) < float("inf"), sql))) if floating else cast(sql, Decimal()))
    least, most = _ENDS[to]
    return case((cut.between(literal(least, Decimal()), literal(most, Decimal())), cast(cut, BigInteger())))


def read_text(sql: Sql, to: str) -> Sql | None:
    """Read a text as a value; null where it is none. CASE keeps PostgreSQL from casting what does not look right."""
    if is_numeric(to):
        looks = sql.op("~")(_NUMBER)
        return _number(cast(case((looks, sql)), Decimal()), to, floating=False)
    return from_text(sql, to)


def _to_member(node: Node, given: Value, enum: EnumType) -> Value:
    if given.is_null:
        return Value(null(), enum, at=node.at)
    if given.type == enum:
        return given
    by_name = {name: number if enum.flags else name for name, number in enum.members.items()}
    by_number = {number: number if enum.flags else name for name, number in enum.members.items()}
    if given.type == "Edm.String":
        made: Sql = case(*((given.sql == name, held) for name, held in by_name.items()))
    elif given.type in WHOLE and enum.flags:
        made = case((given.sql.between(0, _all(enum)), cast(given.sql, BigInteger())))
    elif given.type in WHOLE:
        made = case(*((given.sql == number, held) for number, held in by_number.items()))
    else:
        raise Unsupported(
            f"character {node.at + 1}: {name_of(given.type)} is not cast to {enum.name} here", at=node.at
        )
    return Value(made, enum, at=node.at)


def _all(enum: EnumType) -> int:
    made = 0
    for number in enum.members.values():
        made |= number
    return made
