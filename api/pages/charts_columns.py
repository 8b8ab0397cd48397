"""Geometry of columns and lines over days: x in percent of the width, y in pixels, so that letters keep their size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

ORDER: Final = ("RED", "AMBER", "GREY", "GREEN", "BLUE")  # from the bottom up
_LETTERED: Final = 13  # pixels that a figure needs


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a column; `shows` says whether its figure fits into it."""

    name: str
    count: float
    y: float
    height: float
    shows: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One day's column: where it begins and how wide it is, its middle, and its parts."""

    x: float
    width: float
    middle: float
    blocks: tuple[Block, ...]


def stacks(counts: Sequence[Mapping[str, int]], height: float, *, share: float = 0.72) -> list[Column]:
    """Stack counts upon each other, all columns on one scale; nothing is drawn where nothing is counted."""
    top = max((sum(each.values()) for each in counts), default=0) or 1
    slot = 100 / max(len(counts), 1)
    found = []
    for place, each in enumerate(counts):
        y, blocks = height, []
        for name in ORDER:
            tall = each.get(name, 0) / top * height
            if tall:
                y -= tall
                blocks.append(Block(name, each[name], round(y, 1), round(tall, 1), tall >= _LETTERED))
        x = place * slot + slot * (1 - share) / 2
        found.append(
            Column(round(x, 2), round(slot * share, 2), round(place * slot + slot / 2, 2), tuple(blocks))
        )
    return found


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of a line."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over days: pieces, and a dot at every day that is known. A gap in what is known is a gap in the line."""

    pieces: tuple[Segment, ...]
    dots: tuple[tuple[float, float], ...]


def curve(values: Sequence[float | None], height: float, low: float, high: float) -> Curve:
    """Lay values out, one in the middle of each slot."""
    slot = 100 / max(len(values), 1)
    scale = height / ((high - low) or 1)
    points = [
        None
        if value is None
        else (
            round(place * slot + slot / 2, 2),
            round(height - (min(max(value, low), high) - low) * scale, 1),
        )
        for place, value in enumerate(values)
    ]
    pieces = [
        Segment(*before, *after)
        for before, after in pairwise(points)
        if before is not None and after is not None
    ]
    return Curve(tuple(pieces), tuple(point for point in points if point is not None))
