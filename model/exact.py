"""Decimals of any size: sums and roundings that neither lose digits nor fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, localcontext
from typing import Final

_USUAL: Final = 28  # digits that Python reckons with
_SPARE: Final = 4  # a carry, and the places after a point that a rounding fills up
MOST_DIGITS: Final = 18  # before the point, of a number that a source may say: no budget comes near


@contextmanager
def room(*values: Decimal, places: int = 0) -> Iterator[None]:
    """Reckon with so many digits that a difference of these values is exact, and rounding it cannot fail."""
    known = [each for each in map(Decimal, values) if each.is_finite() and each]
    high = max((each.adjusted() for each in known), default=0)
    low = min((int(each.as_tuple().exponent) for each in known), default=0)
    with localcontext() as context:
        context.prec = max(_USUAL, high - min(low, -places, 0) + _SPARE)
        yield


def apart(one: Decimal, other: Decimal, places: int) -> Decimal:
    """Return how far two decimals are apart, rounded."""
    with room(one, other, places=places):
        return round(abs(one - other), places)


def rounded(value: Decimal, places: int) -> Decimal:
    """Round a decimal of any size; the plain rounding fails above 28 digits."""
    with room(value, places=places):
        return round(value, places)
