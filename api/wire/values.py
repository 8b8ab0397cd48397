"""What may be sent: days, instants and numbers that mean one thing, however a library would guess at others."""

import re
from datetime import UTC, date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

MOST_ID: Final = 2**53 - 1  # what every reader of JSON can hold
PERIOD: Final = r"^\d{4}-(0[1-9]|1[0-2]|Q[1-4]|W(0[1-9]|[1-4]\d|5[0-3]))$"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _day(value: Any) -> Any:
    """Refuse numbers, which a library would take for seconds since 1970."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise PydanticCustomError("date_parsing", "no date")
    return value


def _instant(value: Any) -> Any:
    if isinstance(value, str) and not _INSTANT.fullmatch(value):
        raise PydanticCustomError("datetime_parsing", "no instant")
    return value


def _in_utc(value: AwareDatetime) -> AwareDatetime:
    """Refuse an instant that UTC has no date for: the first and last hours of the calendar, with an offset."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be an instant from the year 1 to 9999 in UTC") from None
    return value


Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_in_utc)]
