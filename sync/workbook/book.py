"""A workbook as data: sheets of cells, each with its look, its rule and its note; and what it says it is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from model.template.language import FieldRule
from sync.workbook.cells import Content

FORM: Final = "form"
ITEMS: Final = "items"
MARK: Final = "muster"
TITLE_ROW, HINT_ROW, ABOUT_ROW, ID_ROW, HEAD_ROW, FIRST_ROW = range(6)
LABEL, VALUE, WHY, SOURCE, TODO, REF = "~label", "~value", "~why", "~source", "~todo", "~ref"
LISTS: Final = "muster_lists"
HEAD: Final = "~head"  # the lines above the table, where rows are by their ids
KEPT: Final = (
    "kept-"  # how the rows begin that an answered copy shows what was written in a row that was not taken
)


class Look(StrEnum):
    """What a cell is to whoever fills the workbook in."""

    LABEL = "label"
    LOCKED = "locked"  # filled in by Muster; disputed, not typed over
    FILLED = "filled"  # filled in, and may be corrected with a reason
    ASKED = "asked"  # to be filled in
    WRONG = "wrong"  # came back and could not be taken
    LOCKED_WRONG = "locked_wrong"  # locked, and came back changed
    CONFLICT = "conflict"  # came back, and somebody else changed it too
    QUIET = "quiet"  # remarks


@dataclass(frozen=True, slots=True)
class Box:
    """One cell. `rule` gives its format and its checks on input; `note` is shown on it."""

    content: Content
    look: Look
    rule: FieldRule | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column, `width` in characters."""

    id: str
    label: str
    width: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row by its id: a field's part in a form, a record's reference in a list."""

    id: str
    boxes: Mapping[str, Box]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form or a list."""

    kind: str
    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a workbook is, hidden in it. Never what anything is decided on alone: the store has it too."""

    token: str
    template: str
    version: str
    project: str
    period: str
    sent: str  # UTC

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return it as the hidden sheet writes it."""
        names = ("token", "template", "version", "project", "period", "sent")
        return tuple((name, getattr(self, name)) for name in names)

    @property
    def checksum(self) -> str:
        """Return the hash of all of it: a hidden part changed by hand is seen."""
        said = "\n".join(f"{name}={value}" for name, value in self.lines())
        return hashlib.sha256(said.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook ready to be written."""

    identity: Identity
    title: str
    hint: str
    about: str
    sheets: tuple[Sheet, ...]
    people: tuple[str, ...] = ()
