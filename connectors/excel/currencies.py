"""Several currencies in one column of money."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.excel import numbers
from connectors.excel.cells import Unusable, plain
from connectors.excel.fill import is_blank
from connectors.excel.grid import Grid
from connectors.excel.words import is_unknown


class Currencies:
    """The currencies of one column of money, by its header, its number formats and its texts."""

    def __init__(
        self, column: numbers.NumberColumn, shown: Mapping[int, str], grid: Grid, first: int, index: int
    ) -> None:
        self._shown = shown
        cells = [row[index] for row in grid.rows[first:]]
        named = Counter(shown.values())
        named.update(
            code for cell in cells if type(cell) is str and (code := numbers.currency_of(cell)) is not None
        )
        amounts = sum(not is_blank(cell) and not is_unknown(cell) for cell in cells)
        self._header = column.currency
        self.several = len({*named, *filter(None, [self._header])}) > 1
        self.some = self.several or 0 < named.total() < amounts
        self.main = self._header or (named.most_common(1)[0][0] if named else None)
        if self.several:
            column.notes.append(
                f"column {column.header!r} holds amounts in several currencies: {_counted(named)}"
                + (f"; its header says {self._header}" if self._header else "")
            )
            column.currency = None
        elif self._header is None and self.some:
            column.notes.append(
                f"column {column.header!r}: only some of its {amounts} amounts name a currency: {_counted(named)}"
            )
        elif self._header is None:
            column.currency = self.main

    def of(self, value: Any, row: int) -> str | None:
        """Return the currency of one cell; a bare number has that of its column's header, if any."""
        own = numbers.currency_of(value) if isinstance(value, str) else None
        return own or self._shown.get(row) or self._header

    def check(self, value: Any, row: int) -> None:
        """Refuse an amount that is not in the currency of its column."""
        own = self.of(value, row)
        if own is not None and own != self.main and not is_unknown(value):
            raise Unusable(
                f"{plain(value)!r} is in {own}, most of its column in {self.main}; convert it, or give it a column"
            )


def _counted(named: Counter[str]) -> str:
    return ", ".join(
        f"{code} ({times} {'cell' if times == 1 else 'cells'})" for code, times in named.most_common()
    )
