"""What stands above a table: "Status date: 31/05/2026", "Currency: EUR", "Project: APO"."""

from dataclasses import dataclass, field
from typing import Any, Final

from connectors.excel.cells import Fault, plain
from connectors.excel.fill import is_blank
from connectors.excel.grid import Grid
from connectors.excel.package import address
from connectors.excel.words import clean, is_unknown, normal

SEARCHED: Final = 60
_LONGEST_LABEL: Final = 40
_MEANS: Final = {
    "reported_on": ("status date", "report date", "reporting date", "reported on", "as of", "as at", "data date",
                    "status as of", "status as at", "report as of", "date of report"),
    "currency": ("currency", "ccy", "all amounts in", "amounts in", "all figures in", "figures in"),
    "project": ("project", "project id", "project key", "project code", "project ref", "project reference"),
    "programme": ("programme", "program", "portfolio"),
}  # fmt: skip
_MEANING: Final = {word: meaning for meaning, words in _MEANS.items() for word in words}


@dataclass(frozen=True, slots=True)
class Said:
    """One label above the table, and what stands beside it."""

    label: str
    value: Any
    row: int  # from 0
    cell: str


@dataclass(slots=True)
class Preamble:
    """All that is said above a table."""

    lines: list[Said] = field(default_factory=list)

    def meaning(self, name: str) -> Said | None:
        """Return the line that says something of this meaning; None when there is none, or several differ."""
        found = [line for line in self.lines if _MEANING.get(normal(line.label)) == name]
        return found[0] if found and all(line.value == found[0].value for line in found) else None

    def above(self, row: int) -> "Preamble":
        """Return what stands above a row."""
        return Preamble([line for line in self.lines if line.row < row])

    def as_json(self) -> dict[str, Any]:
        """Write it as records carry it: label -> value."""
        return {line.label: plain(line.value) for line in self.lines}


def read_preamble(grid: Grid) -> Preamble:
    """Read the labelled values in the first rows, up to the first row that is something else."""
    found = Preamble()
    for number, row in enumerate(grid.rows[:SEARCHED]):
        filled = [(index, cell) for index, cell in enumerate(row) if not is_blank(cell)]
        if not filled:
            continue
        pairs = _pairs(number, filled)
        if pairs is None:
            break
        found.lines += pairs
    return found


def _pairs(number: int, filled: list[tuple[int, Any]]) -> list[Said] | None:
    """Read a row as labels and values; a lone title is none of either. None: it is no preamble any more."""
    found: list[Said] = []
    label = ""
    for index, cell in filled:
        text = clean(cell) if isinstance(cell, str) and not isinstance(cell, Fault) else ""
        if label and text.endswith(":"):
            return None  # a header whose words end in colons
        if label:
            found.append(Said(label, text or cell, number, address(number, index)))
            label = ""
        elif text.endswith(":") and len(text) <= _LONGEST_LABEL:
            label = text[:-1].strip()
        elif (parts := _split(text)) is not None:
            found.append(Said(*parts, number, address(number, index)))
        elif normal(text) in _MEANING and len(filled) == 2:  # noqa: PLR2004 -- a label and its value
            label = text
        elif len(filled) > 2:  # noqa: PLR2004
            return None
    return [line for line in found if not is_unknown(line.value)]


def _split(text: str) -> tuple[str, str] | None:
    """Divide `Status date: 31/05/2026` in one cell."""
    label, colon, value = text.partition(":")
    if not colon or not value.strip() or len(label) > _LONGEST_LABEL or value.startswith("//"):
        return None
    return label.strip(), value.strip()
