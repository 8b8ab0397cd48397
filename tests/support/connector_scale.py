"""The table of docs/connectors.md: what each source holds of the fifteen requirements, and which test proves it.

`python -m tests.support.connector_scale` writes the overview at its top anew from the lists below it.
"""

import ast
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from tests.support.shared import ROOT

PAGE: Final = ROOT / "docs" / "connectors.md"
SOURCES: Final = (
    "Jira Cloud", "Jira Data Center", "Azure DevOps Services", "Azure DevOps Server", "Excel on SharePoint"
)  # fmt: skip
ALL: Final = "All five"
REQUIREMENTS: Final = 15
# State: whether it needs tests, and whether it needs words.
STATES: Final = {
    "done": (True, False),
    "partly": (True, True),
    "exempt": (False, True),
    "missing": (False, True),
}
BEGIN, END = "<!-- overview: begin -->", "<!-- overview: end -->"

_HEADING: Final = re.compile(r"## (\d+)\. (.+)")
_CELL: Final = re.compile(r"- \*\*(.+?)\*\*: (\w+)(?:\. (.+))?")
_TEST: Final = re.compile(r"  - `(tests/[\w/]+\.py)::(\w+)`")


@dataclass(slots=True)
class Cell:
    """What one source holds of one requirement."""

    line: int
    state: str
    words: str
    tests: list[tuple[str, str]]  # file, name


@dataclass(slots=True)
class Scale:
    """The whole table: (requirement, source) -> cell, and the requirements' names."""

    names: dict[int, str]
    cells: dict[tuple[int, str], Cell]
    faults: list[str]  # lines that cannot be understood


def read(text: str) -> Scale:
    """Read the page's lists."""
    scale = Scale({}, {}, [])
    number, cell = 0, None
    for line, words in enumerate(text.splitlines(), 1):
        if heading := _HEADING.fullmatch(words):
            number, cell = int(heading[1]), None
            scale.names[number] = heading[2]
        elif number and words.startswith("- "):
            cell = _cell(scale, number, line, words)
        elif number and words.startswith("  - "):
            found = _TEST.match(words)
            if found is None or cell is None:
                scale.faults.append(f"line {line}: expected a test as `tests/….py::test_…` below a source")
            else:
                cell.tests.append((found[1], found[2]))
    return scale


def _cell(scale: Scale, number: int, line: int, words: str) -> Cell | None:
    found = _CELL.fullmatch(words)
    if found is None:
        scale.faults.append(f"line {line}: expected `- **Source, Source**: state. Words`")
        return None
    cell = Cell(line, found[2], (found[3] or "").strip(), [])
    for source in SOURCES if found[1] == ALL else found[1].split(", "):
        if source not in SOURCES:
            scale.faults.append(f"line {line}: there is no source {source!r}; there are {', '.join(SOURCES)}")
        elif (number, source) in scale.cells:
            scale.faults.append(f"line {line}: {source} was spoken of already")
        else:
            scale.cells[number, source] = cell
    return cell


def overview(scale: Scale) -> str:
    """Return the table that stands at the top of the page."""
    lines = [f"| | requirement | {' | '.join(SOURCES)} |", f"|--:|---{'|---' * len(SOURCES)}|"]
    for number, name in sorted(scale.names.items()):
        states = [cell.state if (cell := scale.cells.get((number, source))) else "?" for source in SOURCES]
        lines.append(f"| {number} | {name} | {' | '.join(states)} |")
    return "\n".join(lines)


def with_overview(text: str) -> str:
    """Return the page with its overview made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{overview(read(text))}\n{END}{after}"


@lru_cache
def names_in(file: Path) -> frozenset[str]:
    """Return the names of tests a file defines: functions, and classes or names that hold a state machine."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in found if name.startswith(("test_", "Test")))


if __name__ == "__main__":
    PAGE.write_text(with_overview(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{overview(read(PAGE.read_text(encoding='utf-8')))}\n")
