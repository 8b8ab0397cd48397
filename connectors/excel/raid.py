"""What RAID logs write into their scales: numbers, percents, ranges and words."""

import re
from collections.abc import Sequence
from typing import Any, Final

from connectors.excel.cells import Fault, Json, text_of
from connectors.excel.columns import Header
from connectors.excel.grid import Grid
from connectors.excel.layout import Layout
from connectors.excel.package import address
from connectors.excel.words import clean, normal

KINDS: Final = {
    "risk": "risk", "risks": "risk", "r": "risk", "threat": "risk", "opportunity": "risk",
    "assumption": "assumption", "assumptions": "assumption", "a": "assumption",
    "issue": "issue", "issues": "issue", "i": "issue", "problem": "issue",
    "dependency": "dependency", "dependencies": "dependency", "d": "dependency",
}  # fmt: skip
_GRADED: Final = re.compile(r"^([1-5])\s*[-\u2013:.)]\s*\D|\(([1-5])\)$")
_SCALE: Final = (1, 5)
_WORD_FOR: Final = {"probability": "likelihood", "impact": "severity", "cost_impact": "severity"}
_HUNDRED: Final = 100
_LONGEST_GRADE: Final = 40  # characters
_MOST_WORDS: Final = 3


class Raid:
    """Completes the values of RAID rows; `kind` is that of rows which do not say."""

    def __init__(self, grid: Grid, header: Header, layout: Layout, title: str = "") -> None:
        self._grid = grid
        self._known = header.by_attribute()
        self._first = header.row + 1
        self._tells_kinds: bool | None = None  # until a row asks
        self.kind = layout.kind or kind_of_title(title) or self._kind_by_habit(header)

    def complete(
        self,
        values: dict[str, Json],
        cells: dict[str, str],
        problems: dict[str, str],
        row: Sequence[Any],
        number: int,
    ) -> None:
        """Put words, shares and grades of a scale where they belong, and settle the kind."""
        for attribute, word in _WORD_FOR.items():
            column = self._known.get(attribute)
            if column is None or isinstance(row[column.index], Fault):
                continue
            cell = address(number, column.index)
            raw = row[column.index]
            if attribute in problems and isinstance(raw, str):
                del problems[attribute]
                self._keep_word(attribute, word, clean(raw), cell, values, cells)
            elif attribute != "cost_impact" and attribute in values:
                self._keep_number(attribute, cell, (number, column.index), values, cells, problems)
        self._settle_chance(values, cells, problems, row, number)
        self._settle_kind(values, cells, problems)

    def _settle_kind(self, values: dict[str, Json], cells: dict[str, str], problems: dict[str, str]) -> None:
        """Read the kind; a word that is none stays unknown, it is not what the other rows are."""
        word, cell = values.pop("kind", None), cells.get("kind")
        kind = KINDS.get(normal(str(word or "")))
        if kind is None:
            cells.pop("kind", None)
            if word and self._kinds_stand_in_column():
                problems["kind"] = f"{cell}: {word!r} is no risk, assumption, issue or dependency"
                return
        if found := kind or self.kind:
            values["kind"] = found

    def _kinds_stand_in_column(self) -> bool:
        """Whether the column tells kinds apart, and is not, as in many risk registers, a category."""
        if self._tells_kinds is None:
            column = self._known.get("kind")
            self._tells_kinds = column is not None and any(
                isinstance(cell, str) and not isinstance(cell, Fault) and normal(cell) in KINDS
                for cell in (row[column.index] for row in self._grid.rows[self._first :])
            )
        return self._tells_kinds

    def _keep_word(
        self, attribute: str, word: str, text: str, cell: str, values: dict[str, Json], cells: dict[str, str]
    ) -> None:
        """Keep a source's own word as `likelihood` or `severity`; a share or a grade in it counts too."""
        if len(text) > _LONGEST_GRADE or (attribute != "probability" and len(text.split()) > _MOST_WORDS):
            if attribute != "probability" and "effect" not in values:  # a sentence says what would happen
                values["effect"], cells["effect"] = text, cell
            return
        if graded := _GRADED.search(text):
            if attribute != "cost_impact":
                values[attribute], cells[attribute] = int(graded[1] or graded[2]), cell
        elif attribute == "probability" and (share := _share(text)) is not None:
            values["chance"], cells["chance"] = share, cell
            return
        if word not in values:
            values[word], cells[word] = text, cell

    def _keep_number(
        self,
        attribute: str,
        cell: str,
        place: tuple[int, int],
        values: dict[str, Json],
        cells: dict[str, str],
        problems: dict[str, str],
    ) -> None:
        """Keep 1 to 5 as the scale, and a probability below 1 or shown in percent as a chance."""
        value = values[attribute]
        if attribute == "probability" and (place in self._grid.marks.percent or 0 < value < 1):
            del values[attribute], cells[attribute]
            values["chance"], cells["chance"] = value, cell
        elif not _SCALE[0] <= value <= _SCALE[1]:
            del values[attribute], cells[attribute]
            problems[attribute] = f"{cell}: {value} is not on the scale from 1 to 5"

    def _settle_chance(
        self,
        values: dict[str, Json],
        cells: dict[str, str],
        problems: dict[str, str],
        row: Sequence[Any],
        number: int,
    ) -> None:
        """Bring a chance to a share of 1, also where it is written `40%` or 40."""
        column = self._known.get("chance")
        if column is None or isinstance(row[column.index], Fault):
            return
        cell = address(number, column.index)
        if "chance" in problems and isinstance(raw := row[column.index], str):
            if (share := _share(clean(raw))) is not None:
                del problems["chance"]
                values["chance"], cells["chance"] = share, cell
        elif 1 < values.get("chance", 0) <= _HUNDRED:
            values["chance"] /= _HUNDRED
        elif not 0 <= values.get("chance", 0) <= 1:
            problems["chance"] = f"{cell}: {values.pop('chance')} is no probability"
            cells.pop("chance", None)

    def _kind_by_habit(self, header: Header) -> str | None:
        """Take the kind from the title's header, else the columns a kind alone has, else the names."""
        title = self._known.get("title")
        by_title = kind_of_title(title.header if title else "")
        if by_title:
            return by_title
        if self._known.keys() & {"probability", "chance", "likelihood", "proximity"}:
            return "risk"
        if self._known.keys() & {"gives", "needed_by"}:
            return "dependency"
        headers = " ".join(column.header for column in header.columns)
        return kind_of_title(self._grid.sheet) or kind_of_title(self._grid.file) or kind_of_title(headers)


def kind_of_title(text: str) -> str | None:
    """Return the kind whose name a title has; None when it has none or several, as `RAID` does."""
    found = {KINDS[word] for word in normal(text).split() if len(word) > 1 and word in KINDS}
    return found.pop() if len(found) == 1 else None


def _share(text: str) -> float | None:
    """Read `75%` as 0.75; a range such as `50% to 75%` is no single share."""
    if not text.endswith("%") or text.count("%") > 1:
        return None
    number = text_of(text[:-1]) or ""
    try:
        share = float(number) / _HUNDRED
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None
