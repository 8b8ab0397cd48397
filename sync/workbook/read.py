"""Finds the answers in a workbook that came back, wherever its rows and columns are by now."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.excel.layout import Refused
from connectors.excel.package import address
from connectors.excel.written import SheetWritten
from sync.workbook.book import FORM, HEAD, KEPT, LABEL, LISTS, REF, SOURCE, TODO, WHY
from sync.workbook.cells import Returned
from sync.workbook.columns import OURS, Headings, Shape, outside, plain
from sync.workbook.identify import AS_SENT, DEEPEST, HIDDEN, mark_in

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Astray:
    """A row that cannot be taken: the id it bears, where, why, and what is written in it, by column."""

    id: str
    where: str
    why: str
    written: Mapping[str, Any]


@dataclass(slots=True)
class Back:
    """What came back: cells by row and column id, rows that cannot be taken, and remarks.

    `reasons` are those that are not as they were sent, by row; `ours` are cells that nobody is asked to write in, and
    somebody did, by row and column.
    """

    cells: dict[tuple[str, str], Returned] = field(default_factory=dict)
    reasons: dict[str, Returned] = field(default_factory=dict)
    ours: dict[tuple[str, str], Returned] = field(default_factory=dict)
    astray: list[Astray] = field(default_factory=list)
    added: list[str] = field(default_factory=list)  # rows that are no record's yet, in their order
    gone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlocked: bool = False


def read_back(file: str, sheets: Sequence[SheetWritten], shape: Shape) -> Back:
    """Collect the cells.

    Raises:
        Refused: The table of answers is not to be found.
    """
    back = Back()
    _say_of_others(sheets, _read_table(file, sheets, shape, back), back)
    return back


def _read_table(file: str, sheets: Sequence[SheetWritten], shape: Shape, back: Back) -> SheetWritten:
    for sheet in sheets:
        place = mark_in(sheet)
        if place is not None:
            _Reading(file, sheet, shape, back).read(place)
            return sheet
    for sheet in sheets:
        head = _head_row(sheet, shape)
        if sheet.name != HIDDEN and head is not None:
            _Reading(file, sheet, shape, back).read_by_headings(head)
            return sheet
    raise Refused(
        f"{file}: the table of answers is not to be found, neither by its hidden row nor by its headings; {AS_SENT}"
    )


def _say_of_others(sheets: Sequence[SheetWritten], table: SheetWritten, back: Back) -> None:
    """Say which sheets were not read; ours that nobody sees, and empty ones, are not worth a word."""
    for sheet in sheets:
        ours = sheet is table or sheet.name.casefold() in (HIDDEN, LISTS)
        if not ours and (sheet.formulas or any(plain(cell) for row in sheet.rows for cell in row)):
            back.notes.append(f"the sheet {sheet.name!r} was not sent from here; nothing of it was taken")


class _Reading:
    """One sheet being read into `back`."""

    def __init__(self, file: str, sheet: SheetWritten, shape: Shape, back: Back) -> None:
        self._file, self._sheet, self._shape, self._back = file, sheet, shape, back
        self._headings = Headings(sheet, shape, back.notes)

    def read(self, place: tuple[int, int]) -> None:
        """Read a sheet whose hidden row and column are there; the marker stands where they cross."""
        row, column = place
        ids = {
            index: str(cell)
            for index, cell in enumerate(self._cells(row))
            if index != column and isinstance(cell, str) and cell
        }
        head = row + 1
        columns = self._headings.read(ids, self._cells(head), skip=column)
        self._say_outside(head, column)
        self._say_of_head(row, column + 1)
        self._read_rows(head + 1, columns, column)

    def read_by_headings(self, head: int) -> None:
        """Read a sheet that has lost its hidden row: by its headings alone."""
        self._back.notes.append(
            f"{self._sheet.name}: the hidden row of ids is gone; columns were read by their headings"
        )
        columns = self._headings.read({}, self._cells(head), skip=None)
        known = set(self._shape.rows)
        counts = Counter(
            index
            for row in self._sheet.rows[head + 1 :]
            for index, cell in enumerate(row)
            if index not in columns and cell in known
        )
        ids = counts.most_common(1)[0][0] if counts else None
        if ids is not None:
            self._headings.placed |= {ids}
        self._say_outside(head, None)
        self._read_rows(head + 1, columns, ids)

    def _say_outside(self, head: int, first: int | None) -> None:
        if says := outside(self._sheet, head, self._headings.placed, first):
            self._note(says)

    def _say_of_head(self, row: int, column: int) -> None:
        """Say what was written over the lines above the table; the first of them says what the workbook is."""
        sent = (self._shape.said or {}).get(HEAD, {})
        for name, place in (("hint", row - 2), ("about", row - 1)):
            cell = self._sheet.at(place, column)
            if name in sent and plain(cell) and plain(cell) != plain(sent[name]):
                self._note(
                    f"{address(place, column)} ({str(cell)[:_SHOWN]!r}) was written over; nothing of it was taken"
                )

    def _cells(self, row: int) -> list[Any]:
        return self._sheet.rows[row] if row < len(self._sheet.rows) else []

    def _read_rows(self, first: int, columns: Mapping[int, str], id_column: int | None) -> None:
        back = self._back
        rows: dict[str, list[int]] = {}
        for row in range(first, len(self._sheet.rows)):
            if all(cell is None or not str(cell).strip() for cell in self._sheet.rows[row]) and not any(
                (row, column) in self._sheet.formulas or (row, column) in self._sheet.errors
                for column in columns
            ):
                continue
            id_ = self._row_id(row, columns, id_column)
            if id_ is not None:
                rows.setdefault(id_, []).append(row)
        for id_, places in rows.items():
            if len(places) > 1:
                where = " and ".join(str(place + 1) for place in places)
                why = (
                    f"rows {where} are both {self._called(id_)}, as copies of a row are; neither was taken. Give a new "
                    "record a row of the empty ones below"
                )
                back.astray += [self._astray(id_, place, why, columns) for place in places]
                continue
            self._read_row(id_, places[0], columns)
        back.gone = [id_ for id_ in self._shape.rows if id_ not in rows]
        back.unlocked = not self._sheet.protected
        if self._sheet.cut:
            self._note(f"{self._sheet.name} is longer or wider than any form; what lies beyond was not read")

    def _row_id(self, row: int, columns: Mapping[int, str], id_column: int | None) -> str | None:
        """Return whose row it is; None for one that is nobody's and holds nothing asked for."""
        stated = self._sheet.at(row, id_column) if id_column is not None else None
        if isinstance(stated, str) and stated.startswith(KEPT):
            self._note(
                f"row {row + 1} shows what could not be taken before; nothing of it was taken. What it says belongs "
                "into the row it is meant for, or into an empty one"
            )
            return None
        if isinstance(stated, str) and stated:
            return stated
        by_column = {id_: index for index, id_ in columns.items()}
        name = by_column.get(LABEL if self._shape.kind == FORM else (self._shape.witness or REF))
        said = plain(self._sheet.at(row, name)).removesuffix(" *") if name is not None else ""
        if said:
            for id_, label in self._shape.rows.items():
                if plain(label) == said:
                    return id_
        asked = [index for index, id_ in columns.items() if id_ not in OURS and id_ != WHY]
        held = [self._sheet.at(row, index) for index in asked]
        if self._shape.kind == FORM or not any(cell is not None for cell in held):
            shown = next(
                (str(cell) for index in columns if plain(cell := self._sheet.at(row, index))), "a formula"
            )
            what = "is not asked for" if self._shape.kind == FORM else "holds no answer"
            self._note(f"row {row + 1} ({shown[:60]!r}) {what}; nothing of it was taken")
            return None
        content = hashlib.sha256(repr(held).encode()).hexdigest()[:10]
        return f"new-{self._shape.token[:12]}-{content}"

    def _read_row(self, id_: str, row: int, columns: Mapping[int, str]) -> None:
        why = self._stranger(id_, row, columns)
        if why:
            self._back.astray.append(self._astray(id_, row, why, columns))
            return
        cells = {column: self._cell(row, index) for index, column in columns.items()}
        asked = {name: cell for name, cell in cells.items() if name not in OURS and name != WHY}
        if self._shape.said is not None:
            written = ((name, cells[name]) for name in OURS & cells.keys())
            self._back.ours |= {
                (id_, name): cell for name, cell in written if not self._is_as_sent(id_, name, cell)
            }
        if id_ not in self._shape.rows:
            if all(cell.content is None and cell.fault is None for cell in asked.values()):
                if WHY in cells and not self._is_as_sent(id_, WHY, cells[WHY]):
                    self._back.ours[id_, WHY] = cells[WHY]
                return
            self._back.added.append(id_)
        for name, cell in asked.items():
            self._back.cells[id_, name] = cell
        if WHY in cells and not self._is_as_sent(id_, WHY, cells[WHY]):
            self._back.reasons[id_] = cells[WHY]

    def _is_as_sent(self, id_: str, column: str, cell: Returned) -> bool:
        """Say whether a cell that is no answer holds what was written into it; of ours, an emptied one says nothing."""
        if cell.content is None and (cell.fault is None or "merged" in cell.fault) and column != WHY:
            return True
        if column in (LABEL, REF):
            sent = self._shape.rows.get(id_) if column == LABEL or id_ in self._shape.rows else None
        else:
            sent = (self._shape.said or {}).get(id_, {}).get(column)
        return cell.fault is None and plain(cell.content).removesuffix(" *") == plain(sent).removesuffix(" *")

    def _stranger(self, id_: str, row: int, columns: Mapping[int, str]) -> str | None:
        """Say why a row is not what its hidden id says: its visible name is another's, or it is nobody's at all."""
        by_column = {column: index for index, column in columns.items()}
        if id_ not in self._shape.rows:
            if id_.startswith(f"new-{self._shape.token[:12]}-"):
                return None
            return (
                f"row {row + 1}: its hidden id {id_[:40]!r} is none that was sent; expected one of those "
                "sent. Write it into the row it is meant for, or into an empty one"
            )
        name = by_column.get(LABEL if self._shape.kind == FORM else (self._shape.witness or REF))
        if name is None:
            return None
        said = plain(self._sheet.at(row, name)).removesuffix(" *")
        own = plain(self._shape.rows[id_])
        others = {plain(label) for each, label in self._shape.rows.items() if each != id_}
        if said == own or (self._shape.kind == FORM and said not in others):
            return None
        return (
            f"row {row + 1} reads {str(self._sheet.at(row, name))[:40]!r} but its hidden id is that of "
            f"{self._called(id_)}: its cells were sorted or pasted apart, or emptied. Nothing of it was taken; sort "
            "whole rows, hidden columns too"
        )

    def _astray(self, id_: str, row: int, why: str, columns: Mapping[int, str]) -> Astray:
        written = {
            column: content
            for index, column in columns.items()
            if column not in (TODO, SOURCE) and (content := self._sheet.at(row, index)) is not None
        }
        return Astray(id_, self._where(row, 0), why, written)

    def _called(self, id_: str) -> str:
        return repr(self._shape.rows.get(id_, id_))

    def _cell(self, row: int, column: int) -> Returned:
        sheet, place = self._sheet, (row, column)
        fault = None
        content = sheet.at(row, column)
        if place in sheet.formulas:
            fault = f"holds a formula{_shows(content)}, which is not run; expected a plain value: paste values only"
        elif place in sheet.errors:
            fault = f"holds the error {sheet.errors[place][:20]}; expected a plain value"
        elif place in sheet.covered:
            fault = f"is merged with {address(*sheet.covered[place])}; unmerge the cells and fill in each"
        return Returned(content, self._where(row, column), place in sheet.percent, fault)

    def _where(self, row: int, column: int) -> str:
        return f"{self._file}!{self._sheet.name}!{address(row, column)}"

    def _note(self, says: str) -> None:
        if says not in self._back.notes:
            self._back.notes.append(says)


def _shows(content: Any) -> str:
    return f" that shows {str(content)[:40]!r}" if content is not None else ""


def _head_row(sheet: SheetWritten, shape: Shape) -> int | None:
    """Find the row with the most of the headings, if it has at least two of them."""
    labels = {plain(label) for label in shape.columns.values()}
    best, most = None, 1
    for row, cells in enumerate(sheet.rows[:DEEPEST]):
        there = len({plain(cell) for cell in cells if cell is not None} & labels)
        if there > most:
            best, most = row, there
    return best
