"""Finds the row that names the columns, under whatever titles stand above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from connectors.excel.grid import Grid
from connectors.excel.layout import Layout, Refused
from connectors.excel.money_kinds import head_of
from connectors.excel.words import bare, clean, columns, normal

SEARCHED: Final = 60  # rows from the top
_ENOUGH_MONTHS: Final = 3
_LONGEST_HEADER: Final = 80
_PLAN_DATES: Final = frozenset({"baseline_start", "baseline_finish", "forecast_finish", "actual_finish"})
DATES: Final = ("baseline", "forecast", "actual")


@dataclass(frozen=True, slots=True)
class Column:
    """One column under the header; `group` is what stands over it in the row above, if anything."""

    index: int
    header: str
    attribute: str | None = None
    raw: Any = ""
    group: str = ""


@dataclass(slots=True)
class Header:
    """The header row, counted from 0, and its columns from left to right."""

    row: int
    columns: list[Column]
    key: tuple[Column, ...] = ()
    score: int = 0
    notes: list[str] = field(default_factory=list)

    def by_attribute(self) -> dict[str, Column]:
        """Return the columns that are understood."""
        return {column.attribute: column for column in self.columns if column.attribute}

    def names(self) -> str:
        """List the headers as a person sees them, for messages."""
        shown = [repr(column.header) for column in self.columns]
        return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")  # noqa: PLR2004


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
    merged = _merged_texts(grid)
    best: Header | None = None
    for row in candidates:
        found = _judge(grid, row, layout, merged)
        if found is not None and (best is None or found.score > best.score):
            best = found
    if best is None:
        raise Refused(f"{where} is empty: it has no row with text in its first {SEARCHED} rows")
    _check(best, layout, where)
    return best


def _merged_texts(grid: Grid) -> Mapping[tuple[int, int], Any]:
    """Return, for the top rows, what each cell of a merged range shows."""
    shown: dict[tuple[int, int], Any] = {}
    for (top, left), (bottom, right) in grid.merges:
        if top >= SEARCHED or top >= len(grid.rows) or left >= len(grid.rows[top]):
            continue
        for row in range(top, min(bottom, SEARCHED) + 1):
            for column in range(left, min(right, len(grid.rows[top]) - 1) + 1):
                shown[row, column] = grid.rows[top][left]
    return shown


def _judge(grid: Grid, row: int, layout: Layout, merged: Mapping[tuple[int, int], Any]) -> Header | None:
    """Read one row as a header and say how well it fits."""
    cells = [_own(grid, row, index, merged) for index in range(len(grid.rows[row]))]
    texts = [header_text(cell) for cell in cells]
    if not any(texts):
        return None
    groups = _groups(grid, row, merged, len(cells))
    chosen = _assign(texts, groups, layout)
    named = _unique(texts)
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
        score += min(sum(_is_amount(column, layout) for column in found), _ENOUGH_MONTHS)
    return Header(row, found, key, score)


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


def _unique(texts: Sequence[str]) -> list[str]:
    """Number headers that come more than once, so that no column hides another."""
    seen: dict[str, int] = {}
    named = []
    for text in texts:
        seen[text] = seen.get(text, 0) + 1
        named.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return named


def _assign(texts: Sequence[str], groups: Sequence[str], layout: Layout) -> dict[int, str]:
    """Give each attribute the column that names it best; the configuration's own words win."""
    chosen: dict[int, str] = {}
    given = {attribute: normal(header) for attribute, header in layout.columns.items()}
    for attribute, header in given.items():
        for index, text in enumerate(texts):
            if text and normal(text) == header and index not in chosen:
                chosen[index] = attribute
                break
    spellings = [
        # A header as it stands names a column better than what is left of it without its parentheses.
        {bare(text): 1, normal(f"{group} {text}") if group else "": 0, normal(text): 0}
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
    lacks = _lacking(header, has, layout)
    if lacks:
        understood = ", ".join(f"{column.header!r} as {name}" for name, column in has.items()) or "nothing"
        raise Refused(
            f"{where} does not look like a sheet of {layout.holds}: {lacks}. The best header found in the first "
            f"{SEARCHED} rows is row {header.row + 1}, of which {understood} was understood; {here}. "
            "Name the columns with `columns` and `key`, or correct `sheet` or `holds`"
        )


def _lacking(header: Header, has: Mapping[str, Column], layout: Layout) -> str:
    """Say what a sheet of this kind lacks; "" when nothing."""
    keyed = bool(header.key) or "key" in has
    money = "amount" in has or any(_is_amount(column, layout) for column in header.columns)
    needs: dict[str, list[tuple[bool, str]]] = {
        "projects": [
            (keyed, "no column holds the projects' keys"),
            (
                "name" in has or len(has.keys() - {"key"} - _PLAN_DATES) > 1,
                "besides the key hardly a column is known",
            ),
        ],
        "milestones": [
            ("name" in has, "no column holds the milestones' names"),
            (any(name in has for name in DATES), "no column holds a baseline, forecast or actual date"),
        ],
        "raid": [
            ("title" in has, "no column says what the risk or issue is"),
            (keyed, "no column holds a reference"),
        ],
        "costs": [
            (
                "project_ref" in has or bool(layout.project),
                "no column names the project, and `project` is not set",
            ),
            (money, "no column holds amounts or months"),
        ],
    }
    return next((words for met, words in needs[layout.holds] if not met), "")


def _is_amount(column: Column, layout: Layout) -> bool:
    return head_of(column.raw, column.header, column.group, layout.year) is not None
