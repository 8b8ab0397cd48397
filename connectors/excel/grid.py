"""One sheet as a grid of values, whatever the file's format, with what is known of its cells."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from connectors.excel.contents import Area, named_areas, sheet_ids
from connectors.excel.guard import kind_of
from connectors.excel.layout import Limits, Refused
from connectors.excel.package import Marks, Package

Row = list[Any]
Merge = tuple[tuple[int, int], tuple[int, int]]  # first and last cell, counted from 0

_BLIND: Final = (
    "{file} is in Excel's old binary form, in which errors, formulas never calculated, percents and leading zeros "
    "cannot be told from other cells; save it as .xlsx to be sure of them"
)
_DELIMITERS: Final = ",;\t|"
_SHARED: Final = 20_000  # values kept once
_LONGEST_FIELD: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class Grid:
    """The values of a sheet from A1 on; an empty cell is ""."""

    file: str
    sheet: str
    rows: list[Row]
    merges: Sequence[Merge] = ()
    marks: Marks = field(default_factory=Marks)
    hidden: bool = False
    notes: list[str] = field(default_factory=list)
    areas: dict[str, Area] = field(default_factory=dict)  # Excel's own tables and names
    sheet_id: str | None = None  # which stays when the sheet is renamed; None where the format has none


class Book:
    """A workbook that passed the guard; sheets are read when asked for."""

    def __init__(self, file: str, body: bytes, limits: Limits) -> None:
        """Open it.

        Raises:
            Refused: It is no workbook that can be read.
        """
        self.file = file
        self._body = body
        self._limits = limits
        self._kind = kind_of(file, body, limits)
        self.hidden: dict[str, bool] = {}
        self.ids: dict[str, str] = {}
        self.package: Package | None = None
        if self._kind == "text":
            self.hidden[file.rsplit("/", 1)[-1].rsplit(".", 1)[0]] = False
            return
        if self._kind == "zip":
            self.package = Package(file, body, limits)
            self.ids = sheet_ids(self.package)
        try:
            self._workbook = CalamineWorkbook.from_filelike(io.BytesIO(body))
        except PasswordError as error:
            raise Refused(f"{file} is protected by a password; save a copy without it") from error
        except (CalamineError, OSError, ValueError) as error:
            raise Refused(f"{file} is damaged ({error}); open it in Excel and save it again") from error
        for sheet in self._workbook.sheets_metadata:
            if sheet.typ == SheetTypeEnum.WorkSheet:
                self.hidden[sheet.name] = sheet.visible != SheetVisibleEnum.Visible

    def renamed(self, sheet_id: str | None) -> str | None:
        """Return what a sheet is called now, by the id it had before; None when it is not there."""
        return next(
            (name for name, known in self.ids.items() if known == sheet_id and name in self.hidden), None
        )

    def find(self, name: str) -> str:
        """Return the sheet of that name, upper and lower case and spaces aside.

        Raises:
            Refused: There is none; the words list those there are.
        """
        if name in self.hidden or self._kind == "text":
            return name if name in self.hidden else next(iter(self.hidden))
        loose = {" ".join(sheet.casefold().split()): sheet for sheet in self.hidden}
        if found := loose.get(" ".join(name.casefold().split())):
            return found
        there = ", ".join(f"{sheet} (hidden)" if out else sheet for sheet, out in self.hidden.items())
        raise Refused(f"{self.file} has no sheet {name!r}; it has: {there or 'none at all'}. Correct `sheet`")

    def grid(self, sheet: str) -> Grid:
        """Read one sheet.

        Raises:
            Refused: It is damaged, or a stray cell makes it too large.
        """
        if self._kind == "text":
            return _text_grid(self.file, sheet, self._body)
        marks = self.package.marks(sheet) if self.package else Marks()
        try:
            found = self._workbook.get_sheet_by_name(sheet)
            self._check_size(found)
            rows = _rows(found)
            merges = found.merged_cell_ranges or ()
        except (CalamineError, OSError, ValueError) as error:
            raise Refused(
                f"{self.file}!{sheet} is damaged ({error}); open it in Excel and save it again"
            ) from error
        areas = named_areas(self.package, sheet) if self.package else {}
        notes = [_BLIND.format(file=self.file)] if self._is_binary() else []
        hidden, sheet_id = self.hidden[sheet], self.ids.get(sheet)
        return Grid(self.file, sheet, rows, merges, marks, hidden, notes, areas, sheet_id)

    def _is_binary(self) -> bool:
        """Tell whether it is an .xls or .xlsb, whose cells' formats and errors the library does not give."""
        return self._kind == "ole" or (self.package is not None and "xl/workbook.bin" in self.package.names)

    def rows(self, sheet: str) -> list[Row]:
        """Return a sheet's bare values; nothing where there is no such sheet, or it cannot be read."""
        if sheet not in self.hidden or self._kind == "text":
            return []
        try:
            return self._workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError):
            return []

    def _check_size(self, sheet: CalamineSheet) -> None:
        if sheet.total_height * sheet.total_width > self._limits.cells:
            raise Refused(
                f"{self.file}!{sheet.name} has {sheet.total_height:,} rows and {sheet.total_width:,} columns, most "
                "likely for one cell far outside the table; delete it in Excel and save"
            )


def _rows(sheet: CalamineSheet) -> list[Row]:
    """Return a sheet's rows from A1 on, with one object for values that come again: that is half the memory."""
    if sheet.start is None:
        return []
    left = [""] * sheet.start[1]
    seen: dict[Any, Any] = {}
    rows: list[Row] = []
    for row in sheet.iter_rows():
        if len(seen) < _SHARED:
            for cell in row:
                if cell.__class__ not in (float, bool):
                    seen.setdefault(cell, cell)
        rows.append([*left, *(cell if cell.__class__ is float else seen.get(cell, cell) for cell in row)])
    return rows


def _text_grid(file: str, sheet: str, body: bytes) -> Grid:
    """Read a CSV: UTF-8 or UTF-16 by its mark, else UTF-8 if it is that, else Windows' western letters."""
    notes: list[str] = []
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = body.decode("utf-16", errors="replace")
    else:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = body.decode("cp1252", errors="replace")
            notes.append(f"{file} is not UTF-8; it was read as Windows-1252")
    csv.field_size_limit(_LONGEST_FIELD)
    first, _, after = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=") + 1:
        delimiter, skipped, text = first.strip()[-1], 1, after
    else:
        delimiter, skipped = _delimiter(text), 0
    try:
        rows: list[Row] = [[] for _ in range(skipped)]
        rows += csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise Refused(f"{file} cannot be read as CSV ({error}); save it again as CSV UTF-8") from error
    width = max(map(len, rows), default=0)
    for row in rows:
        row.extend([""] * (width - len(row)))
    return Grid(file, sheet, rows, notes=notes)


def _delimiter(text: str) -> str:
    """Choose the separator that cuts the first lines most evenly into the most columns."""
    sample = io.StringIO(text[:65536], newline="").readlines()[:20]

    def score(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            return (0, 0)
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=score)
