"""Dates as cells hold them: real ones, serial numbers, and texts in whatever order their office writes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from connectors.excel.words import clean, is_unknown

_TIME: Final = (
    r"(?:[T ,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
    r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?$"
)
_YEAR_FIRST: Final = re.compile(rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_NUMBERS: Final = re.compile(rf"^(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{2}}|\d{{4}}){_TIME}")
_SEVERAL: Final = re.compile(r"\d{1,4}[-/. ](?:\d{1,2}|[^\W\d]{3,9})[-/., ]+\d{1,4}")
_DAY_WORD: Final = re.compile(
    r"^(?:\w{3,9},? )?(\d{1,2})(?:st|nd|rd|th)?[ \-./]+([^\W\d]{3,9})\.?,?[ \-./']+(\d{2}|\d{4})" + _TIME
)
_WORD_DAY: Final = re.compile(
    r"^(?:\w{3,9},? )?([^\W\d]{3,9})\.?[ \-./]+(\d{1,2})(?:st|nd|rd|th)?,?[ \-./']+(\d{4})" + _TIME
)
_MONTH_YEAR: Final = re.compile(r"^([^\W\d]{3,9})\.?[ \-./']*(\d{4}|\d{2})$")
_YEAR_MONTH: Final = re.compile(r"^(\d{4})[-/. ]?(?:m|M)?(\d{1,2})$")
_MONTH_NUMBER: Final = re.compile(r"^(\d{1,2})[-/.](\d{4})$")
_MONTHS: Final = {
    name[:length]: number
    for number, name in enumerate(
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
         "november", "december"], start=1,
    )
    for length in range(3, 10)
} | {"sept": 9}  # fmt: skip
_EPOCH: Final = date(1899, 12, 30)
_SERIALS: Final = range(20_000, 80_000)  # 1954 to 2119: what a date column may hold unformatted
_SHIFT_1904: Final = 1462
_LAST_TWO_DIGITS: Final = 100
_TWELVE: Final = 12
_PATTERN: Final = 2  # of a kind are a pattern
_SURE: Final = 5  # real dates up to the 12th: (12/31)^5 is below one in a hundred
_DIFFERENT: Final = 3  # days among them, for dates that are all the first of a month prove nothing


class NotADate(ValueError):
    """A text is no date, or one of two; the message says which."""


@dataclass(slots=True)
class DateColumn:
    """How one column's texts are read: by its configuration, or by what its own texts prove."""

    order: str | None  # dmy, mdy, ymd or None: nothing decides
    both: bool = False  # some texts prove one order, some the other
    from_1904: bool = False
    swapped: bool = False  # Excel took its dates in the other order
    unproven: int = 0  # real dates of a column in which nothing shows that Excel did not swap them
    notes: list[str] = field(default_factory=list)

    def read(self, value: Any) -> date | None:
        """Return a cell's date; None when it says nothing.

        Raises:
            NotADate: With the reason.
        """
        if isinstance(value, date):
            day = value.date() if isinstance(value, datetime) else value
            return _swap(day) if self.swapped else day
        if isinstance(value, bool | timedelta):
            raise NotADate(f"{value!s} is no date")
        if isinstance(value, int | float):
            return self._serial(value)
        if not isinstance(value, str):
            raise NotADate(f"{value!s} is no date")
        text = clean(value)
        return None if is_unknown(text) else self._text(text)

    def _serial(self, value: float) -> date:
        if int(value) not in _SERIALS:
            raise NotADate(f"the number {value:.15g} is no date")
        return _EPOCH + timedelta(days=int(value) + (_SHIFT_1904 if self.from_1904 else 0))

    def _text(self, text: str) -> date:
        if found := _YEAR_FIRST.match(text):
            return _made(text, int(found[1]), int(found[2]), int(found[3]))
        if found := _NUMBERS.match(text):
            return self._ordered(text, int(found[1]), int(found[2]), _year(found[3]))
        if (found := _DAY_WORD.match(text)) and found[2].casefold() in _MONTHS:
            return _made(text, _year(found[3]), _MONTHS[found[2].casefold()], int(found[1]))
        if (found := _WORD_DAY.match(text)) and found[1].casefold() in _MONTHS:
            return _made(text, _year(found[3]), _MONTHS[found[1].casefold()], int(found[2]))
        if len(_SEVERAL.findall(text)) > 1:
            raise NotADate(f"{text!r} holds several dates; give the cell one")
        raise NotADate(f"{text!r} is no date")

    def _ordered(self, text: str, first: int, second: int, year: int) -> date:
        if first == second or first > _TWELVE >= second:
            return _made(text, year, second, first)
        if second > _TWELVE >= first:
            return _made(text, year, first, second)
        if self.both:
            raise NotADate(
                f"{text!r} may be day first or month first: the column has dates in both orders; set date_order"
            )
        if self.order is None:
            raise NotADate(
                f"{text!r} may be day first or month first, and no date in the column tells; set date_order"
            )
        return _made(text, year, first, second) if self.order == "mdy" else _made(text, year, second, first)


def decide(
    header: str,
    cells: Iterable[tuple[str, Any]],
    given: str | None,
    *,
    from_1904: bool,
    swapped: bool | None = None,
) -> DateColumn:
    """Decide how a column's dates are written.

    Args:
        header: What the column is called, for the notes.
        cells: Its cells: address and value.
        given: The configured order of texts, which wins over all evidence.
        from_1904: Whether the workbook counts days from 1904.
        swapped: Whether Excel swapped day and month of real dates, by configuration; None: see the evidence.
    """
    seen = _Evidence()
    for cell, value in cells:
        seen.add(cell, value)
    column = DateColumn(given, from_1904=from_1904)
    if given is None:
        _judge(column, header, seen.day_first, seen.month_first, seen.open_texts)
    if swapped is None:
        _look_for_swaps(column, header, seen)
    elif swapped:
        column.swapped = True
    return column


@dataclass(slots=True)
class _Evidence:
    """What a column's cells show; `order` holds its certain dates from the top, real ones marked."""

    day_first: list[str] = field(default_factory=list)
    month_first: list[str] = field(default_factory=list)
    open_texts: int = 0
    real: list[tuple[str, date]] = field(default_factory=list)
    order: list[tuple[date, bool]] = field(default_factory=list)

    def add(self, cell: str, value: Any) -> None:
        """Look at one cell."""
        if isinstance(value, date):
            day = value.date() if isinstance(value, datetime) else value
            self.real.append((cell, day))
            self.order.append((day, True))
            return
        if not isinstance(value, str) or (found := _NUMBERS.match(clean(value))) is None:
            return
        first, second, year = int(found[1]), int(found[2]), _year(found[3])
        if first > _TWELVE >= second:
            self.day_first.append(f"{cell} {clean(value)!r}")
            self._text(year, second, first)
        elif second > _TWELVE >= first:
            self.month_first.append(f"{cell} {clean(value)!r}")
            self._text(year, first, second)
        elif first != second:
            self.open_texts += 1

    def _text(self, year: int, month: int, day: int) -> None:
        try:
            self.order.append((date(year, month, day), False))
        except ValueError:
            return


def _judge(
    column: DateColumn, header: str, day_first: Sequence[str], month_first: Sequence[str], open_texts: int
) -> None:
    if day_first and month_first:
        column.both = True
        column.notes.append(
            f"column {header!r}: text dates in two orders, {day_first[0]} day first and {month_first[0]} month first; "
            f"{open_texts} that could be either were left out"
        )
    elif day_first or month_first:
        column.order = "dmy" if day_first else "mdy"
    elif open_texts:
        column.notes.append(
            f"column {header!r}: {open_texts} text dates could be day first or month first and nothing tells; "
            "they were left out. Set date_order: dmy or mdy"
        )


def _look_for_swaps(column: DateColumn, header: str, seen: _Evidence) -> None:
    """Notice a column that Excel read in the wrong order, and swap back where that is beyond doubt.

    What Excel could turn into dates then has day and month swapped, and only texts with a day above 12
    are left as texts. Five real dates of different days, none above 12, come about by chance once in a
    hundred times; fewer are reported and left as they are.
    """
    texts = [*seen.day_first, *seen.month_first]
    real = [day for _, day in seen.real]
    late = any(day.day > _TWELVE for day in real)
    if len(texts) < _PATTERN and not late and any(day.day != day.month for day in real):
        column.unproven = len(real)
        if _is_unlikely(real):
            column.notes.append(unproven_words(header, column.unproven))
    one_order = not (seen.day_first and seen.month_first)
    if len(texts) < _PATTERN or len(real) < _PATTERN or seen.open_texts or late:
        return
    told = (
        f"column {header!r}: its {len(real)} real dates all have a day up to 12 while {len(texts)} with a later day "
        f"are texts, such as {texts[0]}"
    )
    sure = one_order and _is_unlikely(real)
    if not sure or _turns(seen.order, swapped=True) > _turns(seen.order, swapped=False):
        column.notes.append(
            f"{told}; Excel may have swapped day and month: check them, and set swapped: true or swapped: false"
        )
        return
    column.swapped = True
    cell, day = next(((cell, day) for cell, day in seen.real if day.day != day.month), seen.real[0])
    column.notes.append(
        f"{told}. So Excel took day for month when they were entered, and day and month were swapped back: "
        f"{cell or 'a cell'} shows {day.isoformat()} and was read as {_swap(day).isoformat()}. "
        "If that is wrong, set swapped: false"
    )


def _is_unlikely(days: Sequence[date]) -> bool:
    """Tell whether it takes a swap, or much chance, that none of these days is above 12."""
    return len(days) >= _SURE and len({day.day for day in days}) >= _DIFFERENT


def unproven_words(header: str, count: int, other: str | None = None) -> str:
    """Say that a column's dates may be swapped and nothing in it tells; `other` is a column in which they are."""
    dates = "its one real date has" if count == 1 else f"all its {count} real dates have"
    beside = f", and those of column {other!r} were swapped" if other else ""
    return (
        f"column {header!r}: {dates} a day up to 12{beside}, so nothing tells whether Excel has swapped day and month; "
        "they were read as they stand: check them, and set swapped: true or swapped: false"
    )


def _turns(order: Sequence[tuple[date, bool]], *, swapped: bool) -> int:
    """Count how often a column goes back in time; the right reading of it goes back least."""
    days = [_swap(day) if swapped and real else day for day, real in order]
    return sum(later < earlier for earlier, later in pairwise(days))


def _swap(day: date) -> date:
    """Take a date's day for its month; one that has no such month stays."""
    return date(day.year, day.day, day.month) if day.day <= _TWELVE else day


def month_of(value: Any, *, year: int | None = None) -> date | None:
    """Read a month out of a header: a date, `Jan 2026`, `Jan-26`, `2026-01`, `01/2026`, or `Jan` with a year given."""
    if isinstance(value, date):
        return date(value.year, value.month, 1)
    if not isinstance(value, str):
        return None
    text = clean(value)
    found_year, month = year, 0
    if (found := _MONTH_YEAR.match(text)) and found[1].casefold() in _MONTHS:
        found_year, month = _year(found[2]), _MONTHS[found[1].casefold()]
    elif (found := _YEAR_MONTH.match(text)) or (found := _YEAR_FIRST.match(text)):
        found_year, month = int(found[1]), int(found[2])
    elif found := _MONTH_NUMBER.match(text):
        found_year, month = int(found[2]), int(found[1])
    elif is_month_name(text):
        month = _MONTHS[text.casefold().rstrip(".")]
    return date(found_year, month, 1) if found_year and 1 <= month <= _TWELVE else None


def month_of_date(text: str, order: str) -> date | None:
    """Return the month of a whole date in text, read in this order; None when it is no such date."""
    try:
        found = DateColumn(order).read(text)
    except NotADate:
        return None
    return date(found.year, found.month, 1) if found is not None else None


def certain_order(text: str) -> str | None:
    """Return the order that a date in text proves by a number above 12."""
    found = _NUMBERS.match(clean(text))
    if found is None or max(int(found[1]), int(found[2])) <= _TWELVE:
        return None
    return "dmy" if int(found[1]) > _TWELVE else "mdy"


def is_month_name(value: Any) -> bool:
    """Tell whether a header is a month without its year."""
    return isinstance(value, str) and clean(value).casefold().rstrip(".") in _MONTHS


def _year(text: str) -> int:
    return int(text) + 2000 if int(text) < _LAST_TWO_DIGITS else int(text)


def _made(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotADate(f"{text!r} is no date of the calendar") from None
