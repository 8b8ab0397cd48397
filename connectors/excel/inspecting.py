"""What a workbook has, before anything is configured: for discovery."""

from collections.abc import Sequence
from typing import Any

from connectors.excel.columns import Column, Header
from connectors.excel.contents import DropDown, drop_downs
from connectors.excel.fill import is_blank
from connectors.excel.gantt import bars
from connectors.excel.grid import Book, Grid
from connectors.excel.header import find_header
from connectors.excel.layout import HOLDS, Holds, Layout, Limits, Refused
from connectors.excel.package import column_letters
from connectors.excel.preamble import read_preamble
from connectors.excel.shapes import date_shapes
from connectors.excel.tables import find_tables


def inspect(file: str, body: bytes, limits: Limits) -> list[dict[str, Any]]:
    """Say of each sheet what it looks like, what its columns are and which words their drop-downs allow.

    Raises:
        Refused: The workbook cannot be read.
    """
    book = Book(file, body, limits)
    return [_sheet(book, name, hidden=hidden) for name, hidden in book.hidden.items()]


def _sheet(book: Book, name: str, *, hidden: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"sheet": name, "hidden": hidden, "holds": None, "header_row": None}
    try:
        grid = book.grid(name)
    except Refused as refusal:
        return entry | {"says": str(refusal)}
    best = _best_kind(grid, book.file)
    if best is None:
        painted = bars(book, grid, Layout("milestones", book.file)).removeprefix(". ")
        return entry | ({"says": f"none of the kinds of sheet that are read. {painted}"} if painted else {})
    holds, header = best
    lists = drop_downs(book.package, name, book.rows) if book.package else []
    tables = find_tables(grid, header, Layout(holds, book.file))
    return entry | {
        "holds": holds,
        "header_row": header.row + 1,
        "columns": [
            {
                "header": column.header,
                "attribute": column.attribute,
                "column": column_letters(column.index),
                **_allowed(column, header.row, lists),
                **_dates(grid, column, header.row),
            }
            for column in header.columns
        ],
        "tables": list(grid.areas),
        "others": tables.others,
        "preamble": read_preamble(grid).above(header.row).as_json(),
    }


def _allowed(column: Column, header_row: int, lists: Sequence[DropDown]) -> dict[str, Any]:
    """Return what the drop-down list of a column allows; nothing where it has none."""
    for found in lists:
        for top, left, bottom, right in found.areas:
            if left <= column.index <= right and bottom > header_row and top <= bottom:
                return {"allowed": list(found.values)} if found.values else {"allowed_by": found.formula}
    return {}


def _dates(grid: Grid, column: Column, header_row: int) -> dict[str, Any]:
    """Return how a column's dates are written; nothing where it holds none."""
    rows = grid.rows[header_row + 1 :]
    while rows and all(is_blank(cell) for cell in rows[-1]):
        rows = rows[:-1]
    shapes = date_shapes(column.header, (row[column.index] for row in rows))
    return {"dates": shapes} if shapes else {}


def _best_kind(grid: Grid, file: str) -> tuple[Holds, Header] | None:
    best: tuple[Holds, Header] | None = None
    for holds in HOLDS:
        try:
            header = find_header(grid, Layout(holds, file))
        except Refused:
            continue
        if best is None or header.score > best[1].score:
            best = (holds, header)
    return best
