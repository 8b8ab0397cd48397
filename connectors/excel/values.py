"""Cells to values: one reader a column, made once the column's own evidence is seen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connectors.excel import dates, numbers
from connectors.excel.cells import NEVER_CALCULATED, Fault, Json, Unusable, text_of
from connectors.excel.columns import Column
from connectors.excel.currencies import Currencies
from connectors.excel.fill import is_blank
from connectors.excel.grid import Grid
from connectors.excel.layout import AMOUNTS, ENTITY, Layout
from connectors.excel.package import address
from connectors.excel.words import clean, normal
from model.attributes import REGISTER
from model.exact import rounded

Read = Callable[[Any, int], Json]  # value and row -> JSON value; None: it says nothing

_OWN_TYPES: Final = {
    "key": "text",
    "project_ref": "text",
    "bind_jira": "texts",
    "bind_ado": "texts",
    "bind_scope": "texts",
}
_TRUE: Final = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "si", "✓", "✔"})
_FALSE: Final = frozenset({"no", "n", "false", "0", "nein", "non"})
_HUNDRED: Final = 100
_NAMED: Final = 3  # dates of a column whose cells a message may name
_REMEMBERED: Final = 10_000  # texts of a column, for most columns repeat a few


@dataclass(slots=True)
class Reading:
    """How the columns of one sheet are read, and what was noticed on the way."""

    reads: dict[str, Read] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    currency: str | None = None  # that a header, or every amount, names
    currencies: dict[str, str] = field(default_factory=dict)  # of money columns that are in one currency
    mixed: dict[str, Callable[[Any, int], str | None]] = field(default_factory=dict)
    by_row: set[str] = field(
        default_factory=set
    )  # columns whose value depends on the row, by a cell's format
    above: str = ""  # the titles over the header
    name: str = ""  # of the column being made
    date_columns: list[tuple[str, dates.DateColumn]] = field(default_factory=list)  # by header
    beside: int | None = None  # the column in which rows say their currency

    def currency_of(self, name: str, value: Any, row: int) -> str | None:
        """Return the currency of one amount: its own where its column has several."""
        own = self.mixed[name](value, row) if name in self.mixed else None
        return own or self.currency


def attribute_type(holds: str, attribute: str) -> str:
    """Return the register's type of an attribute of a kind of sheet."""
    if attribute in _OWN_TYPES:
        return _OWN_TYPES[attribute]
    found = REGISTER[ENTITY[holds]].get(attribute)  # type: ignore[index]
    return found.type if found is not None else "text"


def place_faults(grid: Grid) -> None:
    """Put what calamine leaves blank back into the grid: error cells, and formulas never calculated."""
    faults = {**grid.marks.errors, **dict.fromkeys(grid.marks.uncached, "")}
    if not faults:
        return
    height = max(row for row, _ in faults) + 1
    width = max(max(column for _, column in faults) + 1, max(map(len, grid.rows), default=0))
    grid.rows.extend([""] * width for _ in range(height - len(grid.rows)))
    for cells in grid.rows:
        cells.extend([""] * (width - len(cells)))
    for (row, column), error in faults.items():
        grid.rows[row][column] = Fault(error) if error else NEVER_CALCULATED


def make_reads(
    grid: Grid,
    header_row: int,
    columns: Mapping[str, Column],
    layout: Layout,
    type_: str | None = None,
    beside: Column | None = None,
) -> Reading:
    """Make a reader for each column.

    Args:
        grid: The sheet.
        header_row: Where its header is, counted from 0.
        columns: Name -> column; the names are attributes, unless `type_` is given.
        layout: What the configuration decides.
        type_: The type of all of them; None: the register's.
        beside: The column in which rows say their currency, where it is not among `columns`.
    """
    reading = Reading(
        above=" ".join(str(cell) for row in grid.rows[:header_row] for cell in row if cell != "")
    )
    beside = beside or columns.get("currency")
    reading.beside = beside.index if beside is not None else None
    for name, column in columns.items():
        reading.name = name
        make = _MAKERS.get(type_ or attribute_type(layout.holds, name), _text)
        reading.reads[name] = make(grid, header_row + 1, column.index, column.header, layout, reading)
    _note_unproven_dates(reading)
    if layout.holds == "costs":  # there each amount is a record
        for name, code in reading.currencies.items():
            reading.mixed.setdefault(name, _always(code))
    else:
        _leave_out_other_currencies(reading, columns)
    return reading


def _always(code: str) -> Callable[[Any, int], str | None]:
    return lambda _value, _row: code


def _leave_out_other_currencies(reading: Reading, columns: Mapping[str, Column]) -> None:
    """Leave out columns of money in another currency than the first that names one: a row has one currency."""
    first, *others = [*reading.currencies] or [""]
    for name in others:
        code, main = reading.currencies[name], reading.currencies[first]
        if code != main:
            reading.reads[name] = _nothing
            reading.notes.append(
                f"column {columns[name].header!r} is in {code} and {columns[first].header!r} in {main}; a row has one "
                f"currency, so {name} stays unknown. Write it in {main}, or into a sheet of its own"
            )


def _nothing(_value: Any, _row: int) -> Json:
    return None


def _note_unproven_dates(reading: Reading) -> None:
    """Say of a column whose few dates prove nothing that Excel has swapped those of another column."""
    other = next((header for header, column in reading.date_columns if column.swapped), None)
    if other is None:
        return
    for header, column in reading.date_columns:
        if column.unproven and not column.notes:
            reading.notes.append(dates.unproven_words(header, column.unproven, other))


def _cells(grid: Grid, first: int, index: int) -> Iterator[tuple[str, Any]]:
    """Yield a column's texts with their cells, and its dates; numbers prove nothing about how texts are written."""
    named = 0
    for number, row in enumerate(grid.rows[first:], start=first):
        value = row[index]
        if isinstance(value, date):
            named += 1
            yield address(number, index) if named <= _NAMED else "", value
        elif isinstance(value, str) and value:
            yield address(number, index), value


def _text(grid: Grid, _first: int, index: int, _header: str, _layout: Layout, reading: Reading) -> Read:
    zeros = {row: digits for (row, column), digits in grid.marks.zeros.items() if column == index}
    if zeros:
        reading.by_row.add(reading.name)
    known: dict[str, str | None] = {}

    def read(value: Any, row: int) -> Json:
        if type(value) is not str:
            return text_of(value, zeros.get(row, 0))
        if value in known:
            return known[value]
        text = text_of(value)
        if len(known) < _REMEMBERED:
            known[value] = text
        return text

    return read


def _word(*given: Any) -> Read:
    """Read an enumerated value: its words in lower case, for the mapping's value map."""
    read = _text(*given)

    def lower(value: Any, row: int) -> Json:
        text = read(value, row)
        return normal(text) or None if text is not None else None

    return lower


def _date(grid: Grid, first: int, index: int, header: str, layout: Layout, reading: Reading) -> Read:
    column = dates.decide(
        header,
        _cells(grid, first, index),
        layout.date_order,
        from_1904=grid.marks.from_1904,
        swapped=layout.swapped,
    )
    reading.notes += column.notes
    reading.date_columns.append((header, column))

    def read(value: Any, _row: int) -> Json:
        found = column.read(value)
        return found.isoformat() if found is not None else None

    return read


def _number(grid: Grid, first: int, index: int, header: str, layout: Layout, reading: Reading) -> Read:
    column = numbers.decide(header, _cells(grid, first, index), layout.decimal)
    reading.notes += column.notes
    reading.currency = reading.currency or column.currency

    def read(value: Any, _row: int) -> Json:
        found = column.read(value)
        return None if found is None else number_json(found)

    return read


def _whole(*given: Any) -> Read:
    number = _number(*given)

    def read(value: Any, row: int) -> Json:
        found = number(value, row)
        if isinstance(found, float):
            raise Unusable(f"{found:g} is no whole number")
        return found

    return read


def _money(grid: Grid, first: int, index: int, header: str, layout: Layout, reading: Reading) -> Read:
    column = numbers.decide(header, _cells(grid, first, index), layout.decimal)
    if column.scale == 1 and (scale := numbers.scale_in(reading.above)):
        column.scale = scale
        column.notes.append(f"money was multiplied by {scale:,}, as the title over the table says")
    shown = {
        row: code for (row, place), code in grid.marks.currency.items() if place == index and row >= first
    }
    own = Currencies(column, shown, grid, first, index, layout.currency, reading.beside)
    reading.notes += column.notes
    reading.currency = reading.currency or column.currency
    if column.currency is not None:
        reading.currencies[reading.name] = column.currency
    if own.some:
        reading.mixed[reading.name] = own.of
    if own.several or own.signs:
        reading.by_row.add(reading.name)
    strict = own.several and layout.holds not in AMOUNTS  # there each record has one of its own

    def read(value: Any, row: int) -> Json:
        if own.signs:
            own.settle(value, row)
        if strict:
            own.check(value, row)
        found = column.read(value)
        return None if found is None else money_text(found)

    return read


def _percent(grid: Grid, first: int, index: int, header: str, layout: Layout, reading: Reading) -> Read:
    """Read percents as 0 to 100: by their format, by their sign, or as shares when the whole column says so."""
    column = numbers.decide(header, _cells(grid, first, index), layout.decimal)
    marked = {row for row, found in grid.marks.percent if found == index}
    reading.by_row.add(reading.name)
    bare, signed = _bare_percents(grid, first, index, column, marked)
    within = all(0 <= value <= 1 for value in bare)
    fractions = any(0 < abs(value) < 1 for value in bare)
    shares = fractions and within and not signed
    if shares:
        reading.notes.append(
            f"column {header!r}: numbers from 0 to 1 without a percent format were read as shares of 1"
        )
    elif not fractions and within and any(value == 1 for value in bare):
        reading.notes.append(f"column {header!r}: 1 without a percent format was read as 1 %, not as 100 %")

    def read(value: Any, row: int) -> Json:
        is_signed = isinstance(value, str) and clean(value).endswith("%")
        found = column.read(clean(value)[:-1] if is_signed else value)
        if found is None:
            return None
        plain_number = not is_signed and row not in marked
        if plain_number and fractions and not shares and 0 < abs(found) <= 1:
            raise Unusable(
                f"{value!s} may be {found:f} % or {found * _HUNDRED:f} %: other cells of its column are percents; "
                "write it with a percent sign"
            )
        return number_json(found * _HUNDRED if row in marked or (plain_number and shares) else found)

    return read


def _bare_percents(
    grid: Grid, first: int, index: int, column: numbers.NumberColumn, marked: set[int]
) -> tuple[list[Decimal], bool]:
    """Return a column's numbers without a percent sign or format, texts too, and whether others have one."""
    bare: list[Decimal] = []
    signed = False
    for number, row in enumerate(grid.rows[first:], start=first):
        value = row[index]
        if is_blank(value) or isinstance(value, Fault):
            continue
        if number in marked or (isinstance(value, str) and clean(value).endswith("%")):
            signed = True
            continue
        try:
            found = column.read(value)
        except numbers.NotANumber:
            continue
        if found is not None:
            bare.append(found)
    return bare, signed


def _bool(*_: Any) -> Read:
    def read(value: Any, _row: int) -> Json:
        if isinstance(value, bool):
            return value
        word = (text_of(value) or "").casefold()
        if not word:
            return None
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise Unusable(f"{word!r} is neither yes nor no")

    return read


def _texts(*given: Any) -> Read:
    read = _text(*given)

    def split(value: Any, row: int) -> Json:
        text = read(value, row) or ""
        for separator in "\n\r;":
            text = text.replace(separator, ",")
        return [part for part in map(clean, text.split(",")) if part] or None

    return split


def number_json(number: Decimal) -> int | float:
    """Write a number as JSON: whole ones without a fraction."""
    return int(number) if number == number.to_integral_value() else float(number)


def money_text(number: Decimal) -> str:
    """Write money as a decimal text, rounded to a hundredth of a cent so that 0.1 + 0.2 stays clean."""
    return f"{rounded(number, 4).normalize():f}"


Maker = Callable[[Grid, int, int, str, Layout, Reading], Read]
_MAKERS: Final[dict[str, Maker]] = {
    "text": _text,
    "enum": _word,
    "rag": _word,
    "date": _date,
    "number": _number,
    "int": _whole,
    "money": _money,
    "percent": _percent,
    "bool": _bool,
    "texts": _texts,
}
