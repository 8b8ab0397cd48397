"""Many work item ids in little text: `1-4000,4003`."""

from bisect import bisect_right
from collections.abc import Iterable


def written(ids: Iterable[int]) -> str:
    """Write ids as ranges.

    >>> written({7, 1, 2, 3})
    '1-3,7'
    """
    runs: list[list[int]] = []
    for id_ in sorted(set(ids)):
        if runs and id_ == runs[-1][1] + 1:
            runs[-1][1] = id_
        else:
            runs.append([id_, id_])
    return _text(runs)


def read(text: str) -> set[int]:
    """Read what `written` wrote.

    >>> sorted(read("1-3,7"))
    [1, 2, 3, 7]
    """
    return {id_ for first, last in _runs(text) for id_ in range(first, last + 1)}


class Ids:
    """A set of ids kept as ranges, so that a million of them are written down in no time."""

    def __init__(self, text: str = "") -> None:
        self._first, self._last = [], []
        for first, last in _runs(text):
            self._first.append(first)
            self._last.append(last)

    def __contains__(self, id_: int) -> bool:
        at = bisect_right(self._first, id_) - 1
        return at >= 0 and id_ <= self._last[at]

    def add(self, id_: int) -> None:
        """Put an id in; one that is in already changes nothing."""
        at = bisect_right(self._first, id_) - 1
        if at >= 0 and id_ <= self._last[at]:
            return
        before = at >= 0 and self._last[at] == id_ - 1
        after = at + 1 < len(self._first) and self._first[at + 1] == id_ + 1
        if before and after:
            self._last[at] = self._last.pop(at + 1)
            del self._first[at + 1]
        elif before:
            self._last[at] = id_
        elif after:
            self._first[at + 1] = id_
        else:
            self._first.insert(at + 1, id_)
            self._last.insert(at + 1, id_)

    def discard(self, id_: int) -> None:
        """Take an id out; one that is not in changes nothing."""
        at = bisect_right(self._first, id_) - 1
        if at < 0 or id_ > self._last[at]:
            return
        first, last = self._first[at], self._last[at]
        del self._first[at], self._last[at]
        for low, high in ((id_ + 1, last), (first, id_ - 1)):
            if low <= high:
                self._first.insert(at, low)
                self._last.insert(at, high)

    def __str__(self) -> str:
        return _text(zip(self._first, self._last, strict=True))


def _runs(text: str) -> Iterable[tuple[int, int]]:
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        yield int(first), int(last or first)


def _text(runs: Iterable[Iterable[int]]) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
