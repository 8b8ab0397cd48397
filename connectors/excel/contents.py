"""What an .xlsx says of its sheets besides cells: their ids, tables, names, drop-down lists and coloured cells."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from posixpath import basename, dirname, join, normpath
from typing import Any, Final
from xml.etree.ElementTree import Element

from connectors.excel.package import Package, column_number
from connectors.excel.styles import local

Area = tuple[int, int, int, int]  # top, left, bottom, right, all counted from 0 and included

_AREA: Final = re.compile(r"^\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?$")
_VALIDATION: Final = re.compile(
    rb"<(?:\w+:)?dataValidation\b([^>]*)>(.*?)</(?:\w+:)?dataValidation>", re.DOTALL
)
_FORMULA: Final = re.compile(rb"<(?:\w+:)?formula1>(.*?)</(?:\w+:)?formula1>", re.DOTALL)
_PLACES: Final = re.compile(rb'\bsqref="([^"]*)"|<(?:\w+:)?sqref>([^<]*)<')
_TAG: Final = re.compile(rb"<[^>]*>")
_EMPTY: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*? r="([A-Z]{1,3})(\d+)"[^>]*? s="(\d+)"[^>]*/>')
_MOST_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class DropDown:
    """A drop-down list: the cells that have it, and what it allows; no values where they cannot be found."""

    areas: tuple[Area, ...]
    values: tuple[str, ...]
    formula: str


def area_of(text: str) -> Area | None:
    """Read `B3:F20` or `B3`; None when it is no area."""
    found = _AREA.match(text.strip())
    if found is None:
        return None
    left, top = column_number(found[1].upper()), int(found[2]) - 1
    right = column_number(found[3].upper()) if found[3] else left
    bottom = int(found[4]) - 1 if found[4] else top
    return (min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def sheet_ids(package: Package) -> dict[str, str]:
    """Return each sheet's id, which stays when the sheet is renamed."""
    if not package.readable:
        return {}
    return {
        part.get("name", ""): part.get("sheetId", "")
        for part in package.tree("xl/workbook.xml").iter()
        if local(part) == "sheet"
    }


def named_areas(package: Package, sheet: str) -> dict[str, Area]:
    """Return the tables on a sheet and the names that stand for areas of it."""
    if not package.readable:
        return {}
    found: dict[str, Area] = {}
    for part in package.tree("xl/workbook.xml").iter():
        where, _, area = (part.text or "").rpartition("!")
        if local(part) == "definedName" and _bare(where) == sheet and (known := area_of(area)):
            found[part.get("name", "")] = known
    for table in _tables(package, sheet):
        if known := area_of(table.get("ref", "")):
            top, left, bottom, right = known
            totals = table.get("totalsRowCount", "0")
            below = bottom - (int(totals) if totals.isdigit() else 0)
            found[table.get("displayName") or table.get("name") or ""] = (top, left, max(below, top), right)
    return found


def _tables(package: Package, sheet: str) -> Iterator[Element]:
    """Yield the sheet's own tables, as Insert, Table makes them."""
    entry = package.entry(sheet)
    if entry is None:
        return
    relations = f"{dirname(entry)}/_rels/{basename(entry)}.rels"
    if relations not in package.names:
        return
    for part in package.tree(relations):
        if part.get("Type", "").endswith("/table"):
            target = part.get("Target", "")
            name = target.lstrip("/") if target.startswith("/") else normpath(join(dirname(entry), target))
            if name in package.names:
                yield package.tree(name)


def drop_downs(
    package: Package, sheet: str, rows_of: Callable[[str], Sequence[Sequence[Any]]]
) -> list[DropDown]:
    """Return a sheet's drop-down lists.

    Args:
        package: The workbook.
        sheet: Its name.
        rows_of: Gives the rows of a sheet by its name, for lists that stand in cells.
    """
    entry = package.entry(sheet)
    if entry is None:
        return []
    text = b"".join(
        piece[piece.find(b"</sheetData>") :] for piece in package.pieces(entry) if b"</sheetData>" in piece
    )
    found = []
    for attributes, inner in _VALIDATION.findall(text):
        formula = _FORMULA.search(inner)
        if b'type="list"' not in attributes or formula is None:
            continue
        places = _PLACES.search(attributes) or _PLACES.search(inner)
        cells = (places[1] or places[2] or b"").decode() if places else ""
        areas = tuple(filter(None, map(area_of, cells.split())))
        source = unescape(_TAG.sub(b"", formula[1]).decode(errors="replace")).strip()
        found.append(DropDown(areas, _values(package, sheet, source, rows_of), source))
    return found


def _values(
    package: Package, sheet: str, source: str, rows_of: Callable[[str], Sequence[Sequence[Any]]]
) -> tuple[str, ...]:
    """Return what a list's source allows: written out, or standing in cells somewhere."""
    if source.startswith('"'):
        return tuple(filter(None, map(str.strip, source.strip('"').split(","))))[:_MOST_VALUES]
    if "!" in source:
        where, _, area = source.rpartition("!")
        place, known = _bare(where), area_of(area)
    else:
        place, known = sheet, area_of(source)
        if known is None:
            place, known = _by_name(package, source)
    if known is None:
        return ()
    top, left, bottom, right = known
    cells = [
        str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
        for row in rows_of(place)[top : bottom + 1]
        for cell in row[left : right + 1]
        if cell != ""
    ]
    return tuple(dict.fromkeys(filter(None, cells)))[:_MOST_VALUES]


def _by_name(package: Package, name: str) -> tuple[str, Area | None]:
    """Find the cells a defined name stands for."""
    for part in package.tree("xl/workbook.xml").iter():
        if local(part) == "definedName" and part.get("name", "").casefold() == name.casefold():
            where, _, area = (part.text or "").rpartition("!")
            return _bare(where), area_of(area)
    return "", None


def coloured(package: Package, sheet: str, first: int) -> list[tuple[int, int]]:
    """Return the cells from a row on that are filled with a colour and with nothing else."""
    entry = package.entry(sheet)
    filled = package.styles().filled if entry is not None else set()
    if entry is None or not filled:
        return []
    return [
        (int(row) - 1, column_number(letters.decode()))
        for piece in package.pieces(entry)
        for letters, row, style in _EMPTY.findall(piece)
        if style in filled and int(row) > first
    ]


def _bare(sheet: str) -> str:
    """Take Excel's quotes off a sheet's name."""
    return sheet[1:-1].replace("''", "'") if sheet.startswith("'") and sheet.endswith("'") else sheet
