"""Cells that say nothing themselves: blank ones, merged ones, and those that mean the same as above."""

from collections.abc import Sequence
from typing import Any, Final

from connectors.excel.columns import Header
from connectors.excel.grid import Grid
from connectors.excel.words import normal

_SHOWS_NOTHING: Final = "\u200b\ufeff \t\r\n\xa0"


def is_blank(value: Any) -> bool:
    """Tell whether a cell shows nothing; a faulty one does show something."""
    return value == "" or (type(value) is str and not value.strip(_SHOWS_NOTHING))


def fill_merged(grid: Grid, first: int) -> None:
    """Give every row of a cell merged downwards its value; a merge to the right fills its first column only."""
    for (top, left), (bottom, _) in grid.merges:
        if bottom > top >= first and top < len(grid.rows):
            for row in grid.rows[top + 1 : bottom + 1]:
                row[left] = grid.rows[top][left]


def fill_down(grid: Grid, header: Header, headers: Sequence[str]) -> None:
    """Fill the blanks of the configured columns from above."""
    wanted = {normal(name) for name in headers}
    for column in header.columns:
        if normal(column.header) in wanted:
            _fill(grid.rows[header.row + 1 :], column.index)


def _fill(rows: Sequence[list[Any]], index: int) -> None:
    above: Any = ""
    for row in rows:
        if not is_blank(row[index]):
            above = row[index]
        elif not all(is_blank(cell) for cell in row):
            row[index] = above


def section_rows(grid: Grid, first: int, width: int) -> frozenset[int]:
    """Return the rows that one merged cell runs through: they head a section, and are no record."""
    least = max(3, width // 2)
    return frozenset(
        top
        for (top, left), (bottom, right) in grid.merges
        if top == bottom and top >= first and right - left + 1 >= least
    )
