"""Which pairs are worth comparing: those that share a word's beginning, so that not all are held against all."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

MOST: Final = 200  # members of a block that are all compared; more must share a second block


def pairs(blocks: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Return each pair of places whose blocks meet, once, the earlier place first."""
    seen: set[tuple[int, int]] = set()
    for group in _groups(blocks):
        for pair in combinations(group, 2):
            if pair not in seen:
                seen.add(pair)
                yield pair


def crossing(blocks: Sequence[frozenset[str]], others: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Return each pair of a place in the first and one in the second whose blocks meet, once."""
    edge = len(blocks)
    for one, other in _crossing(blocks, others, edge):
        yield one, other - edge


def _crossing(
    blocks: Sequence[frozenset[str]], others: Sequence[frozenset[str]], edge: int
) -> Iterator[tuple[int, int]]:
    seen: set[tuple[int, int]] = set()
    for group in _groups([*blocks, *others]):
        mine, theirs = [at for at in group if at < edge], [at for at in group if at >= edge]
        for one in mine:
            for other in theirs:
                if (one, other) not in seen:
                    seen.add((one, other))
                    yield one, other


def _groups(blocks: Sequence[frozenset[str]]) -> Iterator[list[int]]:
    members: dict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(blocks):
        for block in found:
            members[block].append(place)
    for block, group in sorted(members.items()):
        if len(group) <= MOST:
            yield group
            continue
        # A word that very many have in common tells little: within it, another must be shared.
        below: dict[str, list[int]] = defaultdict(list)
        for place in group:
            for other in blocks[place] - {block}:
                below[other].append(place)
        yield from (each for _, each in sorted(below.items()) if len(each) <= MOST)
