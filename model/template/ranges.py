"""What numbers a part of an expression can be, and whether a comparison of two comes out the same for all."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """The least and most a number can be, whether it is whole, and all it can be where these are few."""

    least: float = -math.inf
    most: float = math.inf
    whole: bool = False
    only: frozenset[float] | None = None

    def within(self, others: Iterable[float]) -> "Range":
        """Leave only these numbers, of those that it can be anyway; all of these where none is left."""
        left = frozenset(float(each) for each in others)
        own = frozenset(each for each in left if self.least <= each <= self.most) or left
        return Range(min(own), max(own), self.whole, own)


UNBOUNDED = Range()


def exactly(value: float) -> Range:
    """Return the range of a number written out."""
    return Range(value, value, float(value).is_integer(), frozenset([float(value)]))


def never_equal(one: Range, other: Range) -> bool:
    """Say whether two numbers are never the same."""
    if one.only is not None and other.only is not None:
        return not one.only & other.only
    fractions = any(
        whole.whole and few.only is not None and not any(each.is_integer() for each in few.only)
        for whole, few in ((one, other), (other, one))
    )
    return fractions or one.most < other.least or one.least > other.most


def ordered(sign: str, one: Range, other: Range) -> bool | None:
    """Say how a comparison comes out where it does so for all numbers; None where it depends."""
    if sign in (">", ">="):
        return ordered(sign.replace(">", "<"), other, one)
    if sign == "<":
        return True if one.most < other.least else False if one.least >= other.most else None
    return True if one.most <= other.least else False if one.least > other.most else None
