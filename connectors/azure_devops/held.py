"""Revisions that wait for the newest one of their item.

The feed is ordered by time of change, so the revisions of one item lie scattered over it. They wait
here until the newest arrives; then the item's whole history goes into one page.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from connectors.base import Json

ROOM: Final = 96 * 1024 * 1024  # bytes of JSON


class Held:
    """Revisions by item, in at most `room` bytes; the longest waiting are forgotten first.

    What is forgotten is not lost: an item without its earlier revisions is asked for its updates.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._size = 0
        self._by_item: dict[int, dict[int, bytes]] = {}

    def add(self, id_: int, revisions: Iterable[Json]) -> None:
        """Keep revisions of an item whose newest is still to come."""
        kept = self._by_item.setdefault(id_, {})
        for one in revisions:
            text = orjson.dumps(one)
            self._size += len(text) - len(kept.get(int(one["rev"]), b""))
            kept[int(one["rev"])] = text
        while self._size > self._room and len(self._by_item) > 1:
            self.take(next(iter(self._by_item)))

    def take(self, id_: int) -> dict[int, bytes]:
        """Give an item's revisions back and forget them."""
        found = self._by_item.pop(id_, {})
        self._size -= sum(map(len, found.values()))
        return found

    def waiting(self) -> set[int]:
        """Return the items that wait."""
        return set(self._by_item)
