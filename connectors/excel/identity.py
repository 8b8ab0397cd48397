"""What identifies a row: its key, its name within its project, or, where there is neither, what it says."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from connectors.excel.cells import Fault, fault_words, plain, text_of
from connectors.excel.columns import Column, Header
from connectors.excel.grid import Grid
from connectors.excel.layout import NATURAL, Layout
from connectors.excel.package import address
from connectors.excel.words import normal

_SHORTENED: Final = re.compile(r"^\d(?:[.,]\d+)?E\+\d+$", re.IGNORECASE)
_FLOAT: Final = re.compile(r"^\d+\.0$")
_FRACTION: Final = re.compile(r"^\d+\.\d+$")


class Identity:
    """The identities of one table's rows.

    `keys` are the columns of the key, `pairs` those that belong to it because a name says nothing
    without its project. `by_content` is true where no column identifies a row.
    """

    def __init__(self, grid: Grid, header: Header, layout: Layout) -> None:
        self._grid = grid
        self._layout = layout
        self._known = header.by_attribute()
        self.first = header.row + 1
        self.keys = header.key or self._by_habit()
        # Of a key of several columns that was configured, those after the first only tell apart what it does not.
        self._optional = header.key[1:]
        self.pairs = self._project_beside()
        self.by_content = layout.holds == "raid" and not self.keys
        self.notes: list[str] = []
        title = self._known.get("title")
        if self.by_content and title is not None:
            project = self._known.get("project_ref")
            self.keys = (title,)
            self.pairs = (project,) if project is not None else ()
            self.notes.append(
                f"no column holds a reference, so a row is recognised by its {title.header!r}; one whose "
                f"{title.header!r} changes counts as a new one. Add a column Ref"
            )
        self.columns = (*self.pairs, *self.keys)
        given, own = layout.project, any(column.attribute == "project_ref" for column in self.columns)
        self._fixed = [given] if given and layout.holds != "projects" and not own else []
        self._mend_floats()
        self._alike: Counter[str] = Counter()

    def name(self) -> str:
        """Return what the identity is called, for messages."""
        return " and ".join(column.header for column in self.columns)

    def of(self, number: int) -> tuple[str, str | None]:
        """Return a row's identity, or what is wrong with it."""
        parts = self._fixed[:]
        row, zeros = self._grid.rows[number], self._grid.marks.zeros
        for column in self.columns:
            value = row[column.index]
            if type(value) is Fault:
                cell = address(number, column.index)
                return "", f"{cell} holds {fault_words(value)}; without it the row has no {column.header}"
            text = text_of(value, zeros.get((number, column.index), 0) if zeros else 0)
            if text is None:
                if column.attribute == "team" or column in self._optional:
                    text = ""  # hours that are nobody's in particular; a level that most rows do not have
                elif column.attribute != "project_ref" or not (self._layout.project or self.by_content):
                    return "", self._lacks(column, address(number, column.index))
                else:
                    text = self._layout.project or ""
            if "+" in text and _SHORTENED.match(text):
                cell = address(number, column.index)
                return "", f"Excel has shortened the {column.header} in {cell} to {text!r}; write it as text"
            parts.append(text)
        return "|".join(parts), None

    def doubled(self, number: int, key: str, first: int) -> str:
        """Say why a row whose identity another one has already is not kept; `first` is that other row."""
        kept, here, name = first + 1, number + 1, self.name()
        if self.by_content:
            return (
                f"row {here} says word for word what row {kept} says, which is kept; delete it, or give both a "
                "reference"
            )
        before = self.of(first)[0] if first >= self.first else ""
        spelt = f", there as {before!r}" if before.casefold() == key.casefold() and before != key else ""
        return (
            f"{name} {key!r} is also in row {kept}{spelt}, which is kept; row {here} is not. Give one of them another "
            f"{name} or delete it"
        )

    def _lacks(self, column: Column, cell: str) -> str:
        return (
            f"no {column.header} in {cell}; give the row one: without it, it cannot be told from a new row "
            f"next time{self._hint(column)}"
        )

    def content(self, number: int, shown: Sequence[int]) -> str:
        """Return what a row says, as a short hash: the same wherever the row stands."""
        row = self._grid.rows[number]
        text = "\x1f".join(str(plain(row[index])) for index in shown)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def alike(self, ends: int, left_out: Callable[[int], str | None]) -> frozenset[str]:
        """Return the identities, in lower case, that several rows share."""
        if not self.by_content and self._layout.holds != "milestones":
            return frozenset()
        for number in range(self.first, ends):
            if left_out(number) is None:
                key, problem = self.of(number)
                if problem is None:
                    self._alike[key.casefold()] += 1
        return frozenset(key for key, times in self._alike.items() if times > 1)

    def _hint(self, column: Column) -> str:
        """Say that a column looks filled for whole groups, where it does."""
        if column.attribute != "project_ref" or normal(column.header) in map(normal, self._layout.fill_down):
            return ""
        return f". If blanks mean the same as above, set fill_down: [{column.header}]"

    def _mend_floats(self) -> None:
        """Take the `.0` off numbers that a program has written as texts: 12345.0, where no 12345.1 stands beside it."""
        columns = {*self.columns, *filter(None, [self._known.get("project_ref"), self._known.get("key")])}
        for column in columns:
            rows = self._grid.rows[self.first :]
            texts = [row[column.index] for row in rows if type(row[column.index]) is str]
            fractions = [text for text in texts if _FRACTION.match(text.strip())]
            floats = [text for text in fractions if _FLOAT.match(text.strip())]
            if not floats or len(floats) < len(fractions) or max(map(len, floats)) <= len("99.0"):
                continue
            for row in rows:
                if type(row[column.index]) is str and _FLOAT.match(row[column.index].strip()):
                    row[column.index] = row[column.index].strip()[:-2]
            self.notes.append(
                f"column {column.header!r}: texts such as {floats[0]!r} were read without their .0"
            )

    def _by_habit(self) -> tuple[Column, ...]:
        """Choose the key column where the configuration names none; a milestone may do with its name."""
        if self._layout.holds == "costs":
            return ()
        natural = NATURAL.get(self._layout.holds, ("",))
        found = self._known.get("key") or self._known.get(natural[-1])
        return (found,) if found else ()

    def _project_beside(self) -> tuple[Column, ...]:
        """A milestone's name says nothing without its project: then both are the identity."""
        *beside, last = NATURAL.get(self._layout.holds, ("",))
        if not self.keys or self.keys != (self._known.get(last),):
            return ()
        return tuple(self._known[name] for name in beside if name in self._known)
