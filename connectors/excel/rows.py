"""A grid to records: which rows count, what identifies them, and what each column says."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from connectors.excel.fill import fill_down, fill_merged, is_blank, section_rows
from connectors.excel.grid import Grid
from connectors.excel.header import Column, Header
from connectors.excel.layout import Layout, Refused
from connectors.excel.package import address, column_letters
from connectors.excel.raid import Raid
from connectors.excel.records import Record, Warnings
from connectors.excel.values import (
    Fault,
    Json,
    Reading,
    Unusable,
    fault_words,
    make_reads,
    place_faults,
    plain,
    text_of,
)
from connectors.excel.words import normal

TOTAL: Final = re.compile(
    r"(grand |sub ?|overall |programme |portfolio |project )?(totals?|sum)( (of|for) .*| costs?| budget| [a-z]{3})?"
)
_TITLES: Final = {"projects": "name", "milestones": "name", "raid": "title"}


class Sheet:
    """One sheet being read; `warnings` is complete once `records` is exhausted."""

    def __init__(self, grid: Grid, header: Header, layout: Layout) -> None:
        self.grid = grid
        self.header = header
        self.layout = layout
        self.warnings = Warnings(lines=[*grid.notes, *header.notes])
        self.first = header.row + 1
        place_faults(grid)
        fill_merged(grid, self.first)
        fill_down(grid, header, layout.fill_down)
        self.known = header.by_attribute()
        self.keys = header.key or self._key_by_habit()
        self._headings = section_rows(grid, self.first, len(header.columns))
        self.pairs = self._project_beside_key()
        self.reading: Reading = self._make_reads()
        self.shown_columns = [(column.index, column.header) for column in header.columns]
        self._key_indexes = {column.index for column in self.keys}
        self._header_words = {name.casefold() for _, name in self.shown_columns}
        self._plan = [
            (attribute, column.index, column_letters(column.index), self.reading.reads[attribute])
            for attribute, column in self.known.items()
        ]
        self._raid = Raid(grid, header, layout) if layout.holds == "raid" else None
        self.seen: dict[str, int] = {}

    def records(self) -> Iterator[Record]:
        """Yield what each row holds, from the first under the header to the last with anything in it."""
        self._check_names()
        for number in range(self.first, self.end()):
            yield self.record(number)

    def record(self, number: int) -> Record:
        """Read one row."""
        rule = self.left_out(number)
        if rule:
            return self.make(number, f"row {number + 1}", {}, filtered_by=rule)
        key, problem = self._key(number)
        if problem:
            return self.make(number, f"row {number + 1}", self.shown(number), unreadable=problem)
        if key in self.seen:
            return self._doubled(number, key)
        self.seen[key] = number
        payload = self._payload(number)
        return self.make(number, self.layout.prefix + key, payload)

    def left_out(self, number: int) -> str | None:
        """Name the rule that leaves a row out; None when it counts."""
        row = self.grid.rows[number]
        first = next((found for found in self.shown_columns if not is_blank(row[found[0]])), None)
        if first is None:
            return "empty row"
        if number in self._headings:
            return "section heading"
        if isinstance(row[first[0]], str) and (rule := self._rule_of_words(row, row[first[0]])):
            return rule
        keys = self._key_indexes
        if keys and all(index in keys or is_blank(row[index]) for index, _ in self.shown_columns):
            return "only the key is filled"
        return None

    def _rule_of_words(self, row: Sequence[Any], first: str) -> str | None:
        """Recognise totals and headers that come again, by a row's first words."""
        word = first.strip().casefold()
        if ("tot" in word or "sum" in word) and TOTAL.fullmatch(normal(first)):
            return "total row"
        if word not in self._header_words:
            return None
        filled = [(row[index], name) for index, name in self.shown_columns if not is_blank(row[index])]
        again = all(isinstance(cell, str) and normal(cell) == normal(name) for cell, name in filled)
        return "repeated header" if again and len(filled) > 1 else None

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
        return {
            "values": values,
            "columns": columns,
            "cells": cells,
            "file": self.grid.file,
            "sheet": self.grid.sheet,
            "row": number + 1,
        }

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
        for attribute, index, letters, read in self._plan:
            raw = row[index]
            if raw == "":
                continue
            try:
                value = read(raw, number) if type(raw) is not Fault else self._fault(raw)
            except ValueError as error:
                problems[attribute] = f"{letters}{shown}: {error}"
                continue
            if value is not None:
                values[attribute] = value
                cells[attribute] = letters + shown
        if self._raid is not None:
            self._raid.complete(values, cells, problems, row, number)
        self._complete(values, cells, number)
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
        """Add what the configuration says for all rows, and the key."""
        if self.layout.holds != "projects" and self.layout.project and "project_ref" not in values:
            values["project_ref"] = self.layout.project
        if self.keys:
            key = self.keys[-1]
            zeros = self.grid.marks.zeros.get((number, key.index), 0)
            values["key"] = text_of(self.grid.rows[number][key.index], zeros)
            cells["key"] = address(number, key.index)
            if self.layout.holds == "raid":
                values["item_id"] = values["key"]
                cells["item_id"] = cells["key"]
        if self.reading.currency and "currency" not in values:
            values["currency"] = self.reading.currency

    def _key(self, number: int) -> tuple[str, str | None]:
        """Return a row's identity, or what is wrong with it."""
        parts = [self.layout.project] if self.layout.project and self.layout.holds != "projects" else []
        for column in (*self.pairs, *self.keys):
            value = self.grid.rows[number][column.index]
            cell = address(number, column.index)
            if isinstance(value, Fault):
                return "", f"{cell} holds {fault_words(value)}; without it the row has no {column.header}"
            text = text_of(value, self.grid.marks.zeros.get((number, column.index), 0))
            if text is None:
                return "", (
                    f"no {column.header} in {cell}; give the row one: without it, it cannot be told from a new row "
                    "next time"
                )
            parts.append(text)
        return "|".join(parts), None

    def _doubled(self, number: int, key: str) -> Record:
        kept = self.seen[key] + 1
        name = " and ".join(column.header for column in (*self.pairs, *self.keys))
        reason = (
            f"{name} {key!r} is also in row {kept}, which is kept; row {number + 1} is not. Give one of them another "
            f"{name} or delete it"
        )
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

    def _key_by_habit(self) -> tuple[Column, ...]:
        """Choose the key column where the configuration names none; a milestone may do with its name."""
        if self.layout.holds == "costs":
            return ()
        found = self.known.get("key") or (
            self.known.get("name") if self.layout.holds == "milestones" else None
        )
        return (found,) if found else ()

    def _project_beside_key(self) -> tuple[Column, ...]:
        """A milestone's name says nothing without its project: then both are the identity."""
        name, project = self.known.get("name"), self.known.get("project_ref")
        if self.layout.holds == "milestones" and project is not None and self.keys == (name,):
            return (project,)
        return ()

    def _make_reads(self) -> Reading:
        reading = make_reads(self.grid, self.header.row, self.known, self.layout)
        self.warn_notes(reading)
        return reading

    def warn_notes(self, reading: Reading) -> None:
        """Report what was noticed of whole columns."""
        for note in reading.notes:
            self.warnings.add(f"{self.grid.file}!{self.grid.sheet}: {note}")

    def _check_names(self) -> None:
        """Refuse a sheet whose column of names holds only numbers: it names something else."""
        column = self.known.get(_TITLES.get(self.layout.holds, ""))
        if column is None or any(
            normal(name) == normal(column.header) for name in self.layout.columns.values()
        ):
            return
        filled = [
            row[column.index] for row in self.grid.rows[self.first :] if not is_blank(row[column.index])
        ]
        if filled and all(_is_number(value) for value in filled):
            raise Refused(
                f"{self.grid.file}!{self.grid.sheet} does not look like a sheet of {self.layout.holds}: its column "
                f"{column.header!r} holds only numbers, no names. Name the right one with `columns`, or correct `holds`"
            )


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().replace(".", "", 1).isdigit()
    return isinstance(value, int | float)
