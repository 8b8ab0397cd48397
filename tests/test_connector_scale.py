"""docs/connectors.md must say of every source and requirement what holds, and name tests that exist."""

import pytest

from tests.support.connector_scale import (
    PAGE,
    REQUIREMENTS,
    SOURCES,
    STATES,
    Cell,
    names_in,
    overview,
    read,
    with_overview,
)
from tests.support.shared import ROOT

SCALE = read(PAGE.read_text(encoding="utf-8"))


def test_every_line_of_the_page_is_understood() -> None:
    assert SCALE.faults == []


def test_every_requirement_has_a_cell_for_every_source() -> None:
    wanted = {(number, source) for number in range(1, REQUIREMENTS + 1) for source in SOURCES}
    assert wanted - SCALE.cells.keys() == set()
    assert SCALE.cells.keys() - wanted == set()


@pytest.mark.parametrize("number", range(1, REQUIREMENTS + 1))
def test_every_cell_has_what_its_state_needs(number: int) -> None:
    assert [fault for source in SOURCES for fault in _faults(SCALE.cells[number, source])] == []


def _faults(cell: Cell) -> list[str]:
    if cell.state not in STATES:
        return [f"line {cell.line}: {cell.state!r} is none of {', '.join(STATES)}"]
    tests, words = STATES[cell.state]
    found = []
    if tests and not cell.tests:
        found.append(f"line {cell.line}: {cell.state}, but no test is named")
    if words and not cell.words:
        found.append(f"line {cell.line}: {cell.state}, but nothing says why")
    for file, name in cell.tests:
        if not (ROOT / file).is_file():
            found.append(f"line {cell.line}: there is no file {file}")
        elif name not in names_in(ROOT / file):
            found.append(f"line {cell.line}: {file} has no test {name}")
    return found


def test_the_overview_says_what_the_lists_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_overview(text) == text, "run: python -m tests.support.connector_scale"


BROKEN = """
## 1. First

- **Jira Cloud, Jira Data Center**: done
  - `tests/test_connector_scale.py::test_every_line_of_the_page_is_understood`
- **Excel**: done
- **Azure DevOps Services** done
  - somewhere else
"""


def test_what_cannot_be_understood_is_named_by_its_line() -> None:
    scale = read(BROKEN)
    assert [fault.partition(":")[0] for fault in scale.faults] == ["line 6", "line 7", "line 8"]
    assert set(scale.cells) == {(1, "Jira Cloud"), (1, "Jira Data Center")}
    assert "| 1 | First | done | done | ? | ? | ? |" in overview(scale)


def test_a_cell_without_proof_or_reason_is_a_fault() -> None:
    assert _faults(Cell(1, "done", "", [])) == ["line 1: done, but no test is named"]
    assert _faults(Cell(1, "exempt", "", [])) == ["line 1: exempt, but nothing says why"]
    assert _faults(Cell(1, "fine", "", [])) == ["line 1: 'fine' is none of done, partly, exempt, missing"]
    gone = [("tests/test_connector_scale.py", "test_that_was_renamed")]
    assert _faults(Cell(1, "done", "", gone)) == [
        "line 1: tests/test_connector_scale.py has no test test_that_was_renamed"
    ]
