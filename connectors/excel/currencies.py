"""Currencies of one column of money: several of them, and signs that may be of several."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from connectors.excel import numbers
from connectors.excel.cells import Unusable, plain
from connectors.excel.fill import is_blank
from connectors.excel.grid import Grid
from connectors.excel.numbers import AMBIGUOUS_SIGNS
from connectors.excel.words import is_unknown

_EXAMPLES: Final = 3


class Currencies:
    """The currencies of one column of money, by its header, its number formats and its texts.

    Args:
        column: The column; what is noticed is noted there.
        shown: What number formats show, by row: an ISO code or an ambiguous sign.
        grid: The sheet.
        first: Its first row under the header, counted from 0.
        index: Which column it is.
        declared: What the sheet's preamble or the configuration says: an ISO code or an ambiguous sign.
        beside: The column in which each row says its currency, if there is one.
    """

    def __init__(
        self,
        column: numbers.NumberColumn,
        shown: Mapping[int, str],
        grid: Grid,
        first: int,
        index: int,
        declared: str | None = None,
        beside: int | None = None,
    ) -> None:
        self._shown = shown
        self._rows = grid.rows
        self._beside = beside
        self._declared = declared
        self._said = numbers.named_in(column.header)
        column.currency = self._header = _settled(self._said, self._said, declared)
        cells = {number: row[index] for number, row in enumerate(grid.rows[first:], start=first)}
        own = {
            number: said
            for number, cell in cells.items()
            if (said := self._named(cell, number)) is not None and not is_blank(cell)
        }
        # Whether what a cell says depends on its sign, and so on its row.
        self.signs = any(sign in AMBIGUOUS_SIGNS for sign in (*own.values(), self._said, declared))
        named = Counter(code for number in own if (code := self.of(cells[number], number)) is not None)
        amounts = sum(not is_blank(cell) and not is_unknown(cell) for cell in cells.values())
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
        named = self._named(value, row)
        if named in AMBIGUOUS_SIGNS:
            return _settled(named, self._in_row(row), self._said, self._declared)
        return named or self._header

    def check(self, value: Any, row: int) -> None:
        """Refuse an amount that is not in the currency of its column."""
        own = self.of(value, row)
        if own is not None and own != self.main and not is_unknown(value):
            raise Unusable(
                f"{plain(value)!r} is in {own}, most of its column in {self.main}; convert it, or give it a column"
            )

    def settle(self, value: Any, row: int) -> None:
        """Refuse an amount whose sign is of several currencies, where nothing says which of them it is."""
        if is_unknown(value):
            return
        chain = (self._named(value, row), self._in_row(row), self._said, self._declared)
        sign = next(filter(None, chain), None)
        if sign is None or sign not in AMBIGUOUS_SIGNS or _settled(*chain) is not None:
            return
        other = next((code for code in chain if code is not None and code not in AMBIGUOUS_SIGNS), None)
        may = AMBIGUOUS_SIGNS[sign]
        raise Unusable(
            f"the currency of {plain(value)!r} is shown only as {sign!r}, which may be "
            f"{', '.join(may[:_EXAMPLES])}{' or another' if len(may) > _EXAMPLES else ''}"
            + (f" but not {other}, which is said of it elsewhere" if other else "")
            + "; write the ISO code into the cell or the header, or set currency in the source"
        )

    def _named(self, value: Any, row: int) -> str | None:
        return (numbers.named_in(value) if type(value) is str else None) or self._shown.get(row)

    def _in_row(self, row: int) -> str | None:
        said = self._rows[row][self._beside] if self._beside is not None else None
        return named_loosely(said) if isinstance(said, str) else None


def named_loosely(text: str) -> str | None:
    """Return the ISO code or the ambiguous sign in a text that says nothing but a currency, in small letters too."""
    return numbers.named_in(text) or numbers.named_in(text.upper())


def declared(above: Any, given: str | None) -> str | None:
    """Return what holds for a sheet: what stands above its table, else what is configured, which settles a sign too."""
    said = named_loosely(above) if isinstance(above, str) else None
    return _settled(said, given) or said


def _settled(*chain: str | None) -> str | None:
    """Return the first code of what was said, nearest first; a sign before it must be able to stand for it."""
    signs: list[str] = []
    for said in filter(None, chain):
        if said in AMBIGUOUS_SIGNS:
            signs.append(said)
        else:
            return said if all(said in AMBIGUOUS_SIGNS[sign] for sign in signs) else None
    return None


def _counted(named: Counter[str]) -> str:
    return ", ".join(
        f"{code} ({times} {'cell' if times == 1 else 'cells'})" for code, times in named.most_common()
    )
