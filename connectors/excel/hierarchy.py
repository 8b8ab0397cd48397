"""Which rows stand under which: by a level or WBS column, Excel's groups, indents, or leading spaces."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from connectors.excel.cells import text_of
from connectors.excel.columns import Column
from connectors.excel.fill import is_blank
from connectors.excel.grid import Grid
from connectors.excel.words import normal

_LEVELS: Final = frozenset({"level", "outline level", "indent level", "indent"})
_NUMBERS: Final = frozenset({"wbs", "wbs no", "wbs code", "wbs number", "outline number", "outline no"})
_DOTTED: Final = re.compile(r"^\d+(?:\.\d+)*\.?$")
_LEVEL: Final = re.compile(r"^\s*\d{1,2}\s*$")
_SPACES: Final = " \u00a0\t"
_DEEPEST: Final = 20

Levels = dict[int, int]  # row -> level, from 0


class Hierarchy:
    """The rows above each row of a table; empty where nothing tells levels apart."""

    def __init__(self, grid: Grid, columns: Sequence[Column], name: Column | None, rows: range) -> None:
        self.parents: dict[int, tuple[int, ...]] = {}  # row -> rows, the highest first
        self.heads: set[int] = set()  # rows with others under them
        self.said_by = ""
        self._name = name
        self._grid = grid
        if name is None:
            return
        for said_by, levels in self._ways(columns, rows):
            if len(set(levels.values())) > 1:
                self.said_by = said_by
                self._build(levels)
                return

    def path(self, number: int) -> list[str]:
        """Return the names of the rows above one, the highest first."""
        index = self._name.index if self._name is not None else 0
        return [text_of(self._grid.rows[row][index]) or "" for row in self.parents.get(number, ())]

    def _ways(self, columns: Sequence[Column], rows: range) -> Sequence[tuple[str, Levels]]:
        named = {normal(column.header): column for column in columns}
        found: list[tuple[str, Levels]] = []
        for word, column in named.items():
            if word in _LEVELS:
                found.append((f"column {column.header!r}", self._by(rows, column.index, _level)))
            elif word in _NUMBERS:
                found.append((f"column {column.header!r}", self._by(rows, column.index, _depth)))
        marks = self._grid.marks
        index = self._name.index if self._name is not None else 0
        filled = [number for number in rows if not is_blank(self._grid.rows[number][index])]
        if marks.outline:
            found.append(("Excel's groups of rows", {row: marks.outline.get(row, 0) for row in filled}))
        if marks.indent:
            found.append(("indents", {row: marks.indent.get((row, index), 0) for row in filled}))
        found.append(("leading spaces", self._by(rows, index, _spaces)))
        return found

    def _by(self, rows: range, index: int, level: Callable[[Any], int | None]) -> Levels:
        levels = ((row, level(self._grid.rows[row][index])) for row in rows)
        return {row: found for row, found in levels if found is not None}

    def _build(self, levels: Levels) -> None:
        stack: list[tuple[int, int]] = []
        for row, level in levels.items():
            while stack and stack[-1][0] >= level:
                stack.pop()
            if stack:
                self.parents[row] = tuple(above for _, above in stack)
                self.heads.add(stack[-1][1])
            stack.append((level, row))


def _level(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer() and 0 <= value <= _DEEPEST:
        return int(value)
    return int(value) if isinstance(value, str) and _LEVEL.match(value) else None


def _depth(value: Any) -> int | None:
    text = text_of(value) or ""
    return text.rstrip(".").count(".") if _DOTTED.match(text) else None


def _spaces(value: Any) -> int | None:
    if not isinstance(value, str) or is_blank(value):
        return None
    return len(value) - len(value.lstrip(_SPACES))
