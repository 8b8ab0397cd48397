"""JSON as it is stored: compact, instants in UTC with Z, decimals as text."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

_NATIVE: Final = range(-(2**63), 2**64)  # whole numbers that orjson writes by itself


def _other(value: Any) -> Any:
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def dump_bytes(value: Any, *, canonical: bool = False) -> bytes:
    """Write JSON; canonical sorts the keys, so that equal values hash equally."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    if canonical:
        options |= orjson.OPT_SORT_KEYS
    return encoded(value, default=_other, option=options)


def dumps(value: Any) -> str:
    """Write JSON as text."""
    return dump_bytes(value).decode()


def encoded(value: Any, *, default: Callable[[Any], Any] | None = None, option: int = 0) -> bytes:
    """Write JSON with whole numbers of any size, digit by digit.

    >>> encoded({"cost": 10**21})
    b'{"cost":1000000000000000000000}'
    """
    try:
        return orjson.dumps(value, default=default, option=option)
    except TypeError:  # a number beyond 64 bits, or something that is no JSON and is refused again
        return orjson.dumps(_spelt(value), default=default, option=option)


def _spelt(value: Any) -> Any:
    """Spell out the numbers that do not fit into 64 bits."""
    if isinstance(value, Mapping):
        return {key: _spelt(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and value not in _NATIVE:
        return in_full(Decimal(value))  # by a Decimal: Python writes out no whole number of over 4,300 digits
    return value


def in_full(value: Decimal) -> orjson.Fragment:
    """Return a JSON number with every digit of a decimal."""
    return orjson.Fragment(f"{value:f}".encode())


def instant_text(value: datetime | None) -> str | None:
    """Write an instant in UTC with Z, exactly: what is handed out as a clock finds the same again.

    >>> instant_text(datetime(2026, 11, 22, 19, 8, 32, 385000, tzinfo=UTC))
    '2026-11-22T19:08:32.385000Z'
    """
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
