"""JSON with whole numbers of any size: for all layers, the OData engine too, which knows no other of them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import orjson

_NATIVE: Final = range(-(2**63), 2**64)  # whole numbers that orjson writes by itself


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
