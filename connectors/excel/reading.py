"""Bytes and a layout to records: the whole way, as the child goes it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.excel.costs import Costs
from connectors.excel.grid import Book, Grid
from connectors.excel.header import Header, find_header
from connectors.excel.layout import HOLDS, Layout, Limits, Refused
from connectors.excel.records import Record
from connectors.excel.rows import Sheet


@dataclass(slots=True)
class Told:
    """What is said of a sheet once its records are read."""

    sheet: str = ""
    header_row: int = 0
    recognised: dict[str, str] = field(default_factory=dict)  # header -> attribute
    unrecognised: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    records: int = 0
    kept: int = 0


def read(layout: Layout, body: bytes, limits: Limits, told: Told) -> Iterator[Record]:
    """Yield a sheet's records; `told` is complete once they are exhausted.

    Raises:
        Refused: The workbook or the sheet cannot be read.
    """
    book = Book(layout.file, body, limits)
    grid, header = _choose(book, layout)
    sheet = Sheet(grid, header, layout)
    told.sheet, told.header_row = grid.sheet, header.row + 1
    told.recognised = {column.header: column.attribute for column in header.columns if column.attribute}
    for column in header.key:
        told.recognised.setdefault(column.header, "key")
    costs = Costs(sheet) if layout.holds == "costs" else None
    told.recognised |= costs.understood if costs else {}
    for record in costs.records() if costs else sheet.records():
        told.records += 1
        told.kept += record.filtered_by is None and record.unreadable is None
        yield record
    told.unrecognised = [column.header for column in header.columns if column.header not in told.recognised]
    if not told.kept:
        sheet.warnings.add(
            f"{grid.file}!{grid.sheet}: 0 {_called(layout)}: there is a header in row {header.row + 1} and no usable "
            "row under it"
        )
    told.warnings = sheet.warnings.all()


def inspect(file: str, body: bytes, limits: Limits) -> list[dict[str, Any]]:
    """Say of each sheet what it looks like: for discovery, before anything is configured.

    Raises:
        Refused: The workbook cannot be read.
    """
    book = Book(file, body, limits)
    found: list[dict[str, Any]] = []
    for name, hidden in book.hidden.items():
        entry: dict[str, Any] = {"sheet": name, "hidden": hidden, "holds": None, "header_row": None}
        try:
            grid = book.grid(name)
        except Refused as refusal:
            found.append(entry | {"says": str(refusal)})
            continue
        best = _best_kind(grid, file)
        if best is not None:
            holds, header = best
            entry |= {
                "holds": holds,
                "header_row": header.row + 1,
                "columns": [[column.header, column.attribute] for column in header.columns],
            }
        found.append(entry)
    return found


def _best_kind(grid: Grid, file: str) -> tuple[str, Header] | None:
    best: tuple[str, Header] | None = None
    for holds in HOLDS:
        try:
            header = find_header(grid, Layout(holds, file))
        except Refused:
            continue
        if best is None or header.score > best[1].score:
            best = (holds, header)
    return best


def _choose(book: Book, layout: Layout) -> tuple[Grid, Header]:
    """Take the named sheet, or the one visible sheet that fits best.

    Raises:
        Refused: It is not there, none fits, or several fit alike.
    """
    if layout.sheet is not None:
        grid = book.grid(book.find(layout.sheet))
        return grid, find_header(grid, layout)
    fitting: list[tuple[Grid, Header]] = []
    refusals: list[Refused] = []
    for name, hidden in book.hidden.items():
        if hidden:
            continue
        try:
            grid = book.grid(name)
            fitting.append((grid, find_header(grid, layout)))
        except Refused as refusal:
            refusals.append(refusal)
    if not fitting:
        if len(refusals) == 1:
            raise refusals[0]
        names = ", ".join(book.hidden) or "none"
        raise Refused(
            f"{book.file}: no sheet looks like one of {layout.holds}; it has: {names}. Name it with `sheet`"
        )
    fitting.sort(key=lambda found: -found[1].score)
    if len(fitting) > 1 and fitting[0][1].score == fitting[1][1].score:
        names = " and ".join(repr(grid.sheet) for grid, _ in fitting[:2])
        raise Refused(f"{book.file}: {names} look alike for {layout.holds}; say which with `sheet`")
    return fitting[0]


def _called(layout: Layout) -> str:
    if layout.holds == "raid":
        return "risks, issues, assumptions or dependencies"
    return {"projects": "projects", "milestones": "milestones", "costs": "amounts"}[layout.holds]
