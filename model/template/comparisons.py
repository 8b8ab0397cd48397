"""Comparisons of two things of one kind that come out the same for every record, by what the two can be."""

import difflib
import re
from collections.abc import Iterator
from typing import Final

from model.status.colour import counted
from model.template.cel_shape import names_anything
from model.template.cel_tree import Literal, Node
from model.template.kinds import NUMBER, Kind, basic
from model.template.ranges import never_equal, ordered
from model.template.seen import seen
from model.template.values import PERIOD

_PERIOD: Final = re.compile(PERIOD)
_WEEK: Final = re.compile(r"[0-9]{4}-?W(0[1-9]|[1-4][0-9]|5[0-3])")
Sides = tuple[tuple[Kind, Node], tuple[Kind, Node]]


def always_in_order(at: int, sign: str, sides: Sides) -> Iterator[tuple[int, str]]:
    """Complain of an order that is the same for all, or is asked of a period against what is none."""
    yield from _no_periods(sides)
    (one, left), (other, right) = sides
    if basic(one) == NUMBER.name and (names_anything(left) or names_anything(right)):
        comes = ordered(sign, one.range, other.range)
        if comes is not None:
            yield at, f"it is {'always' if comes else 'never'} so, by what these can be"


def never_the_same(at: int, sides: Sides) -> Iterator[tuple[int, str]]:
    """Complain of two things that are never equal."""
    (one, left), (other, right) = sides
    named = names_anything(left) or names_anything(right)
    if basic(one) == NUMBER.name and named and never_equal(one.range, other.range):
        yield at, "these are never the same, by what they can be"
    if one.values and other.values and not set(one.values) & set(other.values):
        yield (
            at,
            f"these are never the same: one is {', '.join(one.values)}, the other {', '.join(other.values)}",
        )
    yield from _no_periods(sides)
    yield from _too_long(sides)
    for kind, node in ((one, right), (other, left)):
        if kind.values and isinstance(node, Literal) and node.value not in kind.values:
            near = difflib.get_close_matches(str(node.value), kind.values, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield node.at, f"it is never {node.value!r}, only {', '.join(kind.values)}{hint}"


def _no_periods(sides: Sides) -> Iterator[tuple[int, str]]:
    (one, left), (other, right) = sides
    for kind, node in ((one, right), (other, left)):
        written = node.value if isinstance(node, Literal) else None
        if kind.is_period and isinstance(written, str) and not is_period(written, weeks=kind.weeks):
            yield node.at, f"it is never {written!r}, only a period like 2025-06, 2025-Q2 or 2025"


def is_period(text: str, *, weeks: bool) -> bool:
    """Say whether a text is a period, or (`weeks`) a week."""
    return bool(_PERIOD.fullmatch(text) or (weeks and _WEEK.fullmatch(text)))


def _too_long(sides: Sides) -> Iterator[tuple[int, str]]:
    (one, left), (other, right) = sides
    for kind, node in ((one, right), (other, left)):
        written = node.value if isinstance(node, Literal) else None
        if kind.longest is not None and isinstance(written, str) and len(seen(written)) > kind.longest:
            yield node.at, f"it is never {written!r}: it has {counted(kind.longest, 'character')} at most"
