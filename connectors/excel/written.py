"""What people wrote into a workbook: values with what stands behind them, never anything calculated here.

A formula is not run and its last result is not taken for an answer: both are told, so that whoever wrote it
can be asked. Small files are read at once, large ones in a child that a hostile file can at worst end.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import orjson

from connectors.excel.guard import kind_of
from connectors.excel.layout import Limits, Refused
from connectors.excel.package import Cell, column_number

MOST_BYTES: Final = 64 * 1024 * 1024
_AT_ONCE: Final = 12 * 1024 * 1024  # unpacked bytes that are read in this process
_LIMITS: Final = Limits(memory_mb=1536, seconds=60, unpacked_mb=1024)
_MOST_ROWS: Final = 20_000
_MOST_COLUMNS: Final = 500
_FORMULA: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*? r="([A-Z]{1,3})(\d+)"[^>]*>\s*<(?:\w+:)?f\b')
_PROTECTED: Final = re.compile(rb"<(?:\w+:)?sheetProtection\b[^>]*")


@dataclass(slots=True)
class SheetWritten:
    """One sheet from A1 on; an empty cell is None. Places are (row, column), counted from 0.

    `covered` are cells that lie under a merged one, with its first cell. `cut` says that rows or columns beyond
    what any form has were left out.
    """

    name: str
    rows: list[list[Any]]
    formulas: set[Cell] = field(default_factory=set)
    errors: dict[Cell, str] = field(default_factory=dict)
    percent: set[Cell] = field(default_factory=set)
    covered: dict[Cell, Cell] = field(default_factory=dict)
    protected: bool = False
    cut: bool = False

    def at(self, row: int, column: int) -> Any:
        """Return a cell's value; None where nothing stands."""
        cells = self.rows[row] if 0 <= row < len(self.rows) else []
        return cells[column] if 0 <= column < len(cells) else None


def read_written(file: str, body: bytes) -> list[SheetWritten]:
    """Read all sheets of a workbook, hidden ones too.

    Raises:
        Refused: It is no .xlsx that can be read, with what to do.
    """
    if len(body) > MOST_BYTES:
        raise Refused(
            f"{file} has {len(body) >> 20} MB; a returned workbook has at most {MOST_BYTES >> 20}. Copy the answers "
            "into the workbook as it was sent"
        )
    if kind_of(file, body, _LIMITS) != "zip":
        raise Refused(f"{file} is no .xlsx workbook; save it as .xlsx, in the workbook as it was sent")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if "xl/workbook.xml" not in archive.namelist():
            raise Refused(f"{file} is no .xlsx workbook; save it as .xlsx, in the workbook as it was sent")
    if unpacked <= _AT_ONCE:
        return list(sheets_written(file, body, _LIMITS))
    from connectors.excel.process import written

    return [from_line(line) for line in written(file, body, _LIMITS)]


def sheets_written(file: str, body: bytes, limits: Limits) -> Iterator[SheetWritten]:
    """Read the sheets in this process.

    Raises:
        Refused: It cannot be read.
    """
    from connectors.excel.grid import Book

    book = Book(file, body, limits)
    for name in book.hidden:
        grid = book.grid(name)
        formulas, protected = _scan(book, name)
        sheet = SheetWritten(
            name,
            _trimmed(grid.rows),
            formulas=formulas,
            errors=dict(grid.marks.errors),
            percent=set(grid.marks.percent),
            covered=_covered(grid.merges),
            protected=protected,
            cut=len(grid.rows) > _MOST_ROWS or any(len(row) > _MOST_COLUMNS for row in grid.rows[:1]),
        )
        yield sheet


def _scan(book: Any, name: str) -> tuple[set[Cell], bool]:
    """Find the formulas of a sheet, and whether it is protected."""
    formulas: set[Cell] = set()
    protected = False
    entry = book.package.entry(name) if book.package else None
    for piece in book.package.pieces(entry) if entry else ():
        formulas |= {
            (int(row) - 1, column_number(letters.decode())) for letters, row in _FORMULA.findall(piece)
        }
        protected |= any(b'sheet="0"' not in found for found in _PROTECTED.findall(piece))
    return formulas, protected


def _trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    """Cut off what is blank at the end of each row and of the sheet."""
    kept: list[list[Any]] = []
    for row in rows[:_MOST_ROWS]:
        cells = [None if cell == "" else cell for cell in row[:_MOST_COLUMNS]]
        while cells and _is_blank(cells[-1]):
            cells.pop()
        kept.append(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _covered(merges: Any) -> dict[Cell, Cell]:
    covered: dict[Cell, Cell] = {}
    for (top, left), (bottom, right) in merges:
        for row in range(top, min(bottom, _MOST_ROWS) + 1):
            for column in range(left, min(right, _MOST_COLUMNS) + 1):
                if (row, column) != (top, left):
                    covered[row, column] = (top, left)
    return covered


_DATES: Final[dict[str, type[datetime] | type[date] | type[time]]] = {
    "datetime": datetime, "date": date, "time": time,
}  # fmt: skip


def to_line(sheet: SheetWritten) -> bytes:
    """Write a sheet as a child hands it over."""
    document = asdict(sheet)
    document["rows"] = [[_packed(cell) for cell in row] for row in sheet.rows]
    for name in ("formulas", "percent"):
        document[name] = sorted(document[name])
    for name in ("errors", "covered"):
        document[name] = sorted(document[name].items())
    return orjson.dumps(document)


def from_line(line: bytes) -> SheetWritten:
    """Read it back."""
    given = orjson.loads(line)
    return SheetWritten(
        given["name"],
        [[_unpacked(cell) for cell in row] for row in given["rows"]],
        {(row, column) for row, column in given["formulas"]},
        {(cell[0], cell[1]): said for cell, said in given["errors"]},
        {(row, column) for row, column in given["percent"]},
        {(cell[0], cell[1]): (first[0], first[1]) for cell, first in given["covered"]},
        given["protected"],
        given["cut"],
    )


def _packed(cell: Any) -> Any:
    if isinstance(cell, timedelta):
        return {"seconds": cell.total_seconds()}
    for name, kind in _DATES.items():
        if isinstance(cell, kind):
            return {name: cell.isoformat()}
    return cell


def _unpacked(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    [(name, value)] = cell.items()
    return timedelta(seconds=value) if name == "seconds" else _DATES[name].fromisoformat(value)
