"""Bytes and a layout to records: the whole way, as the child goes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connectors.excel.columns import Header
from connectors.excel.costs import Costs
from connectors.excel.gantt import GANTT, bars
from connectors.excel.grid import Book, Grid
from connectors.excel.header import find_header
from connectors.excel.layout import Layout, Limits, Refused
from connectors.excel.package import address, column_letters
from connectors.excel.preamble import Preamble, read_preamble
from connectors.excel.raid import kind_of_title
from connectors.excel.records import Record, Warnings
from connectors.excel.rows import Sheet
from connectors.excel.tables import Tables, cut_out, find_tables


@dataclass(slots=True)
class Told:
    """What is said of a sheet once its records are read."""

    sheet: str = ""
    sheet_id: str | None = None
    header_row: int = 0
    recognised: dict[str, str] = field(default_factory=dict)  # header -> attribute
    unrecognised: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)  # header -> its column's letters
    warnings: list[str] = field(default_factory=list)
    controls: dict[str, str] = field(default_factory=dict)  # attribute -> the sheet's own total
    records: int = 0
    kept: int = 0
    untold: int = 0  # rows whose identity an error hides: which records they are nobody can say


def read(layout: Layout, body: bytes, limits: Limits, told: Told) -> Iterator[Record]:
    """Yield a sheet's records; `told` is complete once they are exhausted.

    Raises:
        Refused: The workbook or the sheet cannot be read.
    """
    book = Book(layout.file, body, limits)
    found = _choose(book, layout)
    grid, header, layout = found.grid, found.header, found.layout
    tables = find_tables(grid, header, layout)
    header = tables.read[0].header
    told.sheet, told.sheet_id, told.header_row = grid.sheet, grid.sheet_id, header.row + 1
    warnings = Warnings(
        lines=[*found.notes, *(f"{grid.file}!{grid.sheet}: {other}" for other in tables.others)]
    )
    seen: dict[str, int] = {}
    controls: list[Mapping[str, Decimal]] = []
    for number, table in enumerate(tables.read):
        own = _prefixed(layout, tables, number)
        cut = grid if table.end >= len(grid.rows) else replace(grid, rows=grid.rows[: table.end])
        sheet = Sheet(cut, table, own, found.preamble.above(header.row), seen)
        for record in _records(sheet, told):
            told.records += 1
            told.kept += record.filtered_by is None and record.unreadable is None
            yield record
        controls.append(sheet.totals.controls())
        told.untold += sheet.untold
        warnings.take(sheet.warnings)
    for first, last in tables.foreign:
        for number in range(first, last):
            told.records += 1
            where = f"{grid.file}!{grid.sheet}!{address(number, header.columns[0].index)}"
            yield Record(f"row {number + 1}", where, {}, filtered_by="row of another table")
    told.controls = {name: f"{total:f}" for name, total in _summed(controls).items()}
    if not told.kept:
        warnings.add(
            f"{grid.file}!{grid.sheet}: 0 {_called(layout)}: there is a header in row {header.row + 1} and no usable "
            "row under it"
        )
    told.warnings = warnings.all()


def _records(sheet: Sheet, told: Told) -> Iterator[Record]:
    """Yield one table's records, and tell what of its columns was understood."""
    recognised = {column.header: column.attribute for column in sheet.header.columns if column.attribute}
    for column in sheet.header.key:
        recognised.setdefault(column.header, "key")
    if sheet.layout.holds == "costs":
        costs = Costs(sheet)
        recognised |= costs.understood
        records = costs.records()
    else:
        records = sheet.records()
    told.recognised = recognised | told.recognised
    told.places = {
        column.header: column_letters(column.index) for column in sheet.header.columns
    } | told.places
    told.unrecognised += [column.header for column in sheet.header.columns if column.header not in recognised]
    yield from records


def _prefixed(layout: Layout, tables: Tables, number: int) -> Layout:
    """Keep the references of a second table of risks or issues apart where its title says it is of another kind."""
    kind, first = kind_of_title(tables.read[number].title), kind_of_title(tables.read[0].title)
    if layout.holds != "raid" or number == 0 or kind is None or kind == first:
        return layout
    return replace(layout, prefix=f"{layout.prefix}{kind} ")


def _summed(controls: Sequence[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """Add up the totals of all tables, for attributes of which every table has one."""
    names = set(controls[0]).intersection(*controls[1:]) if controls else set()
    return {name: sum((one[name] for one in controls), Decimal(0)) for name in sorted(names)}


@dataclass(slots=True)
class _Found:
    """A sheet that fits, and how it is to be read."""

    grid: Grid
    header: Header
    layout: Layout
    preamble: Preamble
    notes: list[str] = field(default_factory=list)


def _choose(book: Book, layout: Layout) -> _Found:
    """Take the named sheet, or the one visible sheet that fits best.

    Raises:
        Refused: It is not there, none fits, or several fit alike.
    """
    if layout.sheet is not None:
        return _named(book, layout, layout.sheet)
    fitting: list[_Found] = []
    refusals: list[Refused] = []
    for name, hidden in book.hidden.items():
        if hidden:
            continue
        try:
            fitting.append(_fit(book, name, layout))
        except Refused as refusal:
            refusals.append(refusal)
    if not fitting:
        if len(refusals) == 1:
            raise refusals[0]
        names = ", ".join(book.hidden) or "none"
        gantt = next((str(refusal) for refusal in refusals if GANTT in str(refusal)), None)
        raise Refused(
            f"{book.file}: no sheet looks like one of {layout.holds}; it has: {names}. Name it with `sheet`"
            + (f". {gantt}" if gantt else "")
        )
    fitting.sort(key=lambda found: -found.header.score)
    if len(fitting) > 1 and fitting[0].header.score == fitting[1].header.score:
        known = [
            found for found in fitting[:2] if found.grid.sheet_id and found.grid.sheet_id == layout.sheet_id
        ]
        if known:
            return known[0]
        names = " and ".join(repr(found.grid.sheet) for found in fitting[:2])
        raise Refused(f"{book.file}: {names} look alike for {layout.holds}; say which with `sheet`")
    return fitting[0]


def _and_keep(layout: Layout) -> str:
    """Say how the rows stay the records that they are, where their ids begin with what is to be corrected."""
    known_as = layout.prefix.removesuffix("!")
    return f", and keep its rows by `known_as: {known_as}`" if known_as else ""


def _named(book: Book, layout: Layout, wanted: str) -> _Found:
    """Take the sheet of that name; one that was renamed since it was last read is known by its id and its headers."""
    try:
        name = book.find(wanted)
    except Refused as missing:
        renamed = book.renamed(layout.sheet_id)
        if renamed is None:
            raise Refused(f"{missing}{_likely(book, layout)}") from missing
        found = _fit(book, renamed, layout)
        found.notes.append(
            f"{book.file}: the sheet {wanted!r} is now called {renamed!r}; it was recognised by its id and its "
            f"headers. Correct `sheet`{_and_keep(layout)}"
        )
        return found
    return _fit(book, name, layout)


def _likely(book: Book, layout: Layout) -> str:
    """Name the sheets that look like what is wanted, when the named one is not there."""
    fitting = []
    for name, hidden in book.hidden.items():
        try:
            if not hidden:
                _fit(book, name, layout)
                fitting.append(repr(name))
        except Refused:
            continue
    return f"; {' and '.join(fitting)} looks like {layout.holds}" if fitting else ""


def _fit(book: Book, name: str, layout: Layout) -> _Found:
    """Read one sheet's grid and header; what stands above the table may name the project.

    Raises:
        Refused: It does not fit.
    """
    grid = cut_out(book.grid(name), layout)
    preamble = read_preamble(grid)
    said = preamble.meaning("project")
    named = layout.project is None and layout.holds != "projects" and said is not None
    by_name = replace(layout, project=str(said.value)) if named and said else layout
    try:
        header = find_header(grid, layout)
        needed = "project_ref" not in header.by_attribute()
    except Refused as refusal:
        if not named:
            raise Refused(f"{refusal}{bars(book, grid, layout)}") from refusal
        header, needed = find_header(grid, by_name), True
    found = _Found(grid, header, layout, preamble)
    if named and needed and said is not None and said.row < header.row:
        found.layout = by_name
        found.notes.append(
            f"{grid.file}!{grid.sheet}!{said.cell}: no column names the project, so all rows belong to "
            f"{str(said.value)!r}"
        )
    return found


def _called(layout: Layout) -> str:
    if layout.holds == "raid":
        return "risks, issues, assumptions or dependencies"
    return {"costs": "amounts", "utilisation": "weeks of utilisation"}.get(layout.holds, layout.holds)
