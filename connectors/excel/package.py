"""What an .xlsx package says beside its values: sheets, number formats, formulas, errors, extents.

The values come from calamine, which is quick but silent about these. Patterns are run over the sheet's
XML in pieces; nothing here builds a tree of cells.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from posixpath import join, normpath
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.excel.layout import Limits, Refused
from connectors.excel.styles import Styles, local, read_styles

Cell = tuple[int, int]  # row, column, both from 0

_PIECE: Final = 8 * 1024 * 1024
_COLUMN: Final = re.compile(rb' r="([A-Z]{1,3})\d')
_ROW: Final = re.compile(rb'<(?:\w+:)?row\b[^>]*? r="(\d+)"')
_FILLED: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*? r="([A-Z]{1,3})(\d+)"[^>]*(?<!/)>')
_ERROR: Final = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*? r="([A-Z]{1,3})(\d+)"[^>]*>.*?<(?:\w+:)?v>([^<]*)<'
)
_UNCACHED: Final = re.compile(
    rb"<(?:\w+:)?c\b(?P<attributes>[^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?P<value><(?:\w+:)?v\s*/>|<(?:\w+:)?v>0?</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_REFERENCE: Final = re.compile(rb' r="([A-Z]{1,3})(\d+)"')
_OUTLINE: Final = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\boutlineLevel="(\d)")[^>]*? r="(\d+)"')


@dataclass(slots=True)
class Marks:
    """What is known of single cells of one sheet."""

    percent: set[Cell] = field(default_factory=set)  # shown with a percent sign: 0.45 reads 45 %
    zeros: dict[Cell, int] = field(default_factory=dict)  # digits shown: 42 under "00000" reads 00042
    currency: dict[Cell, str] = field(default_factory=dict)  # that the number format shows
    indent: dict[Cell, int] = field(default_factory=dict)
    outline: dict[int, int] = field(default_factory=dict)  # row -> level of its group, from 1
    errors: dict[Cell, str] = field(default_factory=dict)
    uncached: set[Cell] = field(default_factory=set)  # formulas nobody has calculated
    from_1904: bool = False
    recalculates: bool = False  # the writer left the formulas' values to Excel


def column_number(letters: str) -> int:
    """Count a column's letters from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


@cache
def column_letters(number: int) -> str:
    """Write a column, counted from 0, in letters."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(row: int, column: int) -> str:
    """Write a cell as people do; both count from 0."""
    return f"{column_letters(column)}{row + 1}"


class Package:
    """An .xlsx or .xlsm; other packages have no `xl/workbook.xml` and know nothing here."""

    def __init__(self, file: str, body: bytes, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._archive = zipfile.ZipFile(io.BytesIO(body))
        self.names = set(self._archive.namelist())  # of the archive's parts
        self.readable = "xl/workbook.xml" in self.names

    def marks(self, sheet: str) -> Marks:
        """Scan one sheet.

        Raises:
            Refused: A cell far outside the table would make the sheet too large, or its XML is broken.
        """
        marks = Marks()
        entry = self.entry(sheet)
        if entry is None:
            return marks
        workbook = self.tree("xl/workbook.xml")
        for part in workbook:
            marks.from_1904 |= local(part) == "workbookPr" and part.get("date1904") in ("1", "true")
            marks.recalculates |= local(part) == "calcPr" and part.get("fullCalcOnLoad") in ("1", "true")
        styles = self.styles()
        styled = _styled_pattern(styles.telling())
        rows = columns = 0
        for piece in self.pieces(entry):
            letters = _last_columns(piece)
            columns = max(columns, *(column_number(found.decode()) + 1 for found in letters), 0)
            rows = max(
                rows, *(int(found) for found in _ROW.findall(piece, max(0, piece.rfind(b"<row")))[-1:]), 0
            )
            _mark(marks, piece, styles, styled)
        if rows * columns > self._limits.cells:
            self._check_extent(sheet, entry)
        return marks

    def _check_extent(self, sheet: str, entry: str) -> None:
        """Measure again by filled cells only, and name the one that lies too far out."""
        rows = columns = 0
        lowest = rightmost = ""
        inner: list[Cell] = []
        for piece in self.pieces(entry):
            for found in _FILLED.finditer(piece):
                row, column = _cell(found[1], found[2])
                inner.append((row, column))
                if row + 1 > rows:
                    rows, lowest = row + 1, address(row, column)
                if column + 1 > columns:
                    columns, rightmost = column + 1, address(row, column)
        if rows * columns <= self._limits.cells:
            return
        far = [cell for cell in inner if address(*cell) not in (lowest, rightmost)]
        used = address(max(c[0] for c in far), max(c[1] for c in far)) if far else "A1"
        strays = " and ".join(dict.fromkeys([rightmost, lowest]))
        raise Refused(
            f"{self._file}!{sheet}: {strays} lies far outside the table, which otherwise ends at {used}; with it the "
            f"sheet has {rows:,} rows and {columns:,} columns. Delete that row and column in Excel and save"
        )

    def entry(self, sheet: str) -> str | None:
        """Find the XML of a sheet by its name; None where there is none."""
        if not self.readable:
            return None
        ids = {
            part.get("name"): next((value for key, value in part.attrib.items() if key.endswith("}id")), None)
            for part in self.tree("xl/workbook.xml").iter()
            if local(part) == "sheet"
        }
        relations = "xl/_rels/workbook.xml.rels"
        if relations not in self.names:
            return None
        for part in self.tree(relations):
            if part.get("Id") == ids.get(sheet):
                target = part.get("Target", "")
                entry = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
                return entry if entry in self.names else None
        return None

    def styles(self) -> Styles:
        """Return what the styles say."""
        if "xl/styles.xml" not in self.names:
            return Styles()
        return read_styles(self.tree("xl/styles.xml"))

    def tree(self, entry: str) -> Element:
        """Parse a small part of the package.

        Raises:
            Refused: It is broken.
        """
        try:
            tree: Element = fromstring(self._archive.read(entry))
        except (ParseError, DefusedXmlException, zipfile.BadZipFile, OSError, ValueError) as error:
            raise Refused(
                f"{self._file} is damaged in {entry} ({type(error).__name__}); open it in Excel and save it again"
            ) from error
        return tree

    def pieces(self, entry: str) -> Iterator[bytes]:
        """Yield a sheet's XML in pieces that end between cells, and no more of it than allowed."""
        rest, size = b"", 0
        most = self._limits.unpacked_mb * 1024 * 1024
        try:
            with self._archive.open(entry) as stream:
                while block := stream.read(_PIECE):
                    size += len(block)
                    if size > most:
                        raise Refused(
                            f"{self._file}: {entry} unpacks to more than {self._limits.unpacked_mb} MB"
                        )
                    rest += block
                    cut = rest.rfind(b"</row>") + 6
                    if cut > 6:  # noqa: PLR2004 -- the length of what was searched for: found
                        yield rest[:cut]
                        rest = rest[cut:]
        except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
            raise Refused(
                f"{self._file} is damaged in {entry} ({type(error).__name__}); open it in Excel and save it again"
            ) from error
        yield rest


def _cell(letters: bytes, row: bytes) -> Cell:
    return int(row) - 1, column_number(letters.decode())


def _uncached(piece: bytes, *, recalculates: bool) -> Iterator[Cell]:
    for found in _UNCACHED.finditer(piece):
        value = found["value"] or b""
        if b">0<" in value:
            # Writers that leave the formulas to Excel put 0 in their place: unknown, and no 0.
            if not recalculates:
                continue
        elif value and b't="str"' in found["attributes"]:
            continue  # calculated, to an empty text
        if place := _REFERENCE.search(found["attributes"]):
            yield _cell(place[1], place[2])


def _styled_pattern(styles: list[bytes]) -> re.Pattern[bytes] | None:
    """Return what finds filled cells of these styles; every writer seen puts `r` before `s`."""
    if not styles:
        return None
    return re.compile(rb' r="([A-Z]{1,3})(\d+)" s="(' + b"|".join(styles) + rb')"[^>]*(?<!/)>')


def _last_columns(piece: bytes) -> set[bytes]:
    """Return the columns of the last cell of each row; of all cells where rows are written in another way."""
    found: set[bytes] = set()
    start, end = 0, piece.find(b"</row>")
    if end < 0:
        return set(_COLUMN.findall(piece))
    while end >= 0:
        last = _COLUMN.search(piece, max(start, piece.rfind(b' r="', start, end)), end)
        if last is not None:
            found.add(last[1])
        start = end + 6
        end = piece.find(b"</row>", start)
    return found | set(_COLUMN.findall(piece, start))


def _mark(marks: Marks, piece: bytes, styles: Styles, styled: re.Pattern[bytes] | None) -> None:
    """Scan one piece of a sheet."""
    if b't="e"' in piece:
        for found in _ERROR.finditer(piece):
            marks.errors[_cell(found[1], found[2])] = found[3].decode(errors="replace")
    if b"<f" in piece or b":f" in piece:
        marks.uncached.update(_uncached(piece, recalculates=marks.recalculates))
    if styled is not None:
        for found in styled.finditer(piece):
            _mark_style(marks, found, styles)
    if b"outlineLevel" in piece:
        marks.outline.update({int(found[2]) - 1: int(found[1]) for found in _OUTLINE.finditer(piece)})


def _mark_style(marks: Marks, found: re.Match[bytes], styles: Styles) -> None:
    cell, style = _cell(found[1], found[2]), found[3]
    if style in styles.percent:
        marks.percent.add(cell)
    elif style in styles.zeros:
        marks.zeros[cell] = styles.zeros[style]
    elif style in styles.currency:
        marks.currency[cell] = styles.currency[style]
    if style in styles.indent:
        marks.indent[cell] = styles.indent[style]
