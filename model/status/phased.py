"""Money by month, added up to any day, and the state of the work against its plan on one day."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

Phased = Mapping[date, Decimal]  # by the first day of each month
WINDOW_MONTHS: Final = 3  # of the recent indices (F3)


@dataclass(frozen=True, slots=True)
class Standing:
    """Planned, earned and spent, all as of one day; None where nobody can say."""

    day: date
    planned: Decimal | None
    earned: Decimal
    actual: Decimal | None


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_before(day: date, months: int) -> date:
    """Return the day so many months earlier, as far as the calendar goes; a month's end stays one."""
    index = day.year * 12 + day.month - 1 - months
    if index < 12:  # noqa: PLR2004 - months of a year: before the year 1
        return date.min
    last = monthrange(index // 12, index % 12 + 1)[1]
    whole = day == month_end(day)
    return date(index // 12, index % 12 + 1, last if whole else min(day.day, last))


def until(months: Phased, day: date) -> Decimal:
    """Add up the months that are over by a day, and of the running one the share of its days that are."""
    total = Decimal(0)
    for month, amount in months.items():
        length = monthrange(month.year, month.month)[1]
        passed = (day - month.replace(day=1)).days + 1
        if passed >= length:
            total += amount
        elif passed > 0:
            total += amount * passed / length
    return total


def cumulative(months: Phased) -> list[Decimal]:
    """Return the sums from the first month to the last, one a month, months without money included."""
    if not months:
        return []
    sums, total = [], Decimal(0)
    first, last = min(months), max(months)
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        total += months.get(date(number // 12, number % 12 + 1, 1), Decimal(0))
        sums.append(total)
    return sums


def planned_to_date(plan: Phased) -> list[Decimal]:
    """Return a plan's sums month by month until its end: later months in which nothing is planned are none of it."""
    sums = cumulative(plan)
    while len(sums) > 1 and sums[-2] == sums[-1]:
        sums.pop()
    return sums


def periods(start: date, day: date) -> float:
    """Count the months from the first of a plan's first month until the end of a day."""
    whole = (day.year - start.year) * 12 + day.month - start.month
    return whole + day.day / monthrange(day.year, day.month)[1]


def after(start: date, months: float) -> date | None:
    """Return the last day of so many months from a plan's first one; None past the calendar's end."""
    whole = int(months)
    try:
        first = months_before(start.replace(day=1), -whole)
        length = monthrange(first.year, first.month)[1]
        days = round((months - whole) * length)
        return date.fromordinal(first.toordinal() + days - 1)
    except (ValueError, OverflowError):
        return None
