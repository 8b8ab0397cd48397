"""Geometry of time lines of many projects: lanes, marks and months in percent of the width."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from model.days import moved

LANE: Final = 20  # how high a lane is, in pixels
GAP: Final = 1.6  # percent of the width that keeps two marks of one lane apart
_MOST_TICKS: Final = 14
_STEPS: Final = (1, 3, 6, 12, 24, 60, 120)  # months between ticks
_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Scale:
    """Days from the left edge to the right one."""

    first: date
    last: date

    def at(self, day: date | None) -> float | None:
        """Return where a day lies, in percent; None where it is unknown or outside."""
        if day is None or not self.first <= day <= self.last:
            return None
        return round((day - self.first).days / max((self.last - self.first).days, 1) * 100, 2)

    def cut(self, day: date) -> float:
        """Return where a day lies, those outside at the edge they are beyond."""
        found = self.at(min(max(day, self.first), self.last))
        return 0.0 if found is None else found

    def ticks(self) -> list[tuple[float, str]]:
        """Return the first days of months, as many as there is room for."""
        months = (self.last.year - self.first.year) * _YEAR + self.last.month - self.first.month + 1
        every = next((step for step in _STEPS if months / step <= _MOST_TICKS), _STEPS[-1])
        found = []
        for number in range(self.first.year * _YEAR, self.last.year * _YEAR + _YEAR):
            day = date(number // _YEAR, number % _YEAR + 1, 1)
            where = self.at(day) if number % every == 0 else None
            if where is not None:
                found.append((where, f"{day:%Y}" if every >= _YEAR else f"{day:%b %y}"))
        return found


@dataclass(frozen=True, slots=True)
class Span:
    """One milestone on the line: where its dates lie in percent, and in which lane; None where unknown or outside."""

    baseline: float | None
    expected: float | None
    left: float | None  # of the slip's line
    right: float | None
    late: bool
    lane: int
    y: float


def scale(days: Sequence[date], today: date, *, first: date | None = None, last: date | None = None) -> Scale:
    """Return a scale that holds today and all days, or what of them lies between two."""
    begin = first or min([*days, today])
    end = last or max([*days, today])
    pad = max((end - begin).days // 40, 3)
    return Scale(moved(begin, timedelta(days=-pad)), moved(end, timedelta(days=pad)))


def spans(pairs: Sequence[tuple[date | None, date | None]], on: Scale) -> tuple[list[Span], int]:
    """Lay (baseline, expected) pairs into lanes where none covers another; return them, and how many lanes."""
    ends: list[float] = []
    found: list[Span] = []
    for baseline, expected in pairs:
        days = [day for day in (baseline, expected) if day is not None]
        known = (
            [] if not days or max(days) < on.first or min(days) > on.last else [on.cut(day) for day in days]
        )
        low, high = (min(known), max(known)) if known else (0.0, 0.0)
        lane = next((place for place, end in enumerate(ends) if low > end + GAP), len(ends))
        if known:
            ends[lane : lane + 1] = [high]
        seen = bool(known) and len(days) > 1
        found.append(
            Span(
                on.at(baseline), on.at(expected), low if seen else None, high if seen else None,
                late=bool(baseline and expected and expected > baseline), lane=lane, y=lane * LANE + LANE / 2,
            )
        )  # fmt: skip
    return found, max(len(ends), 1)
