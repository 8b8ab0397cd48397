"""The three-way merge of one cell: what was sent, what came back, and what stands there now."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fate(StrEnum):
    """What becomes of a cell that came back.

    UNTOUCHED: it came back as it was sent, so what stands there now stays, whoever changed it since.
    AGREED: it was changed, to what stands there now anyway. TAKEN: it alone was changed.
    CONFLICT: it was changed, and so was what stands there, to something else; a person decides.
    """

    UNTOUCHED = "untouched"
    AGREED = "agreed"
    TAKEN = "taken"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Cell:
    """The three values of a cell; None is an empty cell."""

    sent: Any
    returned: Any
    current: Any

    def fate(self, same: Callable[[Any, Any], bool]) -> Fate:
        """Merge; `same` says whether two values are the same to whoever wrote them."""
        if same(self.returned, self.sent):
            return Fate.UNTOUCHED
        if same(self.returned, self.current):
            return Fate.AGREED
        return Fate.TAKEN if same(self.current, self.sent) else Fate.CONFLICT
