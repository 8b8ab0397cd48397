"""Periods and the days of a cycle: when its window opens, when it is due, and in which instants."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from model.collection.calendar import Calendar
from model.template.language import Cadence

Every = Literal["week", "month", "quarter"]
REMIND_AT: Final = time(8)  # when on its day somebody is reminded, in the cycle's time zone
_MOMENT: Final = re.compile(r"(period_end|open|due)(?: ([+-]) (?:P(\d+)([DW])|(\d+)WD))?")
_PERIOD: Final = re.compile(r"(\d{4})-(?:(0[1-9]|1[0-2])|Q([1-4])|W(0[1-9]|[1-4]\d|5[0-3]))")
_FIRST, _LAST = 1970, 2200  # years a period may be in
_WEEK, _QUARTER = 7, 3
# A template that is kept all the time and names no due day: asked for like a monthly one.
_OPEN: Final = "period_end - P2D"
_DUE: Final = "period_end + 5WD"


class BadPeriod(ValueError):
    """What was given is no period, or not one of this cadence."""


@dataclass(frozen=True, slots=True)
class Days:
    """A cycle in days of its calendar and in instants. `due_at` is the end of the day it is due."""

    period: str
    period_end: date
    opens: date
    due: date
    timezone: str
    calendar: Calendar

    @property
    def opens_at(self) -> datetime:
        """When the window opens: as the day begins."""
        return starts(self.opens, self.timezone)

    @property
    def due_at(self) -> datetime:
        """The instant from which on a submission is late: as the day after begins."""
        return starts(self.due + timedelta(days=1), self.timezone)

    def moment(self, written: str) -> date:
        """Return the day of `due + P2D`, `period_end + 5WD` and the like."""
        return moment(
            written, {"period_end": self.period_end, "open": self.opens, "due": self.due}, self.calendar
        )


def last_day(due_at: datetime, timezone: str) -> date:
    """Return the last day on which what is due at an instant is in time.

    >>> last_day(datetime(2026, 12, 8, tzinfo=UTC), "Europe/London")
    datetime.date(2026, 12, 7)
    """
    return (due_at.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZoneInfo(timezone)).date()


def days_of(cadence: Cadence | None, period: str, calendar: Calendar, timezone: str) -> Days:
    """Return the days of a period's cycle.

    Raises:
        BadPeriod: It is no period of this cadence.
    """
    cadence = cadence or Cadence(every="continuous")
    kind, last = _read(period)
    if cadence.every not in (kind, "continuous"):
        raise BadPeriod(f"{period} is a {kind}, the template is collected every {cadence.every}")
    end = calendar.worked_on_or_before(last) if cadence.period_end == "last_working_day" else last
    opens = moment(cadence.open or _OPEN, {"period_end": end}, calendar)
    due = moment(cadence.due or _DUE, {"period_end": end, "open": opens}, calendar)
    if due < opens:
        raise BadPeriod(f"{period} would be due on {due}, before it opens on {opens}")
    return Days(period, end, opens, due, zone(cadence.timezone or timezone), calendar)


def zone(name: str) -> str:
    """Return a time zone's name.

    Raises:
        BadPeriod: There is none of that name.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadPeriod(f"there is no time zone {name!r}; write it like Europe/London") from None
    return name


def starts(day: date, timezone: str) -> datetime:
    """Return the instant a day begins, also where clocks are moved at midnight."""
    return at(day, time(0), timezone)


def at(day: date, clock: time, timezone: str) -> datetime:
    """Return the instant clocks show a time on a day; of an hour that comes twice the first."""
    return datetime.combine(day, clock, ZoneInfo(timezone)).astimezone(UTC)


def moment(written: str, marks: Mapping[str, date], calendar: Calendar) -> date:
    """Return the day a template means by `period_end + 5WD` and the like.

    Raises:
        BadPeriod: It stands on a mark that is not known here.
    """
    found = _MOMENT.fullmatch(written)
    if found is None or found[1] not in marks:
        raise BadPeriod(f"{written!r} is no moment here; it stands on {', '.join(marks)}")
    mark, sign = marks[found[1]], -1 if found[2] == "-" else 1
    if found[5] is not None:
        return calendar.after(mark, sign * int(found[5]))
    days = int(found[3] or 0) * (_WEEK if found[4] == "W" else 1)
    return mark + sign * timedelta(days=days)


def period_of(every: str, day: date) -> str:
    """Return the period a day is in: 2025-06, 2025-Q2 or 2025-W23."""
    if every == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    if every == "quarter":
        return f"{day.year:04}-Q{(day.month + 2) // _QUARTER}"
    return f"{day.year:04}-{day.month:02}"


def next_period(period: str) -> str:
    """Return the period after one."""
    kind, last = _read(period)
    return period_of(kind, last + timedelta(days=1))


def previous_period(period: str) -> str:
    """Return the period before one."""
    kind, _ = _read(period)
    return period_of(kind, first_day(period) - timedelta(days=1))


def first_day(period: str) -> date:
    """Return a period's first day."""
    kind, last = _read(period)
    if kind == "week":
        return last - timedelta(days=_WEEK - 1)
    months = 0 if kind == "month" else _QUARTER - 1
    return date(last.year, last.month - months, 1)


def kind_of(period: str) -> Every:
    """Return what a period is: a week, a month or a quarter."""
    return _read(period)[0]


def _read(period: str) -> tuple[Every, date]:
    """Return a period's kind and its last day."""
    found = _PERIOD.fullmatch(period)
    if found is None or not _FIRST <= int(found[1]) <= _LAST:
        raise BadPeriod(f"{period!r} is no period; write 2025-06, 2025-Q2 or 2025-W23")
    year = int(found[1])
    if found[2] is not None:
        return "month", _last_of_month(year, int(found[2]))
    if found[3] is not None:
        return "quarter", _last_of_month(year, _QUARTER * int(found[3]))
    try:
        return "week", date.fromisocalendar(year, int(found[4]), _WEEK)
    except ValueError:
        raise BadPeriod(f"{year} has no week {found[4]}") from None


def _last_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def due_periods(cadence: Cadence, today: date, calendar: Calendar, timezone: str) -> list[str]:
    """Return the periods that are asked for on a day: what was missed longer ago is not opened any more."""
    if cadence.every == "continuous":
        return []
    now = period_of(cadence.every, today)
    return [
        period
        for period in (previous_period(now), now, next_period(now))
        if (days := days_of(cadence, period, calendar, timezone)).opens <= today
        and (today <= days.due or period == now)
    ]
