"""Rows that are no records: empty ones, headings, totals, and headers that come again."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from connectors.excel.fill import is_blank, section_rows
from connectors.excel.grid import Grid
from connectors.excel.totals import TOTAL
from connectors.excel.words import normal

_LONGEST_TOTAL: Final = 80  # characters


class Rules:
    """The rules of one table; each has a name, by which its rows are counted."""

    def __init__(
        self, grid: Grid, first: int, shown: Sequence[tuple[int, str]], keys: Collection[int]
    ) -> None:
        self._rows = grid.rows
        self._first = first
        self._shown = shown
        self._indexes = [index for index, _ in shown]
        self._keys = keys
        self._headings = section_rows(grid, first, len(shown))
        self._words = {name.casefold() for _, name in shown}

    def of(self, number: int) -> str | None:
        """Name the rule that leaves a row out; None when it counts."""
        row = self._rows[number]
        first = next(
            (index for index in self._indexes if row[index] != "" and not is_blank(row[index])), None
        )
        if first is None:
            return "empty row"
        if number in self._headings:
            return "section heading"
        if type(row[first]) is str and (rule := self._by_words(row, row[first])):
            return rule
        keys = self._keys
        if not keys:
            return None
        for index in self._indexes:
            if index not in keys and row[index] != "" and not is_blank(row[index]):
                return None
        return "only the key is filled"

    def total_like(self) -> Iterator[int]:
        """Yield the rows whose first words may be those of a total."""
        for number in range(self._first, len(self._rows)):
            row = self._rows[number]
            first = next((row[index] for index in self._indexes if row[index] != ""), "")
            if type(first) is str and len(first) < _LONGEST_TOTAL:
                word = first.casefold()
                if "tot" in word or "sum" in word:
                    yield number

    def _by_words(self, row: Sequence[Any], first: str) -> str | None:
        """Recognise totals and headers that come again, by a row's first words."""
        word = first.strip().casefold()
        if ("tot" in word or "sum" in word) and TOTAL.fullmatch(normal(first)):
            return "total row"
        if word not in self._words:
            return None
        filled = [(row[index], name) for index, name in self._shown if not is_blank(row[index])]
        again = all(isinstance(cell, str) and normal(cell) == normal(name) for cell, name in filled)
        return "repeated header" if again and len(filled) > 1 else None
