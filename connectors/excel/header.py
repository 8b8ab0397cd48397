"""Finds the row that names the columns, under whatever titles stand above it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from connectors.excel.columns import Column, Header
from connectors.excel.fits import is_amount, lacking
from connectors.excel.grid import Grid
from connectors.excel.layout import Layout, Refused
from connectors.excel.package import column_letters
from connectors.excel.words import bare, clean, columns, normal

SEARCHED: Final = 60  # rows from the top
_ENOUGH_MONTHS: Final = 3
_LONGEST_HEADER: Final = 80


def find_header(grid: Grid, layout: Layout) -> Header:
    """Return the row among the first ones that names most of what the kind of sheet needs.

    Raises:
        Refused: None does, or a column the configuration names is not there.
    """
    where = f"{grid.file}!{grid.sheet}"
    if layout.header_row is not None:
        if layout.header_row > len(grid.rows):
            raise Refused(f"{where} has {len(grid.rows)} rows, so none at header_row {layout.header_row}")
        candidates = [layout.header_row - 1]
    else:
        candidates = list(range(min(SEARCHED, len(grid.rows))))
    merged = merged_texts(grid)
    best: Header | None = None
    for row in candidates:
        found = judge(grid, row, layout, merged)
        if found is not None and (best is None or found.score > best.score):
            best = found
    if best is None:
        raise Refused(f"{where} is empty: it has no row with text in its first {SEARCHED} rows")
    _check(best, layout, where)
    return best


def merged_texts(grid: Grid, first: int = 0, last: int = SEARCHED) -> Mapping[tuple[int, int], Any]:
    """Return, for some rows, what each cell of a merged range shows."""
    shown: dict[tuple[int, int], Any] = {}
    for (top, left), (bottom, right) in grid.merges:
        if top >= last or bottom < first or top >= len(grid.rows) or left >= len(grid.rows[top]):
            continue
        for row in range(top, min(bottom, last) + 1):
            for column in range(left, min(right, len(grid.rows[top]) - 1) + 1):
                shown[row, column] = grid.rows[top][left]
    return shown


def judge(grid: Grid, row: int, layout: Layout, merged: Mapping[tuple[int, int], Any]) -> Header | None:
    """Read one row as a header and say how well it fits; where it does better so, together with the row above."""
    cells = [_own(grid, row, index, merged) for index in range(len(grid.rows[row]))]
    groups = _groups(grid, row, merged, len(cells))
    plain = _judge_cells(row, cells, groups, layout)
    if row == 0 or plain is None:
        return plain
    above = grid.rows[row - 1]
    open_ = [index for index, cell in enumerate(cells) if cell == "" and header_text(above[index])]
    if not open_:
        return plain
    for index in open_:
        cells[index], groups[index] = above[index], ""
    both = _judge_cells(row, cells, groups, layout)
    if both is None or both.score <= plain.score:
        return plain
    below = {column.index for column in plain.columns}
    if sum(column.attribute is not None and column.index in below for column in both.columns) > 1:
        both.score += 1  # the row above alone names as much, but what stands under it is no record
    return both


def _judge_cells(row: int, cells: Sequence[Any], groups: Sequence[str], layout: Layout) -> Header | None:
    texts = [header_text(cell) for cell in cells]
    if not any(texts):
        return None
    named = _unique(texts, groups)
    chosen = _assign(texts, named, groups, layout)
    found = [
        Column(index, named[index], chosen.get(index), cells[index], groups[index])
        for index, text in enumerate(texts)
        if text
    ]
    wanted = {normal(header) for header in layout.key}
    key = tuple(
        column for header in layout.key for column in found if normal(column.header) == normal(header)
    )[: len(layout.key)]
    given = {normal(header) for header in layout.columns.values()}
    score = len(chosen) + sum(3 for text in texts if normal(text) in wanted | given)
    if layout.holds == "costs":
        score += min(sum(is_amount(column, layout) for column in found), _ENOUGH_MONTHS)
    return Header(row, found, key, score, notes=_doubled(texts, named, chosen))


def _doubled(texts: Sequence[str], named: Sequence[str], chosen: Mapping[int, str]) -> list[str]:
    """Say which of several columns of one name was read."""
    notes = []
    for index, attribute in sorted(chosen.items()):
        same = [column_letters(other) for other, text in enumerate(texts) if text == texts[index]]
        if len(same) > 1 and texts[index] == named[index]:
            notes.append(
                f"columns {' and '.join(same)} are all called {texts[index]!r}; {column_letters(index)} was read as "
                f"{attribute}. Rename the others, or name the right one with `columns`"
            )
    return notes


def _own(grid: Grid, row: int, index: int, merged: Mapping[tuple[int, int], Any]) -> Any:
    """Return a header cell; one that continues a cell merged from above shows that one's text."""
    value = grid.rows[row][index]
    above = merged.get((row, index), "")
    if value == "" and above != "" and row > 0 and merged.get((row - 1, index)) == above:
        return above
    return value


def _groups(grid: Grid, row: int, merged: Mapping[tuple[int, int], Any], width: int) -> list[str]:
    """Return what stands over each column in the row above: merged over it, or to its left."""
    groups, running = [""] * width, ""
    if row == 0:
        return groups
    for index in range(min(width, len(grid.rows[row - 1]))):
        own = header_text(merged.get((row - 1, index), grid.rows[row - 1][index]))
        running = own or running
        groups[index] = running
    return groups


def header_text(value: Any) -> str:
    """Write a header cell as text; dates as ISO, numbers without a needless fraction."""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(clean(str(value)).split())[:_LONGEST_HEADER]


def _unique(texts: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Tell headers that come more than once apart: by what stands over them, else by a number."""
    together = [f"{group} {text}" if group else text for text, group in zip(texts, groups, strict=True)]
    counts, wholes = Counter(texts), Counter(together)
    seen: Counter[str] = Counter()
    named = []
    for text, whole in zip(texts, together, strict=True):
        if text and counts[text] > 1 and wholes[whole] == 1 and whole not in counts:
            named.append(whole)
            continue
        seen[text] += 1
        named.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return named


def _assign(
    texts: Sequence[str], named: Sequence[str], groups: Sequence[str], layout: Layout
) -> dict[int, str]:
    """Give each attribute the column that names it best; the configuration's own words win."""
    chosen: dict[int, str] = {}
    given = {attribute: normal(header) for attribute, header in layout.columns.items()}
    for attribute, header in given.items():
        for index, text in enumerate(texts):
            if text and header in (normal(named[index]), normal(text)) and index not in chosen:
                chosen[index] = attribute
                break
    spellings = [
        # A header as it stands names a column better than what is left of it without its parentheses.
        {bare(text): 1, normal(f"{group} {text}") if group else "": 0, normal(text): 0} if text else {}
        for text, group in zip(texts, groups, strict=True)
    ]
    ranked: list[tuple[int, int, int, str]] = []
    for attribute, words in columns()[layout.holds].items():
        if attribute in given:
            continue
        rank = {word: position for position, word in enumerate(words)}
        ranked += [
            (
                *min(
                    (looseness, rank[spelling]) for spelling, looseness in spelled.items() if spelling in rank
                ),
                index,
                attribute,
            )
            for index, spelled in enumerate(spellings)
            if index not in chosen and spelled.keys() & rank.keys()
        ]
    taken = set(given)
    for _, _, index, attribute in sorted(ranked):
        if attribute not in taken and index not in chosen:
            chosen[index] = attribute
            taken.add(attribute)
    return chosen


def _check(header: Header, layout: Layout, where: str) -> None:
    """Hold the best row to what the kind of sheet cannot do without.

    Raises:
        Refused: With what is missing and what is there.
    """
    has = header.by_attribute()
    here = f"row {header.row + 1} has {header.names()}"
    for attribute, name in layout.columns.items():
        if attribute not in has:
            raise Refused(f"{where} has no column {name!r} for {attribute}; {here}. Correct `columns`")
    if len(header.key) < len(layout.key):
        there = {normal(column.header) for column in header.key}
        missing = next(name for name in layout.key if normal(name) not in there)
        raise Refused(f"{where} has no key column {missing!r}; {here}. Correct `key`")
    lacks = lacking(header, layout)
    if lacks:
        understood = ", ".join(f"{column.header!r} as {name}" for name, column in has.items()) or "nothing"
        raise Refused(
            f"{where} does not look like a sheet of {layout.holds}: {lacks}. The best header found in the first "
            f"{SEARCHED} rows is row {header.row + 1}, of which {understood} was understood; {here}. "
            "Name the columns with `columns` and `key`, or correct `sheet` or `holds`"
        )
