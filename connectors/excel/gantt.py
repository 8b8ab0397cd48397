"""Plans that are only painted: bars of coloured cells, which hold no date."""

from collections import Counter
from typing import Final

from connectors.excel.contents import coloured
from connectors.excel.grid import Book, Grid
from connectors.excel.layout import Layout
from connectors.excel.package import address

GANTT: Final = "Its bars are only colours"
_LEAST_CELLS: Final = 6
_LEAST_COLUMNS: Final = 3
_HEADER: Final = 1  # row at the top that may be coloured for its own sake


def bars(book: Book, grid: Grid, layout: Layout) -> str:
    """Say that a sheet which lacks dates or amounts paints them; "" when it does not."""
    if layout.holds not in ("milestones", "costs") or book.package is None:
        return ""
    rows = grid.rows
    cells = [
        (row, column)
        for row, column in coloured(book.package, grid.sheet, _HEADER)
        if row < len(rows) and any(cell != "" for cell in rows[row])
    ]
    painted = Counter(column for _, column in cells)
    if len(cells) < _LEAST_CELLS or len(painted) < _LEAST_COLUMNS:
        return ""
    rows_painted = [row for row, _ in cells]
    area = f"{address(min(rows_painted), min(painted))}:{address(max(rows_painted), max(painted))}"
    return (
        f". {GANTT}, in {area}: a colour says neither a day nor an amount, so none is taken from it. Add columns with "
        "start and finish as dates"
    )
