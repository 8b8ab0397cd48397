"""Working days: a week's free days and public holidays, written as rules rather than as lists of dates."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from model.declaration import Declaration, InvalidDeclaration

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEK: Final = 7
_MOST: Final = 400  # working days that anybody may count over


def _month_day(value: Any) -> Any:
    """Read `12-25`, which YAML gives as a text."""
    try:
        if isinstance(value, str) and len(value) == len("12-25"):
            date.fromisoformat(f"2024-{value}")
            return value
    except ValueError:
        pass
    raise ValueError(f"expected a month and day like 12-25, not {value!r}")


class Holiday(BaseModel):
    """A public holiday: a date, a weekday of a month, days from Easter Sunday, or once.

    `moved` says what becomes of one that falls on a free day: `next` free weekday that is no other holiday,
    `nearest` weekday (a Saturday's to Friday, a Sunday's to Monday), or nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    on: Annotated[str, BeforeValidator(_month_day)] | None = None
    nth: Literal["first", "second", "third", "fourth", "last"] | None = None
    weekday: Weekday | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    easter: Annotated[int, Field(ge=-100, le=100)] | None = None
    once: date | None = None
    moved: Literal["next", "nearest"] | None = None
    since: int | None = None  # first year
    until: int | None = None  # last year
    never_in: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_weekday = self.nth is not None and self.weekday is not None and self.month is not None
        ways = [self.on is not None, by_weekday, self.easter is not None, self.once is not None]
        if sum(ways) != 1:
            raise ValueError("give one of: on; nth, weekday and month; easter; once")
        return self

    def day(self, year: int) -> date | None:
        """Return the day it falls on in a year, before it is moved; None where there is none."""
        if self.once is not None:
            return self.once if self.once.year == year else None
        if year in self.never_in or year < (self.since or year) or year > (self.until or year):
            return None
        if self.easter is not None:
            return easter(year) + timedelta(days=self.easter)
        if self.on is not None:
            try:
                return date.fromisoformat(f"{year:04}-{self.on}")
            except ValueError:  # 29 February
                return None
        return self._by_weekday(year)

    def _by_weekday(self, year: int) -> date:
        assert self.weekday is not None  # noqa: S101 - `_one_way` holds it
        assert self.month is not None  # noqa: S101 - likewise
        wanted = DAYS.index(self.weekday)
        if self.nth == "last":
            last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
            return last - timedelta(days=(last.weekday() - wanted) % _WEEK)
        first = date(year, self.month, 1)
        weeks = ("first", "second", "third", "fourth").index(str(self.nth))
        return first + timedelta(days=(wanted - first.weekday()) % _WEEK + _WEEK * weeks)


class Calendar(BaseModel):
    """Which days are worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    free: tuple[Weekday, ...] = ("saturday", "sunday")
    holidays: tuple[Holiday, ...] = ()

    @model_validator(mode="after")
    def _something_is_worked(self) -> Self:
        if set(self.free) >= set(DAYS):
            raise ValueError("no day of the week is worked")
        return self

    def is_free(self, day: date) -> bool:
        """Say whether a day is of the week's free days."""
        return DAYS[day.weekday()] in self.free

    def is_worked(self, day: date) -> bool:
        """Say whether a day is worked."""
        return not self.is_free(day) and day not in self.holidays_of(day.year)

    def holidays_of(self, year: int) -> Mapping[date, str]:
        """Return a year's holidays where they are kept, with what each is."""
        return _kept(self, year)

    def after(self, day: date, count: int) -> date:
        """Return the day that is `count` working days after one; before it for a negative count."""
        if abs(count) > _MOST:
            raise ValueError(f"{count} working days are more than {_MOST}")
        step = timedelta(days=1 if count >= 0 else -1)
        for _ in range(abs(count)):
            day += step
            while not self.is_worked(day):
                day += step
        return day

    def worked_on_or_before(self, day: date) -> date:
        """Return the day itself where it is worked, else the last one before it that is."""
        while not self.is_worked(day):
            day -= timedelta(days=1)
        return day


def load(text: str, name: str) -> Calendar:
    """Read a calendar from YAML; `name` is what complaints call the file.

    Raises:
        InvalidDeclaration: With every complaint, each naming the file, the line and the field.
    """
    return Declaration(text, name).as_(Calendar)


@lru_cache(maxsize=1024)
def _kept(calendar: Calendar, year: int) -> Mapping[date, str]:
    """Return a year's holidays moved off free days; also those of the years beside it that come into it."""
    kept: dict[date, str] = {}
    moving: list[tuple[date, Holiday]] = []
    for each, day in _falling(calendar, year):
        if each.moved is not None and calendar.is_free(day):
            moving.append((day, each))
        else:
            kept[day] = each.name
    for day, each in moving:
        kept[_moved(calendar, day, each, kept)] = f"{each.name} (in lieu)"
    return {day: name for day, name in sorted(kept.items()) if day.year == year}


def _falling(calendar: Calendar, year: int) -> Iterator[tuple[Holiday, date]]:
    days = [
        (each, day)
        for each in calendar.holidays
        for beside in (year - 1, year, year + 1)
        if (day := each.day(beside)) is not None
    ]
    yield from sorted(days, key=lambda found: found[1])


def _moved(calendar: Calendar, day: date, holiday: Holiday, kept: Mapping[date, str]) -> date:
    step = timedelta(days=-1 if holiday.moved == "nearest" and day.weekday() == DAYS.index("saturday") else 1)
    while calendar.is_free(day) or day in kept:
        day += step
    return day


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the computus as Meeus, Jones and Butcher give it)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return date(year, month, day + 1)


__all__ = ["Calendar", "Holiday", "InvalidDeclaration", "easter", "load"]
