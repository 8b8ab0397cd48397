"""What the child hands over: records, and what an officer should know of the sheet."""

from dataclasses import dataclass, field
from typing import Final

from connectors.excel.cells import Json

MOST_WARNINGS: Final = 100


@dataclass(slots=True)
class Record:
    """One row, or for costs one amount of it, as it leaves the child."""

    external_id: str
    locator: str
    payload: dict[str, Json]
    filtered_by: str | None = None
    unreadable: str | None = None

    def line(self) -> dict[str, Json]:
        """Write it for the pipe; short names, for there may be a million."""
        return {
            "i": self.external_id,
            "l": self.locator,
            "p": self.payload,
            "f": self.filtered_by,
            "u": self.unreadable,
        }


@dataclass(slots=True)
class Warnings:
    """What an officer should know of a sheet; after a hundred lines only their number is kept."""

    lines: list[str] = field(default_factory=list)
    left_out: int = 0

    def add(self, line: str) -> None:
        """Keep a line, or count it."""
        if line in self.lines:
            return
        if len(self.lines) < MOST_WARNINGS:
            self.lines.append(line)
        else:
            self.left_out += 1

    def take(self, others: "Warnings") -> None:
        """Keep another table's lines as well."""
        for line in others.lines:
            self.add(line)
        self.left_out += others.left_out

    def all(self) -> list[str]:
        """Return what there is to say."""
        return [*self.lines, *([f"and {self.left_out} more such cells"] if self.left_out else [])]
