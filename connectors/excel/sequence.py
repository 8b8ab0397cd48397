"""Dates that come in an order: what a row starts by is not after what it ends by."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final

from connectors.excel.cells import Json
from connectors.excel.columns import Column
from connectors.excel.layout import Holds
from connectors.excel.package import address

_PAIRS: Final[dict[Holds, tuple[tuple[str, str], ...]]] = {
    "projects": (("baseline_start", "baseline_finish"),),
    "raid": (("raised_on", "closed_on"),),
    "contracts": (("starts_on", "ends_on"),),
    "roles": (("held_from", "held_to"),),
    "reviews": (("held_on", "closed_on"),),
}
_TIME: Final = re.compile(r"[T ,](\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)? ?([AaPp])?")
_HOURS: Final = 12
_NAMED: Final = 3  # cells that a line names


@dataclass(slots=True)
class _Pair:
    """Two columns, how many rows have both, and the cells of rows in which the later is the earlier one."""

    first: Column
    last: Column
    names: tuple[str, str]
    seen: int = 0
    wrong: int = 0
    cells: list[str] = field(default_factory=list)


class InOrder:
    """Looks at every row's dates, to the hour where cells have one; a day alone says nothing of the hour."""

    def __init__(self, holds: Holds, known: Mapping[str, Column]) -> None:
        self._pairs = [
            _Pair(known[one], known[other], (one, other))
            for one, other in _PAIRS.get(holds, ())
            if one in known and other in known
        ]

    def look(self, values: Mapping[str, Json], row: Sequence[Any], number: int) -> None:
        """Compare one row's dates."""
        for pair in self._pairs:
            first, last = (values.get(name) for name in pair.names)
            if first is None or last is None:
                continue
            pair.seen += 1
            hours = _time_of(row[pair.first.index]), _time_of(row[pair.last.index])
            late = first == last and None not in hours and hours[0] > hours[1]  # type: ignore[operator]  # neither is None
            if first > last or late:
                pair.wrong += 1
                if len(pair.cells) < _NAMED:
                    pair.cells.append(address(number, pair.first.index))

    def lines(self, where: Callable[[str], str]) -> list[str]:
        """Say of each pair of columns how many rows have them the wrong way round."""
        return [
            f"{where(pair.cells[0])}: {pair.wrong} of {pair.seen} rows have {pair.first.header!r} after "
            f"{pair.last.header!r} ({', '.join(pair.cells)}{', …' if pair.wrong > len(pair.cells) else ''}); "
            "both are kept as they stand"
            for pair in self._pairs
            if pair.wrong
        ]


def _time_of(cell: Any) -> time | None:
    """Return the time of day in a cell; None where it has only a day."""
    if isinstance(cell, datetime):
        return cell.time()
    found = _TIME.search(cell) if isinstance(cell, str) else None
    if found is None:
        return None
    hour = int(found[1])
    if found[4]:
        hour = hour % _HOURS + (_HOURS if found[4] in "Pp" else 0)
    try:
        return time(hour, int(found[2]), int(found[3] or 0))
    except ValueError:
        return None
