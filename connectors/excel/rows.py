"""A grid to records: which rows count, what identifies them, and what each column says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from connectors.excel.above import said_for_all
from connectors.excel.amounts import own_currency, settle_unit
from connectors.excel.cells import Fault, Json, Unusable, fault_words, plain, text_of
from connectors.excel.currencies import declared
from connectors.excel.fill import fill_down, fill_merged, is_blank
from connectors.excel.fits import check_names
from connectors.excel.grid import Grid
from connectors.excel.hierarchy import Hierarchy
from connectors.excel.holders import settle_holder
from connectors.excel.identity import Identity
from connectors.excel.layout import AMOUNTS, MAIN, NATURAL, Layout
from connectors.excel.leftout import Rules
from connectors.excel.package import address, column_letters
from connectors.excel.preamble import Preamble
from connectors.excel.raid import Raid
from connectors.excel.records import Record, Warnings
from connectors.excel.sequence import InOrder
from connectors.excel.tables import Table
from connectors.excel.totals import Summed, Totals
from connectors.excel.values import Read, Reading, attribute_type, make_reads, place_faults

_MISSING: Final = object()
_UNSHARED: Final = frozenset({bool, Fault})
_REMEMBERED: Final = 10_000  # values of a column
_TITLES: Final = {
    "projects": "name", "milestones": "name", "raid": "title", "benefits": "title", "reviews": "title",
}  # fmt: skip


class Sheet:
    """One table of a sheet being read; `warnings` and `totals` are complete once `records` is exhausted.

    `seen` are the identities of the tables above it on the same sheet.
    """

    def __init__(
        self, grid: Grid, table: Table, layout: Layout, preamble: Preamble, seen: dict[str, int]
    ) -> None:
        header = table.header
        above = preamble.meaning("currency")
        layout = replace(layout, currency=declared(above.value if above else None, layout.currency))
        self.grid = grid
        self.header = header
        self.layout = layout
        self.preamble = preamble
        self.said_above = preamble.as_json()
        self.warnings = Warnings(lines=[*grid.notes])
        self._note(header.notes)
        self.first = header.row + 1
        place_faults(grid)
        fill_merged(grid, self.first)
        fill_down(grid, header, layout.fill_down)
        self.known = header.by_attribute()
        self.identity = Identity(grid, header, layout)
        self._note(self.identity.notes)
        self.keys = self.identity.keys
        self.reading: Reading = self._make_reads()
        self.shown_columns = [(column.index, column.header) for column in header.columns]
        self._rules = Rules(grid, self.first, self.shown_columns, {column.index for column in self.keys})
        self._plan: list[tuple[str, int, str, Read, dict[Any, Json] | None]] = [
            (
                attribute,
                column.index,
                column_letters(column.index),
                self.reading.reads[attribute],
                None if attribute in self.reading.by_row else {},
            )
            for attribute, column in self.known.items()
        ]
        self._raid = Raid(grid, header, layout, table.title) if layout.holds == "raid" else None
        named = self.known.get("category" if layout.holds == "costs" else "name")
        self.hierarchy = Hierarchy(
            grid,
            header.columns,
            named if layout.holds in ("milestones", "costs") else None,
            range(self.first, self.end()),
        )
        self.totals = Totals(self._summed())
        self.seen = seen
        self._alike = self.identity.alike(self.end(), self.left_out)
        self.for_all = said_for_all(layout, self.known, preamble, self.reading, self._warn_above)
        self._order = InOrder(layout.holds, self.known)
        self.untold = 0  # rows whose identity a fault hides

    def records(self) -> Iterator[Record]:
        """Yield what each row holds, from the first under the header to the last with anything in it."""
        check_names(self.grid, self.known.get(_TITLES.get(self.layout.holds, "")), self.first, self.layout)
        for number in range(self.first, self.end()):
            yield self.record(number)
        for line in (*self.totals.differences(self.where), *self._order.lines(self.where)):
            self.warnings.add(line)

    def record(self, number: int) -> Record:
        """Read one row."""
        rule = self.left_out(number)
        if rule:
            if rule == "total row":
                self.meet_total(number)
            return self.make(number, f"row {number + 1}", {}, filtered_by=rule)
        key, problem = self._key(number)
        if problem:
            self.untold += " holds " in problem
            return self.make(number, f"row {number + 1}", self.shown(number), unreadable=problem)
        same = (self.layout.prefix + key).casefold()
        if same in self.seen:
            return self._doubled(number, key, self.seen[same])
        self.seen[same] = number
        payload = self._payload(number)
        if self.totals.columns:
            self._add_up(payload["values"])
        return self.make(number, self.layout.prefix + key, payload)

    def meet_total(self, number: int) -> None:
        """Take down what a total row says."""
        row = self.grid.rows[number]
        label = next((row[index] for index, _ in self.shown_columns if not is_blank(row[index])), "")
        self.totals.meet(number, row, str(label))

    def _add_up(self, values: dict[str, Json]) -> None:
        for column in self.totals.columns:
            if (value := values.get(column.attribute)) is not None:
                self.totals.add(column.index, Decimal(str(value)))

    def _summed(self) -> list[Summed]:
        """Return the columns to be held against total rows; none where there is no such row, for it costs time."""
        if not any(self.left_out(number) == "total row" for number in self._rules.total_like()):
            return []
        return [
            Summed(name, column.index, column.header, self.reading.reads[name])
            for name, column in self.known.items()
            if attribute_type(self.layout.holds, name) == "money" or name.endswith("_points")
        ]

    def left_out(self, number: int) -> str | None:
        """Name the rule that leaves a row out; None when it counts."""
        return self._rules.of(number)

    def shown(self, number: int) -> dict[str, Json]:
        """Return a row's own columns, as the payload of a record that could not be read."""
        row = self.grid.rows[number]
        return self.envelope(
            number, {}, {name: plain(row[i]) for i, name in self.shown_columns if row[i] != ""}, {}
        )

    def envelope(
        self, number: int, values: dict[str, Json], columns: dict[str, Json], cells: dict[str, str]
    ) -> dict[str, Json]:
        """Put a record's payload together."""
        payload = {
            "values": values,
            "columns": columns,
            "cells": cells,
            "file": self.grid.file,
            "sheet": self.grid.sheet,
            "row": number + 1,
        }
        if self.said_above:
            payload["preamble"] = self.said_above
        if self.hierarchy.heads:
            if path := self.hierarchy.path(number):
                payload["under"] = path
            if number in self.hierarchy.heads:
                payload["heads"] = True
        return payload

    def where(self, cell: str) -> str:
        """Write a cell's locator."""
        return f"{self.grid.file}!{self.grid.sheet}!{cell}"

    def read_cell(
        self, attribute: str, number: int, index: int, problems: dict[str, str], row: Sequence[Any]
    ) -> Json:
        """Read one value; what cannot be read is None, and said."""
        value = row[index]
        if value == "":
            return None
        try:
            return (
                self.reading.reads[attribute](value, number)
                if type(value) is not Fault
                else self._fault(value)
            )
        except ValueError as error:
            problems[attribute] = f"{address(number, index)}: {error}"
            return None

    def _fault(self, fault: Fault) -> Json:
        raise Unusable(fault_words(fault))

    def warn_cells(self, problems: dict[str, str]) -> None:
        """Report what could not be read in one row."""
        for attribute, problem in problems.items():
            self.warnings.add(
                f"{self.grid.file}!{self.grid.sheet}!{problem}; {attribute} stays unknown there"
            )

    def _payload(self, number: int) -> dict[str, Json]:
        row = self.grid.rows[number]
        values: dict[str, Json] = {}
        cells: dict[str, str] = {}
        problems: dict[str, str] = {}
        shown = str(number + 1)
        for attribute, index, letters, read, known in self._plan:
            raw = row[index]
            if raw == "":
                continue
            # Most columns repeat a few values; True is the same key as 1.0, and an error as its text.
            alone = known is None or raw.__class__ in _UNSHARED
            value = _MISSING if alone or known is None else known.get(raw, _MISSING)
            if value is _MISSING:
                try:
                    value = read(raw, number) if type(raw) is not Fault else self._fault(raw)
                except ValueError as error:
                    problems[attribute] = f"{letters}{shown}: {error}"
                    continue
                if known is not None and not alone and len(known) < _REMEMBERED:
                    known[raw] = value
            if value is not None:
                values[attribute] = value
                cells[attribute] = letters + shown
        if self._raid is not None:
            self._raid.complete(values, cells, problems, row, number)
        self._complete(values, cells, number)
        self._order.look(values, row, number)
        columns = {
            name: raw if type(raw) is str else plain(raw)
            for index, name in self.shown_columns
            if (raw := row[index]) != ""
        }
        payload = self.envelope(number, values, columns, cells)
        if problems:
            payload["problems"] = problems
            self.warn_cells(problems)
        return payload

    def _complete(self, values: dict[str, Json], cells: dict[str, str], number: int) -> None:
        """Add what holds for all rows, and the key."""
        for name, (value, cell) in self.for_all.items():
            if name not in values and (name != "currency" or self._has_money(values)):
                values[name] = value
                if cell is not None:
                    cells[name] = cell
        if self.reading.mixed and self.layout.holds in AMOUNTS and "currency" not in self.known:
            row = self.grid.rows[number]
            apart = own_currency(self.layout.holds, values, self.reading, self.known, row, number)
            self.warn_cells({name: f"{cells.pop(name)}: {why}" for name, why in apart.items()})
        if self.layout.holds == "benefits":
            settle_unit(values, cells)
        elif self.layout.holds == "roles":
            settle_holder(values, cells)
        if self.keys and not self.identity.by_content and not self._by_what_it_says():
            key = self.keys[-1]
            zeros = self.grid.marks.zeros.get((number, key.index), 0)
            values["key"] = text_of(self.grid.rows[number][key.index], zeros)
            cells["key"] = address(number, key.index)
            if self.layout.holds == "raid" and self.known.get("item_id") in (None, key):
                values["item_id"] = values["key"]
                cells["item_id"] = cells["key"]

    def _by_what_it_says(self) -> bool:
        """Tell whether rows of a lesser kind are known by, say, project and role: that is no reference."""
        holds = self.layout.holds
        return holds not in MAIN and self.keys[-1].attribute in NATURAL.get(holds, ())

    def _has_money(self, values: dict[str, Json]) -> bool:
        return self.layout.holds == "costs" or any(
            attribute_type(self.layout.holds, name) == "money" for name in values
        )

    def _key(self, number: int) -> tuple[str, str | None]:
        """Return a row's identity, or what is wrong; rows of one name are told apart by place or content."""
        key, problem = self.identity.of(number)
        if problem or key.casefold() not in self._alike:
            return key, problem
        if self.identity.by_content:
            return f"{key}~{self.identity.content(number, [index for index, _ in self.shown_columns])}", None
        path = self.hierarchy.path(number)
        return ("/".join([*path, key]) if path else key), None

    def _doubled(self, number: int, key: str, first: int) -> Record:
        reason = self.identity.doubled(number, key, first)
        self.warnings.add(f"{self.where(self._anchor(number))}: {reason}")
        return self.make(
            number,
            f"{self.layout.prefix}{key} (row {number + 1})",
            self.shown(number),
            unreadable=reason,
        )

    def make(
        self,
        number: int,
        external_id: str,
        payload: dict[str, Json],
        *,
        filtered_by: str | None = None,
        unreadable: str | None = None,
    ) -> Record:
        """Make a row's record; its locator is its key's cell."""
        return Record(external_id, self.where(self._anchor(number)), payload, filtered_by, unreadable)

    def _anchor(self, number: int) -> str:
        column = self.keys[-1] if self.keys else self.header.columns[0]
        return address(number, column.index)

    def end(self) -> int:
        """Return the row after the last that has anything in it."""
        end = len(self.grid.rows)
        while end > self.first and all(is_blank(cell) for cell in self.grid.rows[end - 1]):
            end -= 1
        return end

    def _make_reads(self) -> Reading:
        reading = make_reads(self.grid, self.header.row, self.known, self.layout)
        self.warn_notes(reading)
        return reading

    def warn_notes(self, reading: Reading) -> None:
        """Report what was noticed of whole columns."""
        self._note(reading.notes)

    def _warn_above(self, cell: str, words: str) -> None:
        self.warnings.add(f"{self.where(cell)}: {words}")

    def _note(self, notes: Sequence[str]) -> None:
        for note in notes:
            self.warnings.add(f"{self.grid.file}!{self.grid.sheet}: {note}")
