"""Values written down, as SQL of their type."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    Text,
    Time,
    Uuid,
    cast,
    false,
    literal,
    null,
    true,
)

from api.odata.edm import EnumType, Model
from api.odata.query.typed import Value, WrongType
from api.odata.syntax.tree import Literal

SQL_TYPES: Final[Mapping[str, Any]] = {
    "Edm.Boolean": Boolean(), "Edm.String": Text(), "Edm.Guid": Uuid(), "Edm.Date": Date(),
    "Edm.DateTimeOffset": DateTime(timezone=True), "Edm.TimeOfDay": Time(), "Edm.Duration": Interval(),
    "Edm.Binary": LargeBinary(), "Edm.SByte": Integer(), "Edm.Byte": Integer(), "Edm.Int16": Integer(),
    "Edm.Int32": Integer(), "Edm.Int64": BigInteger(), "Edm.Decimal": Numeric(), "Edm.Single": Double(),
    "Edm.Double": Double(),
}  # fmt: skip
# As casts: PostgreSQL takes no constant alone for a key to sort or group by.
_NUMBER: Final = re.compile(r"-?[0-9]{1,17}")  # a member's, of at most 64 bits
ALWAYS: Final[ColumnElement[bool]] = cast(true(), Boolean())
NEVER: Final[ColumnElement[bool]] = cast(false(), Boolean())
_TYPES: Final = (
    (bool, "Edm.Boolean"), (int, "Edm.Int64"), (float, "Edm.Double"), (Decimal, "Edm.Decimal"), (str, "Edm.String"),
    (UUID, "Edm.Guid"), (datetime, "Edm.DateTimeOffset"), (date, "Edm.Date"), (time, "Edm.TimeOfDay"),
    (timedelta, "Edm.Duration"), (bytes, "Edm.Binary"),
)  # fmt: skip


class Written(BindParameter[Any]):
    """A value of a request in its statement. `at` is the place it was written at, `raw` what was read there.

    A place of a page is below nought: -1 is its first key.
    """

    inherit_cache = True
    at: int
    raw: Any

    @classmethod
    def of(cls, value: Any, type_: Any, at: int) -> "Written":
        """Return a value as SQL."""
        found = cls(None, value, type_, unique=True)
        found.at, found.raw = at, value
        return found


def exact(sql: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a double as the decimal that it is written as; PostgreSQL itself keeps 15 digits of it."""
    return cast(cast(sql, Text()), Numeric())


def fixed(number: int) -> BindParameter[int]:
    """Return a number that stands in the statement itself.

    Of a limit that it does not know PostgreSQL expects so many rows that it plans each statement anew.
    """
    return BindParameter(None, number, Integer(), unique=True, literal_execute=True)


def constant(value: Any, at: int = 0) -> Value:
    """Return a Python value as SQL.

    Raises:
        WrongType: A text holds a character that no stored text can.
    """
    if value is None:
        return Value(null(), "null", literal=None, at=at)
    if isinstance(value, str) and "\x00" in value:
        raise WrongType(f"character {at + 1}: a text cannot hold the character 0", at=at)
    type_ = next(name for kind, name in _TYPES if isinstance(value, kind))
    return Value(Written.of(value, SQL_TYPES[type_], at), type_, nullable=False, literal=value, at=at)


def written(model: Model, node: Literal) -> Value:
    """Return a literal as SQL; of an enumeration its member's name, or of flags their number.

    Raises:
        WrongType: There is no such enumeration, or it has no such member.
    """
    if node.type in SQL_TYPES or node.type == "null":
        return constant(node.value, node.at)
    enum = model.enum_named(node.type)
    if enum is None:
        raise WrongType(f"character {node.at + 1}: there is no enumeration {node.type}", at=node.at)
    return member(enum, node.value, node.at)


def member(enum: EnumType, text: str, at: int) -> Value:
    """Return a member of an enumeration, by its name or its number; of flags several, parted by commas."""
    names = [name.strip() for name in text.split(",")]
    if len(names) > 1 and not enum.flags:
        raise WrongType(f"character {at + 1}: {enum.name} takes one member", at=at)
    numbers = [_number(enum, name, at) for name in names]
    if enum.flags:
        made = 0
        for number in numbers:
            made |= number
        return Value(literal(made, BigInteger()), enum, nullable=False, literal=made, at=at)
    name = next((name for name, number in enum.members.items() if number == numbers[0]), None)
    if name is None:
        raise WrongType(f"character {at + 1}: {enum.name} has no member {text!r}", at=at)
    return Value(literal(name, Text()), enum, nullable=False, literal=name, at=at)


def _number(enum: EnumType, name: str, at: int) -> int:
    if name in enum.members:
        return enum.members[name]
    if _NUMBER.fullmatch(name):
        return int(name)
    has = ", ".join(enum.members)
    raise WrongType(f"character {at + 1}: {enum.name} has no member {name!r}; it has {has}", at=at)
