"""Groups of what was confirmed to be one, and what was said to be two."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def groups(pairs: Iterable[tuple[T, T]]) -> dict[T, T]:
    """Return for everything in the pairs the one that stands for its group: the last target of its chain.

    A pair is (subject, target): the target stands for both. A chain that leads back to where it began ends at
    the first it comes to again.
    """
    found: dict[T, T] = {}
    for subject, target in pairs:
        one, other = _end(found, subject), _end(found, target)
        if one != other:
            found[one] = other
    return {each: _end(found, each) for pair in list(found.items()) for each in pair}


def contradicted(
    confirmed: Iterable[tuple[T, T]], refused: Collection[tuple[T, T]], new: tuple[T, T]
) -> tuple[T, T] | None:
    """Return the refused pair that would become one if `new` were confirmed; None where there is none."""
    so_far = list(confirmed)
    before, whole = groups(so_far), groups([*so_far, new])
    for pair in refused:
        if joined(whole, *pair) and not joined(before, *pair):
            return pair
    return None


def between(confirmed: Iterable[tuple[T, T]], one: T, other: T) -> list[tuple[T, T]]:
    """Return the confirmed pairs by which two are one, in their order from one to the other; none where they are two.

    >>> between([("a", "b"), ("c", "b"), ("d", "e")], "a", "c")
    [('a', 'b'), ('c', 'b')]
    """
    so_far = list(confirmed)
    ways: dict[T, list[tuple[T, T]]] = {one: []}
    ahead = [one]
    for each in ahead:
        for pair in so_far:
            if each in pair:
                there = pair[1] if each == pair[0] else pair[0]
                if there not in ways:
                    ways[there] = [*ways[each], pair]
                    ahead.append(there)
    return ways.get(other, [])


def joined(whole: Mapping[T, T], one: T, other: T) -> bool:
    """Say whether two are in one group already."""
    return whole.get(one, one) == whole.get(other, other)


def _end(found: Mapping[T, T], each: T) -> T:
    while each in found:
        each = found[each]
    return each
