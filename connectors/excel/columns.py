"""The columns of a table, and the row that names them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column under the header; `group` is what stands over it in the row above, if anything."""

    index: int
    header: str
    attribute: str | None = None
    raw: Any = ""
    group: str = ""


@dataclass(slots=True)
class Header:
    """The header row, counted from 0, and its columns from left to right."""

    row: int
    columns: list[Column]
    key: tuple[Column, ...] = ()
    score: int = 0
    notes: list[str] = field(default_factory=list)

    def by_attribute(self) -> dict[str, Column]:
        """Return the columns that are understood."""
        return {column.attribute: column for column in self.columns if column.attribute}

    def names(self) -> str:
        """List the headers as a person sees them, for messages."""
        shown = [repr(column.header) for column in self.columns]
        return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")  # noqa: PLR2004
