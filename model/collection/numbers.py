"""Numbers as people give them: read as they are written, and refused in words where they cannot be kept so."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from model.template.language import FieldRule
from model.template.values import exactly, shown

_LONGEST: Final = 400  # digits before the point, and after it: more than any float has


class GivenTwice(json.JSONDecodeError):
    """An object gives a key twice; which of the two is meant nobody can know."""

    def __init__(self, key: str) -> None:
        super().__init__(f"gives {shown(key)} twice", "", 0)

    def __str__(self) -> str:
        """Leave out the place, which the parser does not tell."""
        return self.msg


def loads_strictly(text: str | bytes) -> Any:
    """Read JSON in which no object gives a key twice.

    Raises:
        ValueError: It is no JSON; mostly `json.JSONDecodeError`, with the place; `GivenTwice` of a key.
    """
    return _loads(text)


def loads_exactly(text: str | bytes) -> Any:
    """Read JSON; a number that a float would alter, such as 12345678901234567.89, becomes a decimal.

    Raises:
        ValueError: It is no JSON; mostly `json.JSONDecodeError`, with the place; `GivenTwice` of a key.

    >>> loads_exactly("[0.1, 12345678901234567.89]")
    [0.1, Decimal('12345678901234567.89')]
    """
    return _loads(text, parse_float=_fraction, parse_int=_whole)


def _loads(text: str | bytes, **numbers: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, **numbers)
    except RecursionError:
        raise json.JSONDecodeError("it is nested too deeply", "", 0) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(key for key, _ in pairs)
    raise GivenTwice(next(key for key, given in times.items() if given > 1))


def is_exact(near: float, exact: Decimal) -> bool:
    """Say whether a float, as it is written, is that decimal."""
    return Decimal(repr(near)) == exact


def unkept(rule: FieldRule, value: Any) -> str | None:
    """Say why a number cannot be kept as it was given, None if it can.

    An amount is kept as decimal text with all of its digits; other numbers as JSON's.
    """
    if isinstance(value, Mapping):
        return next(filter(None, (unkept(rule, each) for each in value.values())), None)
    if isinstance(value, list | tuple):
        return next(filter(None, (unkept(rule, each) for each in value)), None)
    if isinstance(value, float) and not math.isfinite(value):
        return "is no number"
    if isinstance(value, int):
        return _too_long() if abs(value) >= 10**_LONGEST else None
    if isinstance(value, Decimal):
        return _unkept_decimal(rule, value)
    written = _amount(value) if rule.type == "money" and isinstance(value, str) else None
    return _too_long() if written is not None and _is_long(written) else None


def _unkept_decimal(rule: FieldRule, value: Decimal) -> str | None:
    if not value.is_finite():
        return "is no number"
    if _is_long(value):
        return _too_long()
    if rule.type == "money" or is_exact(near := float(value), value):
        return None
    if math.isinf(near):
        return "is larger than any number that can be kept"
    return "has more digits than can be kept (about 16): round it to what is meant"


def _too_long() -> str:
    return f"has more than {_LONGEST} digits"


def _is_long(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return value.is_finite() and (value.adjusted() >= _LONGEST or int(exponent) < -_LONGEST)


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _fraction(text: str) -> float | Decimal:
    near, exact = float(text), Decimal(text)
    return near if is_exact(near, exact) else exact


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST else Decimal(text)


def alike(*values: Any) -> list[str]:
    """Write values that stand for one another, numbers in one way: 3.0 and an amount of "3.00" are both 3.

    >>> alike(3.0, 2, "480000.00", None), alike("007", "7")
    (['3', '2', '480000', 'nothing'], ["'007'", "'7'"])
    """
    numeric = any(isinstance(each, int | float | Decimal) and not isinstance(each, bool) for each in values)
    return [_alike(each, numeric=numeric) for each in values]


def _alike(value: Any, *, numeric: bool) -> str:
    if value is None:
        return "nothing"
    number = _amount(value) if numeric and isinstance(value, str) else value
    is_number = isinstance(number, int | float | Decimal) and not isinstance(number, bool)
    return exactly(number) if is_number else repr(value)
