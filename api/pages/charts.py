"""Geometry of the drawings: numbers in, SVG coordinates out. Nothing is drawn where nothing is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor
from typing import Any, Final, TypeGuard

from model.days import moved


@dataclass(frozen=True, slots=True)
class Line:
    """A path, with its last point; a gap in the values is a gap in the line."""

    path: str
    end: tuple[float, float] | None
    dots: tuple[tuple[float, float], ...] = ()


def line(values: Sequence[float | None], width: int, height: int, low: float, high: float) -> Line:
    """Lay values out from left to right, `low` at the bottom; a lone value becomes a dot."""
    step = width / max(len(values) - 1, 1)
    scale = height / ((high - low) or 1)
    points = [
        None
        if value is None
        else (round(index * step, 1), round(height - (min(max(value, low), high) - low) * scale, 1))
        for index, value in enumerate(values)
    ]
    parts, dots = [], []
    for index, point in enumerate(points):
        if point is None:
            continue
        before = points[index - 1] if index else None
        after = points[index + 1] if index + 1 < len(points) else None
        if before is None and after is None:
            dots.append(point)
        parts.append(f"{'M' if before is None else 'L'}{point[0]:g} {point[1]:g}")
    return Line("".join(parts), points[-1] if points else None, tuple(dots))


def floor_of(values: Sequence[float | None], *, most: float = 70) -> float:
    """Return a round lower end for a scale that tops at 100, the same for all lines beside each other."""
    known = [value for value in values if value is not None]
    return min(float(floor(min(known) / 10) * 10), most) if known else 0.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a stacked bar."""

    name: str
    count: int
    x: float
    width: float


def stacked(counts: dict[str, int], width: float) -> list[Segment]:
    """Divide a bar by counts; a part too small to see is widened at the cost of the others."""
    total = sum(counts.values())
    if not total:
        return []
    least = min(width * 0.012, width / len(counts))
    spare = width - least * len(counts)
    found, x = [], 0.0
    for name, count in counts.items():
        wide = least + spare * count / total
        found.append(Segment(name, count, round(x, 2), round(wide, 2)))
        x += wide
    return found


REACH: Final = timedelta(days=20 * 366)  # a date further from the day shown is a mistake, or means none
TRACK: Final = 1000  # the width of a time line, in its own units


@dataclass(frozen=True, slots=True)
class Mark:
    """A milestone on the time line: where its dates lie on the track; None where unknown."""

    baseline: float | None
    expected: float | None
    left: float | None  # of the slip's bar
    width: float
    late: bool
    far: bool  # a date of it is too far off to be drawn


@dataclass(frozen=True, slots=True)
class Timeline:
    """Tracks side by side under one scale."""

    marks: list[Mark]
    today: float | None
    ticks: list[tuple[float, str]]


def near(day: date | None, today: date, reach: timedelta = REACH) -> TypeGuard[date]:
    """Say whether a day is known and is drawn: not of the year 9999, beside which all others would be one point."""
    return day is not None and abs(day - today) <= reach


def timeline(dates: Sequence[tuple[date | None, date | None]], today: date) -> Timeline:
    """Lay out (baseline, expected) pairs on a scale that holds today and all that is near it."""
    known = [found for pair in dates for found in pair if near(found, today)]
    far = [any(found is not None and not near(found, today) for found in pair) for pair in dates]
    if not known:
        return Timeline([Mark(None, None, None, 0, late=False, far=each) for each in far], None, [])
    first, last = min(*known, today), max(*known, today)
    pad = max((last - first).days // 25, 5)
    first, last = moved(first, timedelta(days=-pad)), moved(last, timedelta(days=pad))
    days = (last - first).days

    def at(found: date | None) -> float | None:
        return round((found - first).days / days * TRACK, 1) if near(found, today) else None

    marks = []
    for (baseline, expected), off in zip(dates, far, strict=True):
        base, then = at(baseline), at(expected)
        both = base is not None and then is not None
        left = min(base or 0, then or 0) if both else None
        width = abs((then or 0) - (base or 0)) if both else 0.0
        marks.append(
            Mark(base, then, left, round(width, 1), late=both and (then or 0) > (base or 0), far=off)
        )
    return Timeline(marks, at(today), _ticks(first, last, at))


def _ticks(first: date, last: date, at: Any) -> list[tuple[float, str]]:
    """Return quarter starts, or years where there are too many quarters."""
    months = (last.year - first.year) * 12 + last.month - first.month
    every = 1 if months <= 7 else 3 if months <= 24 else 12  # noqa: PLR2004 - what fits under the track
    found = []
    for number in range(first.year * 12, last.year * 12 + 12):
        day = date(number // 12, number % 12 + 1, 1)
        if first <= day <= last and (day.month - 1) % every == 0:
            found.append((at(day), f"{day:%Y}" if every == 12 else f"{day:%b %y}"))  # noqa: PLR2004 - months
    return found


@dataclass(frozen=True, slots=True)
class Column:
    """A month of the cost chart."""

    label: str
    x: float
    bars: list[tuple[str, float, float, float]]  # kind, x, y, height


def columns(
    periods: Sequence[date],
    amounts: dict[tuple[date, str], float],
    kinds: Sequence[str],
    size: tuple[int, int],
) -> list[Column]:
    """Lay out one group of bars a month; an unknown amount has no bar."""
    width, height = size
    top = max((abs(value) for value in amounts.values()), default=0) or 1
    slot = width / max(len(periods), 1)
    bar = slot * 0.8 / len(kinds)
    found = []
    for index, period in enumerate(periods):
        bars = []
        for place, kind in enumerate(kinds):
            amount = amounts.get((period, kind))
            if amount is not None:
                tall = round(max(amount, 0) / top * height, 1)
                x = round(index * slot + slot * 0.1 + place * bar, 1)
                bars.append((kind, x, round(height - tall, 1), tall))
        found.append(Column(f"{period:%b}", round(index * slot + slot / 2, 1), bars))
    return found
