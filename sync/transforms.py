"""The transforms every mapping may name, and what each attribute type accepts. All are plain functions.

None of them is ever called with None. A bad value raises ValueError in words; the record is then
rejected with them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from model.exact import MOST_DIGITS

_COLOURS: Final = {
    "green": "GREEN", "g": "GREEN", "on track": "GREEN",
    "amber": "AMBER", "a": "AMBER", "yellow": "AMBER", "at risk": "AMBER",
    "red": "RED", "r": "RED", "off track": "RED",
    "grey": "GREY", "gray": "GREY", "blue": "BLUE", "complete": "BLUE",
}  # fmt: skip
_TRUE: Final = frozenset({"true", "yes", "y", "1", "x", "ja", "oui"})
_FALSE: Final = frozenset({"false", "no", "n", "0", "nein", "non"})
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")


def text(value: Any) -> str | None:
    """Text as it is; numbers as people write them; "" is None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        whole = isinstance(value, float) and value.is_integer()
        return str(int(value)) if whole else str(value)
    raise ValueError("expected text")


def number(value: Any) -> float | None:
    """A number, also one written as text with a point."""
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004  (all bad values are ValueErrors here)
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError("expected a number") from None
    if found != found or found in {float("inf"), float("-inf")}:  # noqa: PLR0124  (nan is not itself)
        raise ValueError("expected a finite number")
    return found


def integer(value: Any) -> int | None:
    """A whole number."""
    found = number(value)
    if found is None:
        return None
    if not found.is_integer():
        raise ValueError("expected a whole number")
    return int(found)


def money(value: Any) -> Decimal | None:
    """An exact amount."""
    if isinstance(value, bool):
        raise ValueError("expected an amount")  # noqa: TRY004
    try:
        found = Decimal(str(value).strip()) if str(value).strip() else None
    except InvalidOperation:
        raise ValueError("expected an amount") from None
    if found is not None and not found.is_finite():
        raise ValueError("expected an amount")
    if found and found.adjusted() >= MOST_DIGITS:
        raise ValueError(f"expected an amount of at most {MOST_DIGITS} digits before the point")
    return found


def day(value: Any) -> date | None:
    """An ISO date; of an instant, the date as written in its own offset."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a date as YYYY-MM-DD")  # noqa: TRY004
    if not value:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise ValueError("expected a date as YYYY-MM-DD") from None


def instant(value: Any) -> datetime | None:
    """An ISO instant with any offset, with or without a colon, and 1 to 7 fraction digits; in UTC.

    A value without an offset is refused: nobody can say which hour it means.
    """
    if isinstance(value, datetime):
        found = value
    else:
        if not isinstance(value, str):
            raise ValueError("expected an instant such as 2026-01-31T09:00:00Z")  # noqa: TRY004
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            try:
                found = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
            except ValueError:
                raise ValueError("expected an instant such as 2026-01-31T09:00:00Z") from None
    if found.tzinfo is None:
        raise ValueError("expected an instant with a time zone")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected an instant from the year 1 to 9999 in UTC") from None


def boolean(value: Any) -> bool | None:
    """True or false, also in the words people type into a sheet."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if not word:
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("expected yes or no")


def texts(value: Any) -> list[str] | None:
    """A list of texts; one text is a list of one."""
    if isinstance(value, str):
        return [value] if value else None
    if isinstance(value, list | tuple):
        return [str(each) for each in value if each is not None]
    raise ValueError("expected a list of texts")


def colour(value: Any) -> str | None:
    """A status colour, also as a letter or in the words people use."""
    word = str(value).strip().casefold()
    if not word:
        return None
    if word not in _COLOURS:
        raise ValueError("expected a colour: green, amber, red, or grey")
    return _COLOURS[word]


def hours_from_seconds(value: Any) -> float | None:
    """Seconds into hours; Jira counts effort in seconds."""
    seconds = number(value)
    return None if seconds is None else seconds / 3600


def whatever(value: Any) -> Any:
    """Leave a JSON value as it is."""
    return value


COMMON: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": text,
    "number": number,
    "int": integer,
    "money": money,
    "date": day,
    "instant": instant,
    "bool": boolean,
    "texts": texts,
    "colour": colour,
    "hours_from_seconds": hours_from_seconds,
}

BY_TYPE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": text,
    "int": integer,
    "number": number,
    "percent": number,
    "money": money,
    "date": day,
    "instant": instant,
    "period": text,
    "enum": text,
    "rag": colour,
    "bool": boolean,
    "texts": texts,
    "json": whatever,
}
