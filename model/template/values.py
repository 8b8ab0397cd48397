"""Whether a value is what its field asks for: type, range, length, pattern."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from model.status.colour import Colour, counted
from model.template.language import FieldRule
from model.template.months import is_month
from model.template.patterns import Pattern
from model.template.seen import seen

PERIOD: Final = r"[0-9]{4}(-(0[1-9]|1[0-2])|-?Q[1-4])?"
AMOUNT: Final = (
    r"-?[0-9]+(\.[0-9]+)?"  # as text: no blanks, signs of more, exponents or other scripts' digits
)
_PERIOD: Final = re.compile(PERIOD)
_AMOUNT: Final = re.compile(AMOUNT)
_ISO_DATE: Final = len("2025-06-30")
_SHOWN: Final = 40  # characters of a wrong value that a message repeats


class Invalid(ValueError):
    """A value is not what its field asks for; the message says what is asked and what was found."""


class Read(NamedTuple):
    """A value as its type, and what is wrong with it, None if nothing is.

    `value` is None where it is absent, or so wrong that it has no value of its type (`unreadable`).
    """

    value: Any = None
    problem: str | None = None
    unreadable: bool = False


ABSENT: Final = Read()
_ALWAYS_THERE: Final = frozenset({int, float, bool, date, Decimal})  # of other types some are no value


def is_absent(value: Any) -> bool:
    """Say whether there is no value: nothing, a text in which nothing can be seen, a list of such, empty months."""
    if isinstance(value, str):
        return not seen(value)
    if isinstance(value, dict):
        return all(is_month(month) and is_absent(each) for month, each in value.items())
    if isinstance(value, list | tuple):
        return all(isinstance(part, str) and not seen(part) for part in value)
    return value is None


def reader(rule: FieldRule) -> Callable[[Any], Read]:
    """Return a function that reads and tests values of a field."""
    once = _once(rule)
    return once if rule.repeat is None else _monthly(once)


def _monthly(once: Callable[[Any], Read]) -> Callable[[Any], Read]:
    """Read a map from month to value: each is read and tested by itself, empty ones are left out."""

    def read(value: Any) -> Read:
        if is_absent(value):
            return ABSENT
        if not isinstance(value, Mapping):
            return Read(None, f"expected a value for each month, is {shown(value)}", unreadable=True)
        if strange := [key for key in value if not is_month(key)]:
            said = f"expected months like 2025-06, is {', '.join(shown(key) for key in strange[:3])}"
            return Read(None, said, unreadable=True)
        months = {month: once(value[month]) for month in sorted(value)}
        problems = [f"{month}: {each.problem}" for month, each in months.items() if each.problem]
        said_all = "; ".join(problems) or None
        if any(each.unreadable for each in months.values()):
            return Read(None, said_all, unreadable=True)
        have = {month: each.value for month, each in months.items() if each.value is not None}
        return Read(have, said_all) if have else ABSENT

    return read


def _once(rule: FieldRule) -> Callable[[Any], Read]:
    parse = _PARSERS[rule.type]
    tests = _tests(rule)
    is_list = rule.type == "list_ref"

    def read(value: Any) -> Read:
        # Months and blanks in a list are nothing only where months or a list are asked for.
        if value is None or (
            value.__class__ not in _ALWAYS_THERE
            and (is_list or not value or isinstance(value, str))
            and is_absent(value)
        ):
            return ABSENT
        try:
            parsed = parse(value)
        except Invalid as error:
            return Read(None, str(error), unreadable=True)
        for test in tests:
            problem = test(parsed)
            if problem is not None:
                return Read(parsed, problem)
        return Read(parsed)

    return read


def shown(value: Any) -> str:
    """Repeat a value in a message, shortened."""
    text = exactly(value).encode("utf-8", "replace").decode()
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def exactly(value: Any) -> str:
    """Write a value; a number the same however it came: 5, 5.0 and an amount of 5.00 are all 5."""
    if isinstance(value, Mapping):  # a store gives it back in another order; an empty month is none
        parts = {str(key): each for key, each in value.items() if not (is_month(key) and is_absent(each))}
        return ", ".join(f"{key}: {exactly(parts[key])}" for key in sorted(parts)) or "nothing"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    try:
        number = Decimal(str(value))
    except ValueError:  # more digits than Python writes out
        return "a number of thousands of digits"
    if not number.is_finite():
        return str(value)
    if abs(number.adjusted()) > _SHOWN:
        return str(number.normalize())
    return f"{number:f}".rstrip("0").rstrip(".") if number != number.to_integral_value() else f"{int(number)}"


def alike(value: Any) -> Any:
    """Return what makes two values the same where none may repeat: of a text neither case nor blanks around."""
    if isinstance(value, str):
        return " ".join(seen(value).casefold().split())
    return tuple(map(alike, value)) if isinstance(value, list | tuple) else value


def _tests(rule: FieldRule) -> list[Callable[[Any], str | None]]:
    tests: list[Callable[[Any], str | None]] = []
    least, most = rule.min, rule.max
    if rule.values:
        said = ", ".join(rule.values)
        allowed = frozenset(rule.values)
        tests.append(lambda value: None if value in allowed else f"one of {said}, is {shown(value)}")
    if least is not None:
        tests.append(lambda value: f"at least {least:g}, is {exactly(value)}" if value < least else None)
    if most is not None:
        tests.append(lambda value: f"at most {most:g}, is {exactly(value)}" if value > most else None)
    tests += _text_tests(rule)
    return tests


def _text_tests(rule: FieldRule) -> list[Callable[[Any], str | None]]:
    tests: list[Callable[[Any], str | None]] = []
    shortest, longest = rule.min_len, rule.max_len
    if shortest is not None:
        said_least = f"at least {counted(shortest, 'character')}, has"
        tests.append(
            lambda value: f"{said_least} {length}" if (length := len(seen(value))) < shortest else None
        )
    if longest is not None:
        said_most = f"at most {counted(longest, 'character')}, has"
        tests.append(
            lambda value: f"{said_most} {length}" if (length := len(seen(value))) > longest else None
        )
    if rule.pattern is not None:
        pattern, written = Pattern(rule.pattern), rule.pattern
        tests.append(lambda value: None if pattern.found_in(value) else f"like {written}, is {shown(value)}")
    return tests


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(f"expected a text, is {shown(value)}")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid(f"expected a text, has half a character in {shown(value)}")
    return value


def _number(value: Any) -> float | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not _is_finite(value):
        raise Invalid(f"expected a number, is {shown(value)}")
    return value


def _is_finite(value: float | Decimal) -> bool:
    try:
        return math.isfinite(value)
    except (OverflowError, ValueError):  # a whole number too large for a double; a signalling NaN
        return False


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise Invalid(f"expected a whole number, is {shown(value)}")
    return int(number)


def _money(value: Any) -> float | Decimal:
    """Take a number, or a decimal as text, as money travels."""
    if isinstance(value, str):
        if not _AMOUNT.fullmatch(value):
            raise Invalid(f"expected an amount, is {shown(value)}")
        value = Decimal(value)
    return _number(value)


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        if (
            isinstance(value, str) and len(value) == _ISO_DATE and value[4] == value[7] == "-"
        ):  # 20250630 and 2025-W27-1 are ISO too
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    raise Invalid(f"expected a date like 2025-06-30, is {shown(value)}")


def _period(value: Any) -> str:
    if not _PERIOD.fullmatch(_text(value)):
        raise Invalid(f"expected a period like 2025-06, is {shown(value)}")
    return str(value)


def _rag(value: Any) -> str:
    if not isinstance(value, str) or value not in Colour.__members__:
        raise Invalid(f"expected one of {', '.join(Colour.__members__)}, is {shown(value)}")
    return str(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"expected true or false, is {shown(value)}")
    return value


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple):
        raise Invalid(f"expected a list, is {shown(value)}")
    return [text for part in value if seen(text := _text(part))]


_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": _text,
    "text": _text,
    "int": _whole,
    "number": _number,
    "percent": _number,
    "money": _money,
    "date": _date,
    "period": _period,
    "enum": _text,
    "rag": _rag,
    "person": _text,
    "ref": _text,
    "list_ref": _list,
    "bool": _bool,
    "document": _text,
}
