"""Values as OData's JSON has them (JSON format 7.1)."""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson

from api.odata.edm import WHOLE, EnumType
from model.full_json import encoded

_BIG: Final = frozenset({"Edm.Int64", "Edm.Decimal"})
_DAY_S: Final = 86_400


def decimal(value: Decimal) -> orjson.Fragment:
    """Return a decimal as a JSON number, digit by digit."""
    return orjson.Fragment(f"{value:f}" if value.is_finite() else "null")


def instant(value: datetime) -> str:
    """Return an instant in UTC, with as many digits of a second as it has."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def duration(value: timedelta) -> str:
    """Return a duration as ISO 8601 has it, in days and parts of one."""
    sign = "-" if value < timedelta(0) else ""
    whole = abs(value)
    seconds = whole.seconds + Decimal(whole.microseconds) / 1_000_000
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    clock = "".join(
        f"{part.normalize():f}{unit}" for part, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if part
    )
    days = f"{whole.days}D" if whole.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"


def binary(value: bytes | memoryview) -> str:
    """Return bytes as base64url."""
    return base64.urlsafe_b64encode(bytes(value)).decode("ascii")


def double(value: float | Decimal) -> Any:
    """Return a double, of whatever the column is; what JSON has no number for is a text."""
    value = float(value)
    if value != value:  # noqa: PLR0124 - not a number is the one that differs from itself
        return "NaN"
    return {float("inf"): "INF", float("-inf"): "-INF"}.get(value, value)


_WRITERS: Final[dict[str, Callable[[Any], Any]]] = {
    "Edm.Decimal": lambda value: decimal(value if isinstance(value, Decimal) else Decimal(value)),
    "Edm.DateTimeOffset": instant, "Edm.Date": date.isoformat, "Edm.TimeOfDay": time.isoformat, "Edm.Guid": str,
    "Edm.Duration": duration, "Edm.Binary": binary, "Edm.Double": double, "Edm.Single": double,
}  # fmt: skip

# What JSON is written with has the same forms for these, and is quicker at it.
NATIVE: Final[frozenset[Callable[[Any], Any]]] = frozenset({instant, date.isoformat, time.isoformat, str})


def _other(value: Any) -> Any:
    """Write what a column gave that is of another type than its property."""
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, timedelta):
        return duration(value)
    return binary(value) if isinstance(value, bytes | memoryview) else str(value)


def dumped(value: Any) -> bytes:
    """Write a whole document."""
    return encoded(value, default=_other, option=orjson.OPT_UTC_Z)


def writer(type_: str | EnumType, *, big_as_text: bool = False) -> Callable[[Any], Any] | None:
    """Return what writes a value of a type; None where it is written as it is.

    Args:
        type_: A primitive type, or an enumeration.
        big_as_text: Whether numbers that JavaScript cannot hold are written as texts (IEEE754Compatible).
    """
    if isinstance(type_, EnumType):
        return _flags(type_) if type_.flags else None
    if big_as_text and type_ in _BIG:
        return lambda value: f"{value:f}" if isinstance(value, Decimal) else str(value)
    return _WRITERS.get(type_)


def reckoned(type_: str | EnumType, *, big_as_text: bool = False) -> Callable[[Any], Any] | None:
    """Return what writes a value that was reckoned: numbers of any type may come as decimals from the database."""
    write = writer(type_, big_as_text=big_as_text)
    if write is double:
        return lambda value: double(float(value))
    return int if write is None and type_ in WHOLE else write


def _flags(enum: EnumType) -> Callable[[Any], Any]:
    def write(value: int) -> str:
        names = [name for name, number in enum.members.items() if number and value & number == number]
        if not names:
            return next((name for name, number in enum.members.items() if number == value), str(value))
        return ",".join(names)

    return write
