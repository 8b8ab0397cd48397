"""How many tables a sheet holds: below each other, beside each other, or cut out by the configuration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Any, Final

from connectors.excel.columns import Column, Header
from connectors.excel.contents import Area, area_of
from connectors.excel.fill import is_blank
from connectors.excel.fits import lacking
from connectors.excel.grid import Grid
from connectors.excel.header import SEARCHED, find_header, judge, merged_texts
from connectors.excel.layout import MAIN, Holds, Layout, Refused
from connectors.excel.package import address
from connectors.excel.words import columns, normal

_LEAST_HEADERS: Final = 2
_LONGEST_HEADER: Final = 40
_LEAST_APART: Final = 3  # rows from one header to the next, a record and a blank between them
_MOST_TITLES: Final = 3  # rows between two tables that head the second


@dataclass(slots=True)
class Table:
    """One table to be read; its rows end before `end`."""

    header: Header
    end: int
    title: str = ""  # what stands alone over its header


@dataclass(slots=True)
class Tables:
    """The tables of a sheet: those to be read, and in words those that are not."""

    read: list[Table]
    others: list[str] = field(default_factory=list)
    foreign: list[tuple[int, int]] = field(
        default_factory=list
    )  # their rows, first and the one after the last


def cut_out(grid: Grid, layout: Layout) -> Grid:
    """Return the grid with nothing left outside the configured table, at the same addresses.

    Raises:
        Refused: There is no table of that name, nor such an area.
    """
    if layout.table is None:
        return grid
    top, left, bottom, right = _area(grid, layout.table)
    blank = [""] * max(map(len, grid.rows), default=0)
    rows = [
        [*blank[:left], *row[left : right + 1], *blank[right + 1 : len(row)]]
        if top <= number <= bottom
        else blank[:]
        for number, row in enumerate(grid.rows[: bottom + 1])
    ]
    merges = [
        merge
        for merge in grid.merges
        if top <= merge[0][0] and merge[1][0] <= bottom and left <= merge[0][1] <= right
    ]
    return replace(grid, rows=rows, merges=merges)


def _area(grid: Grid, wanted: str) -> Area:
    """Find a table by its area, its name in Excel, or the title that stands over it."""
    if area := area_of(wanted):
        if area[0] >= len(grid.rows):
            raise Refused(
                f"{grid.file}!{grid.sheet} ends in row {len(grid.rows)}, above {wanted}. Correct `table`"
            )
        return area if ":" in wanted else _down_from(grid, area[0], area[1])
    for name, named in grid.areas.items():
        if name.casefold() == wanted.casefold():
            return named
    for number, row in enumerate(grid.rows):
        for index, cell in enumerate(row):
            if isinstance(cell, str) and cell and normal(cell) == normal(wanted):
                return _down_from(grid, number + 1, index)
    there = ", ".join(map(repr, grid.areas)) or "none"
    raise Refused(
        f"{grid.file}!{grid.sheet} has no table {wanted!r}: neither an area such as B3:F20, nor a cell with that "
        f"title, nor a table of that name; it has {there}. Correct `table`"
    )


def _down_from(grid: Grid, top: int, left: int) -> Area:
    """Take what hangs together below and right of a cell: up to an empty column, and a row empty in all."""
    head = next(
        (number for number in range(top, len(grid.rows)) if not is_blank(grid.rows[number][left])), top
    )
    row = grid.rows[head] if head < len(grid.rows) else []
    right = next((index for index in range(left, len(row)) if is_blank(row[index])), len(row)) - 1
    bottom = head
    while bottom + 1 < len(grid.rows) and not all(map(is_blank, grid.rows[bottom + 1][left : right + 1])):
        bottom += 1
    return (head, left, bottom, max(right, left))


def find_tables(grid: Grid, header: Header, layout: Layout) -> Tables:
    """Divide a sheet whose best header is known into its tables."""
    found = Tables([])
    if layout.table is not None:
        found.read.append(Table(header, len(grid.rows), _title(grid, header.row)))
        return found
    _beside(grid, header, layout, found)
    heads = [*_headers(grid, range(header.row), header, layout), (header.row, layout.holds, header)]
    heads += _headers(grid, range(header.row + 1, len(grid.rows)), header, layout)
    for number, (row, kind, other) in enumerate(heads):
        last = number + 1 == len(heads)
        end = len(grid.rows) if last else _without_titles(grid, heads[number + 1][0])
        if kind == layout.holds:
            found.read.append(Table(other, end, _title(grid, row)))
            continue
        found.foreign.append((row, end))
        first = address(row, other.columns[0].index)
        found.others.append(
            f"from {first} on is another table, which looks like {kind} ({other.names()}); it was not read. To read "
            f"it, add a workbook with the same path and sheet, holds: {kind} and table: {first}"
        )
    return found


def _beside(grid: Grid, header: Header, layout: Layout, found: Tables) -> None:
    """Keep one of several tables that stand side by side under one header row, and look for one further right."""
    blocks = list(_blocks(grid, header))
    fitting = (
        [(block, kind) for block in blocks if (kind := _kind_of(block, layout))] if len(blocks) > 1 else []
    )
    if len(fitting) > 1:
        own = [block for block, kind in fitting if kind == layout.holds]
        chosen = max(own or [fitting[0][0]], key=lambda block: block.score)
        found.others += [_told(block, kind) for block, kind in fitting if block is not chosen]
        header.columns, header.key, header.score = chosen.columns, chosen.key, chosen.score
        return
    if (further := _further_right(grid, header, layout)) is not None:
        found.others.append(_told(*further))


def _told(block: Header, kind: str) -> str:
    first = address(block.row, block.columns[0].index)
    return (
        f"from {first} on, beside it, is another table, which looks like {kind} ({block.names()}); it was not read. To "
        f"read it, add a workbook with the same path and sheet, holds: {kind} and table: {first}"
    )


def _blocks(grid: Grid, header: Header) -> Iterator[Header]:
    """Yield the header's columns in runs that an empty column divides."""
    run: list[Column] = [header.columns[0]]
    for before, column in pairwise(header.columns):
        gap = range(before.index + 1, column.index)
        if gap and any(all(is_blank(row[index]) for row in grid.rows[header.row :]) for index in gap):
            yield Header(header.row, run)
            run = []
        run.append(column)
    yield Header(header.row, run)


def _kind_of(block: Header, layout: Layout) -> Holds | None:
    """Say which kind of sheet a run of columns could be by itself; None: it is part of its neighbours' table."""
    best: tuple[int, Holds] | None = None
    for holds in _kinds(layout):
        judged = _rejudged(block, holds, layout)
        if judged is not None and (best is None or judged.score > best[0]):
            best = (judged.score, holds)
            if holds == layout.holds:
                block.columns, block.key, block.score = judged.columns, judged.key, judged.score
    return best[1] if best is not None else None


def _rejudged(block: Header, holds: Holds, layout: Layout) -> Header | None:
    width = block.columns[-1].index + 1
    row: list[Any] = [""] * width
    over: list[Any] = [""] * width
    for column in block.columns:
        row[column.index], over[column.index] = column.raw, column.group
    wanted = _plain(layout, holds)
    judged = judge(Grid(layout.file, "", [over, row]), 1, wanted, {})
    if judged is None or lacking(judged, wanted):
        return None
    judged.row = block.row
    return judged


def _further_right(grid: Grid, header: Header, layout: Layout) -> tuple[Header, Holds] | None:
    """Look for a table in the columns to the right of the last header, whose own header may stand elsewhere."""
    edge = header.columns[-1].index + 2
    top = grid.rows[: SEARCHED * 2]
    if not any(isinstance(cell, str) and not is_blank(cell) for row in top for cell in row[edge:]):
        return None
    rest = Grid(grid.file, grid.sheet, [[*([""] * edge), *row[edge:]] for row in top])
    found: tuple[Header, Holds] | None = None
    for holds in _kinds(layout):
        try:
            other = find_header(rest, Layout(holds, layout.file, project=layout.project, year=layout.year))
        except Refused:
            continue
        if found is None or other.score > found[0].score:
            found = (other, holds)
    return found


def _headers(grid: Grid, rows: range, header: Header, layout: Layout) -> Iterator[tuple[int, Holds, Header]]:
    """Yield the rows that head another table than a header's; the same header again heads none."""
    names = {(column.index, column.header) for column in header.columns}
    alone = rows.start == 0  # the row above is empty or a title
    for number in rows:
        first, single = _start(grid.rows[number])
        before, alone = alone, single
        if alone or not isinstance(first, str) or len(first) > _LONGEST_HEADER:
            continue
        if not before and first.strip().casefold() not in _known_words():
            continue
        if 0 < header.row - number < _LEAST_APART:
            continue  # the upper row of the header itself, or no row between them
        found = _as_header(grid, number, layout)
        if found is not None and not {(c.index, c.header) for c in found[1].columns} <= names:
            yield number, *found


def _as_header(grid: Grid, row: int, layout: Layout) -> tuple[Holds, Header] | None:
    """Read a row as the header of a table; None when it is a record like the others."""
    cells = [cell for cell in grid.rows[row] if not is_blank(cell)]
    if len(cells) <= _LEAST_HEADERS or sum(isinstance(cell, str) for cell in cells) * 2 < len(cells):
        return None
    words = sum(isinstance(cell, str) and normal(cell) in _known_words() for cell in cells)
    if words < _LEAST_HEADERS:
        return None
    merged: Mapping[tuple[int, int], Any] = merged_texts(grid, max(0, row - 1), row + 1)
    best: tuple[Holds, Header] | None = None
    for holds in _kinds(layout):
        wanted = _plain(layout, holds)
        judged = judge(grid, row, wanted, merged)
        if judged is None or lacking(judged, wanted):
            continue
        if best is None or judged.score > best[1].score:
            best = (holds, judged)
    return best


def _kinds(layout: Layout) -> Sequence[Holds]:
    """Return the kinds of sheet, the configured one first."""
    return [layout.holds, *(holds for holds in MAIN if holds != layout.holds)]


def _plain(layout: Layout, holds: Holds) -> Layout:
    """Return a layout of another kind, without what the configuration says of this one's columns."""
    if holds == layout.holds:
        return replace(layout, header_row=None)
    return Layout(holds, layout.file, project=layout.project, year=layout.year)


def _without_titles(grid: Grid, row: int) -> int:
    """Return where the table above a header ends: before the titles of the next one, and the blanks."""
    end = row
    for _ in range(_MOST_TITLES):
        if _filled(grid.rows[end - 1]) != 1:
            break
        end -= 1
    if end < row and not all(map(is_blank, grid.rows[end - 1])):
        end = row  # no blank row parts them, so it may be a record
    while end > 0 and all(map(is_blank, grid.rows[end - 1])):
        end -= 1
    return end


def _title(grid: Grid, row: int) -> str:
    """Return what stands alone in the row over a header."""
    for number in range(row - 1, max(-1, row - 1 - _MOST_TITLES), -1):
        cells = [cell for cell in grid.rows[number] if not is_blank(cell)]
        if len(cells) == 1 and isinstance(cells[0], str):
            return cells[0]
        if cells:
            break
    return ""


def _start(row: Sequence[Any]) -> tuple[Any, bool]:
    """Return a row's first filled cell, and whether no other is; "" where it is empty."""
    first: Any = ""
    for cell in row:
        if cell == "" or is_blank(cell):
            continue
        if first != "":
            return first, False
        first = cell
    return first, True


def _filled(row: Sequence[Any]) -> int:
    return sum(cell != "" and not is_blank(cell) for cell in row)


@cache
def _known_words() -> frozenset[str]:
    return frozenset(
        word
        for kind, names in columns().items()
        if kind != "money_kinds"
        for words in names.values()
        for word in words
    )
