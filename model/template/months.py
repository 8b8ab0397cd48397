"""Month columns: which months a field that repeats by month is asked for, and the values it holds."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from model.template.parts import Part

MOST: Final = 60
MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_PERIOD: Final = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-?Q([1-4])|-?W(0[1-9]|[1-4]\d|5[0-3]))?")
_FROM: Final = re.compile(r"period(?: ([+-]) (\d{1,2}))?")


class Repeat(Part):
    """One value a month: how many months, and from which.

    `from` is `period` (the period's own month, or its first), `period + 1`, `period - 3`, or `year`: the first
    month of the year that the period's month is in, where a year begins in the month `year_starts`.
    """

    model_config = ConfigDict(populate_by_name=True)

    months: Annotated[int, Field(ge=1, le=MOST)]
    """How many months."""
    from_: Annotated[str, Field(alias="from", pattern=r"^(period( [+-] \d{1,2})?|year)$")] = "period"
    """The first month: period, period + 1, period - 3 or year."""
    year_starts: Annotated[int, Field(ge=1, le=12)] = 1
    """Of `from: year`: the month that a year begins in."""

    def asked(self, period: Any) -> tuple[str, ...] | None:
        """Return the months asked for in a period, as 2025-06; None where the period cannot be read."""
        first = _first_month(period)
        if first is None:
            return None
        if self.from_ == "year":
            start = first - (first - (self.year_starts - 1)) % 12
        else:
            found = _FROM.fullmatch(self.from_)
            shift = int(found[2]) if found and found[2] else 0
            start = first - shift if found and found[1] == "-" else first + shift
        if start < date.min.year * 12 or start + self.months > (date.max.year + 1) * 12:
            return None
        return tuple(f"{at // 12:04}-{at % 12 + 1:02}" for at in range(start, start + self.months))


def is_month(text: Any) -> bool:
    """Say whether a text is a month like 2025-06."""
    return isinstance(text, str) and MONTH.fullmatch(text) is not None


def filled(values: Mapping[str, Any], asked: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the values by month with null for every month that is asked for and empty."""
    return dict.fromkeys(asked or ()) | dict(values)


def _first_month(period: Any) -> int | None:
    """Return a period's first month, counted from the year 0; a week's is that of its Thursday."""
    found = _PERIOD.fullmatch(period) if isinstance(period, str) else None
    if found is None:
        return None
    year = int(found[1])
    if found[2]:
        return year * 12 + int(found[2]) - 1
    if found[3]:
        return year * 12 + 3 * int(found[3]) - 3
    if found[4]:
        try:
            day = date.fromisocalendar(year, int(found[4]), 4)
        except ValueError:  # the year has no week 53
            return None
        return day.year * 12 + day.month - 1
    return year * 12
