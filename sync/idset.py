"""The ids met in a slice: millions of them, eight bytes each where they are numbers, as trackers' ids are."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

_LONGEST: Final = 18  # digits that surely fit into 64 bits


class IdSet:
    """External ids. Add first, then ask: asking puts them in order once."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._others: set[str] = set()
        self._ordered = True

    def update(self, external_ids: Iterable[str]) -> None:
        """Add ids; those that are in it already do no harm."""
        for one in external_ids:
            if _is_number(one):
                self._numbers.append(int(one))
                self._ordered = False
            else:
                self._others.add(one)

    def __iter__(self) -> Iterator[str]:
        """Go through the ids, each at least once."""
        return chain(map(str, self._numbers), self._others)

    def __contains__(self, external_id: str) -> bool:
        """Whether the id was added."""
        if not _is_number(external_id):
            return external_id in self._others
        if not self._ordered:
            self._numbers = array("q", sorted(self._numbers))
            self._ordered = True
        number = int(external_id)
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and self._numbers[place] == number


def _is_number(external_id: str) -> bool:
    """Whether the id is a whole number in its one plain form, so that no other id is taken for it."""
    return (
        external_id.isascii()
        and external_id.isdigit()
        and external_id[0] != "0"
        and len(external_id) <= _LONGEST
    )
