"""Several currencies in one column of money."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.excel import numbers
from connectors.excel.cells import Unusable, plain
from connectors.excel.grid import Grid
from connectors.excel.words import is_unknown


class Currencies:
    """The currencies of one column of money, by its header, its number formats and its texts."""

    def __init__(
        self, column: numbers.NumberColumn, shown: Mapping[int, str], grid: Grid, first: int, index: int
    ) -> None:
        self._shown = shown
        named = Counter(shown.values())
        named.update(
            code
            for row in grid.rows[first:]
            if type(row[index]) is str and (code := numbers.currency_of(row[index])) is not None
        )
        if column.currency is None and len(named) == 1:
            column.currency = next(iter(named))
        self.several = len({*named, *filter(None, [column.currency])}) > 1
        self.main = column.currency or (named.most_common(1)[0][0] if named else None)
        if self.several:
            there = ", ".join(f"{code} ({times} cells)" for code, times in named.most_common())
            column.notes.append(
                f"column {column.header!r} holds amounts in several currencies: {there}"
                + (f"; its header says {column.currency}" if column.currency else "")
            )
            column.currency = None

    def of(self, value: Any, row: int) -> str | None:
        """Return the currency of one cell; a bare number has the one most of its column has."""
        own = numbers.currency_of(value) if isinstance(value, str) else None
        return own or self._shown.get(row) or self.main

    def check(self, value: Any, row: int) -> None:
        """Refuse an amount that is not in the currency of its column."""
        own = self.of(value, row)
        if own != self.main and value not in ("", 0) and not is_unknown(value):
            raise Unusable(
                f"{plain(value)!r} is in {own}, most of its column in {self.main}; convert it, or give it a column"
            )
