"""Single cells: what stands in them, as JSON, as text, and as a fault."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from connectors.excel.words import LONGEST_UNKNOWN, UNKNOWN, clean

Json = Any

_EXACT: Final = 1e15  # whole numbers are exact up to there


class Fault(str):
    """What stands in a cell that has no usable value: an error such as `#REF!`, or a formula never calculated."""

    __slots__ = ()


class Unusable(ValueError):
    """A cell's value is not of its column's type; the message says why."""


NEVER_CALCULATED: Final = Fault("=?")


def fault_words(fault: Fault) -> str:
    """Say what is wrong with a faulty cell and what to do."""
    if fault == NEVER_CALCULATED:
        return "a formula that was never calculated; open the workbook in Excel, let it recalculate, and save"
    return f"the error {fault}; correct its formula"


def plain(value: Any) -> Json:
    """Write any cell as JSON can, for the record's own columns."""
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta | Fault) else value


def text_of(value: Any, zeros: int = 0) -> str | None:
    """Write a cell as the text a person reads in it; 1001.0 is 1001, and 42 under the format 00000 is 00042."""
    if isinstance(value, str):
        text = clean(value)
        return None if len(text) <= LONGEST_UNKNOWN and text.casefold() in UNKNOWN else text
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float) and value.is_integer():
        return str(int(value)).zfill(zeros)
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)
