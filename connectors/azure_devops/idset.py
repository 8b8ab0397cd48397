"""Many work item ids in little text: `1-4000,4003`."""

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
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def read(text: str) -> set[int]:
    """Read what `written` wrote.

    >>> sorted(read("1-3,7"))
    [1, 2, 3, 7]
    """
    ids: set[int] = set()
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        ids.update(range(int(first), int(last or first) + 1))
    return ids
