"""Recognises the columns of a returned sheet, wherever they are by now, and finds what stands outside of them."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rapidfuzz import fuzz, process

from connectors.excel.package import address
from connectors.excel.written import SheetWritten
from sync.workbook.book import LABEL, REF, SOURCE, TODO
from sync.workbook.identify import AS_SENT

OURS: Final = frozenset({LABEL, SOURCE, TODO, REF})
_ALIKE: Final = 88.0  # of 100: a heading that differs so little is that column, renamed
_NAMED: Final = 5
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """What a workbook was sent with. `rows` are a form's by their labels, and a list's by their references.

    `said` is what stood beside the answers, by row and column; None where that is not known.
    """

    kind: str
    columns: Mapping[str, str]  # id -> heading
    rows: Mapping[str, str]  # id -> what names it visibly
    witness: str | None  # the locked column that names a list's records
    token: str
    said: Mapping[str, Mapping[str, str]] | None = None


def plain(said: Any) -> str:
    """Return a cell's text without regard to case and spaces."""
    return " ".join(str(said).casefold().split()) if said is not None else ""


class Headings:
    """The columns of one sheet; `placed` are those that were recognised, and the one of the hidden ids."""

    def __init__(self, sheet: SheetWritten, shape: Shape, notes: list[str]) -> None:
        self._sheet, self._shape, self._notes = sheet, shape, notes
        self.placed: frozenset[int] = frozenset()

    def read(self, ids: Mapping[int, str], heads: Sequence[Any], *, skip: int | None) -> dict[int, str]:
        """Return what each column is: by its hidden id, by its heading, or by a heading much like it."""
        found: dict[int, str] = {}
        by_label = {plain(label): id_ for id_, label in self._shape.columns.items()}
        width = max([*ids, len(heads) - 1], default=-1) + 1
        for index in range(width):
            if index == skip:
                continue
            heading = heads[index] if index < len(heads) else None
            id_ = ids.get(index) if ids.get(index) in self._shape.columns else None
            named = by_label.get(plain(heading))
            if id_ and named and id_ != named and not self._alike(id_, heading):
                self._note(
                    f"column {address(0, index)[:-1]}: its hidden id is that of {self._shape.columns[id_]!r}, its "
                    f"heading {heading!r}; nothing of it was taken, {AS_SENT}"
                )
            elif id_ or named:
                found[index] = str(id_ or named)
        self._guess(found, heads, skip)
        self._say_of(found, heads)
        self.placed = frozenset(found) | ({skip} if skip is not None else set())
        return self._once(found)

    def _alike(self, id_: str, heading: Any) -> bool:
        """Say whether a heading is that column's own: two of them may be called the same."""
        return plain(self._shape.columns[id_]) == plain(heading)

    def _guess(self, found: dict[int, str], heads: Sequence[Any], skip: int | None) -> None:
        """Recognise headings that were changed a little, each as one column only."""
        left = {id_: plain(label) for id_, label in self._shape.columns.items() if id_ not in found.values()}
        for index, heading in enumerate(heads):
            if index in found or index == skip or not plain(heading):
                continue
            alike = process.extract(plain(heading), left, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=2)
            if len(alike) == 1 and not self._is_doubtful(index):
                found[index] = alike[0][2]
                left.pop(alike[0][2])
                self._note(f"the heading {heading!r} was read as {self._shape.columns[found[index]]!r}")
            elif self._holds_something(index):
                self._note(f"the column {heading!r} is not asked for; nothing of it was taken")

    def _is_doubtful(self, index: int) -> bool:
        letter = address(0, index)[:-1]
        return any(f"column {letter}: " in note for note in self._notes)

    def _holds_something(self, index: int) -> bool:
        formulas = any(column == index for _, column in self._sheet.formulas)
        return (
            formulas
            or sum(self._sheet.at(row, index) is not None for row in range(len(self._sheet.rows))) > 1
        )

    def _say_of(self, found: Mapping[int, str], heads: Sequence[Any]) -> None:
        for index, id_ in found.items():
            heading = heads[index] if index < len(heads) else None
            if plain(heading) != plain(self._shape.columns[id_]):
                said = f"the column {self._shape.columns[id_]!r} is now called {heading!r}; it was recognised"
                if not any(str(heading) in note for note in self._notes):
                    self._note(said)
        for id_ in self._shape.columns:
            if id_ not in found.values() and id_ not in OURS:
                self._note(f"the column {self._shape.columns[id_]!r} is gone; its cells stay as they were")

    def _once(self, found: Mapping[int, str]) -> dict[int, str]:
        counts = Counter(found.values())
        for id_, times in counts.items():
            if times > 1:
                where = ", ".join(address(0, index)[:-1] for index, each in found.items() if each == id_)
                self._note(
                    f"{self._shape.columns[id_]!r} stands in columns {where}; nobody can tell which counts"
                )
        return {index: id_ for index, id_ in found.items() if counts[id_] == 1}

    def _note(self, says: str) -> None:
        if says not in self._notes:
            self._notes.append(says)


def outside(sheet: SheetWritten, head: int, placed: Collection[int], first: int | None) -> str | None:
    """Say what stands beside and above a table, in columns without a heading; None where nothing does.

    `first` is the column of the hidden ids: the three lines above the table begin in the next one. None where
    the hidden row is gone, and nobody can tell what is above.
    """
    found = sorted(
        {*_beside(sheet, head, placed), *(_above(sheet, head - 1, first) if first is not None else ())}
    )
    if not found:
        return None
    cells = [f"{address(*place)} ({_shown(sheet, place)})" for place in found[:_NAMED]]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    one = len(found) == 1
    return (
        f"{', '.join(cells)}{more} {'stands' if one else 'stand'} outside of what is asked; nothing of "
        f"{'it' if one else 'them'} was taken"
    )


def _beside(sheet: SheetWritten, head: int, placed: Collection[int]) -> Iterator[tuple[int, int]]:
    heads = sheet.rows[head] if head < len(sheet.rows) else []
    named = {index for index, heading in enumerate(heads) if plain(heading)} | set(placed)
    for row in range(head + 1, len(sheet.rows)):
        for column, cell in enumerate(sheet.rows[row]):
            if column not in named and plain(cell):
                yield row, column
    yield from ((row, column) for row, column in sheet.formulas if row > head and column not in named)


def _above(sheet: SheetWritten, end: int, first: int) -> Iterator[tuple[int, int]]:
    ours = {(row, first + 1) for row in range(end - 3, end)}
    for row in range(min(end, len(sheet.rows))):
        for column, cell in enumerate(sheet.rows[row]):
            if (row, column) not in ours and plain(cell):
                yield row, column
    yield from (place for place in sheet.formulas if place[0] < end)


def _shown(sheet: SheetWritten, place: tuple[int, int]) -> str:
    content = sheet.at(*place)
    return "a formula" if content is None else repr(str(content)[:_SHOWN])
