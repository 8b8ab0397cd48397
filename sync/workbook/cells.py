"""Values of fields as cells of a workbook, and cells that came back as values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from model.collection.typed import NUMBERS, plain, typed, written
from model.template.language import FieldRule
from model.template.values import is_absent

Content = str | float | int | bool | date | None  # what stands in a cell

LONGEST: Final = 32_767  # characters of a cell, by Excel's own limit
_FIRST_YEAR: Final = 1901  # Excel's calendar begins in 1900, with a day in it that never was
_EXACT: Final = 15  # digits that a cell's number keeps
_WHOLE: Final = 10**15
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not in XML
_TEXTS: Final = frozenset({"string", "text", "person", "ref", "list_ref", "document", "enum", "rag"})


class Unfit(ValueError):
    """A cell cannot be taken at all; the message says what stands in it and what was expected."""


@dataclass(frozen=True, slots=True)
class Part:
    """One cell's place in a record: a field, and the month of a field that has a column for each ("" else)."""

    field: str
    month: str = ""

    @property
    def id(self) -> str:
        """Its name in the hidden row and column: `cost` or `cost@2025-06`."""
        return f"{self.field}@{self.month}" if self.month else self.field

    @classmethod
    def of(cls, name: str) -> "Part":
        """Read it back."""
        field, _, month = name.partition("@")
        return cls(field, month)

    def value(self, values: Mapping[str, Any]) -> Any:
        """Return what a record's values hold there."""
        value = values.get(self.field)
        if not self.month:
            return value
        return value.get(self.month) if isinstance(value, Mapping) else None


@dataclass(frozen=True, slots=True)
class Returned:
    """One cell as it came back. `fault` says why nothing can be read from it, whatever it shows."""

    content: Any = None
    locator: str = ""
    percent: bool = False  # shown with a percent sign: 0.45 reads 45 %
    fault: str | None = None


def to_cell(rule: FieldRule, value: Any) -> Content:
    """Return what a cell holds for a value; text where a cell's number or date cannot say it exactly."""
    if is_absent(value):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if rule.type in NUMBERS and (number := _number(value)) is not None:
        return number
    if rule.type == "date" and (day := _day(value)) is not None:
        return day
    text = written(rule, value) if not isinstance(value, Mapping) else str(dict(value))
    return writable(text) or None


def writable(text: str) -> str:
    """Return a text with a sign in place of what no workbook can hold."""
    return _UNWRITABLE.sub("\ufffd", text)


def is_too_long(content: Content) -> bool:
    """Say whether a cell cannot hold a text whole."""
    return isinstance(content, str) and len(content.encode("utf-16-le")) // 2 > LONGEST


def from_cell(rule: FieldRule, cell: Returned) -> Any:
    """Return the value a cell says; what is not of the field's type stays as it was typed.

    Raises:
        Unfit: It holds a formula, an error, or what Excel made of something else.
    """
    if cell.fault is not None:
        raise Unfit(cell.fault)
    content = cell.content
    if content is None or content == "":
        return None
    if isinstance(content, bool):
        return content if rule.type == "bool" else typed(rule, "TRUE" if content else "FALSE")
    if isinstance(content, int | float):
        return _of_number(rule, content, percent=cell.percent)
    if isinstance(content, datetime | date | time | timedelta):
        return _of_date(rule, content)
    return typed(rule, str(content))


def same(rule: FieldRule, one: Any, other: Any) -> bool:
    """Say whether two values are the same in a workbook: 480000 is "480000.00", spaces around a text are nothing."""
    return bool(_canonical(rule, one) == _canonical(rule, other))


def as_read(rule: FieldRule, value: Any) -> Any:
    """Return a value as it comes back from a cell that nobody touched."""
    content = to_cell(rule, value)
    if content is None or is_too_long(content):
        return None if content is None else value
    return from_cell(rule, Returned(content))


def _canonical(rule: FieldRule, value: Any) -> Any:
    if is_absent(value):
        return None
    value = as_read(rule, value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    if isinstance(value, list | tuple):
        return tuple(str(part).strip() for part in value)
    return plain(str(value)).strip() if value is not None else None


def _number(value: Any) -> int | float | None:
    """Return a number if a cell keeps it to the digit."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return None
    if not exact.is_finite() or len(exact.normalize().as_tuple().digits) > _EXACT:
        return None
    if isinstance(value, str) and "e" in value.lower():
        return None
    number = float(exact)
    if Decimal(repr(number)) != exact:
        return None
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def _day(value: Any) -> date | None:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return day if day.year >= _FIRST_YEAR else None


def _of_number(rule: FieldRule, content: float, *, percent: bool) -> Any:
    exact = Decimal(repr(content))
    if percent:
        if rule.type != "percent" and rule.type in NUMBERS:
            raise Unfit(
                f"shows {exact * 100:f} %; expected a plain number, so write {exact:f} or what it is meant to be"
            )
        exact *= 100
    number = int(exact) if exact == exact.to_integral_value() and abs(exact) < _WHOLE else float(exact)
    return number if rule.type in NUMBERS else typed(rule, written(rule, number))


def _of_date(rule: FieldRule, content: datetime | date | time | timedelta) -> Any:
    if isinstance(content, datetime) and content.time() == time(0):
        content = content.date()
    if isinstance(content, date) and rule.type == "period" and content.day == 1:
        return f"{content:%Y-%m}"  # 2025-06 typed into a cell of no text format
    if rule.type in _TEXTS:
        raise Unfit(
            f"holds a date ({content}), which Excel may have made of what was typed; expected a text: write it with "
            "an apostrophe before it"
        )
    return content.isoformat() if isinstance(content, datetime | date) else str(content)
