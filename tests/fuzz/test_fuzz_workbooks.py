"""Workbooks with bits flipped, cut and glued: the child may die, the parent never does, and says why in words."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.excel import process
from connectors.excel.layout import Holds, Layout, Limits, Refused
from sandbox import workbooks
from tests.support.workbooks import xlsx
from tests.support.xlsb import xlsb

pytestmark = pytest.mark.slow
TODAY = date(2026, 11, 22)
LIMITS = Limits(memory_mb=1024, seconds=20)
ROWS = [["Project ID", "Project name", "Budget", "Forecast finish"],
        *([f"P{n}", f"Project {n}", 1000.5 * n, date(2026, 12, n)] for n in range(1, 9))]  # fmt: skip
CSV = "Project ID;Project name;Budget;Forecast finish\r\n" + "".join(
    f'P{n};"Project\n{n}";1.00{n},5;{n}.12.2026\r\n' for n in range(1, 9)
)  # fmt: skip
BOOKS: dict[str, tuple[Holds, bytes]] = {
    "register.xlsx": ("projects", xlsx(ROWS)),
    "register.xlsb": ("projects", xlsb(ROWS)),
    "dependencies.ods": ("raid", workbooks.local(TODAY, TODAY)["dependencies.ods"]),
    "register.csv": ("projects", CSV.encode()),
    "utf16.csv": ("projects", CSV.encode("utf-16")),
}


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw a file with a few bits flipped, a piece cut out, doubled, or replaced, or the end missing."""
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        if not changed:
            break
        at = draw(st.integers(0, len(changed) - 1))
        length = draw(st.integers(1, 64))
        how = draw(st.sampled_from(["flip", "flip", "cut", "drop", "double", "noise", "zeros"]))
        if how == "flip":
            changed[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "cut":
            del changed[at:]
        elif how == "drop":
            del changed[at : at + length]
        elif how == "double":
            changed[at:at] = changed[at : at + length]
        elif how == "noise":
            changed[at : at + length] = draw(st.binary(min_size=1, max_size=64))
        else:
            changed[at : at + length] = bytes(length)
    return bytes(changed)


def read(name: str, holds: Holds, body: bytes) -> list[dict[str, Any]] | str:
    """Return the records, or the words of the refusal."""
    try:
        outcome = process.read(Layout(holds, name), body, LIMITS)
    except Refused as refusal:
        return str(refusal)
    records = list(outcome.records())
    assert outcome.told["records"] == len(records)
    outcome.close()
    return records


@pytest.mark.parametrize("name", list(BOOKS))
def test_a_damaged_file_gives_records_or_words(name: str) -> None:
    holds, body = BOOKS[name]
    assert isinstance(read(name, holds, body), list)

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(damaged(body))
    def try_one(changed: bytes) -> None:
        found = read(name, holds, changed)
        if isinstance(found, str):
            assert found.startswith(name)
            assert "Traceback" not in found
            assert len(found) > len(name) + 10
        else:
            assert all(one["l"].startswith(name) for one in found)

    try_one()


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=3000), st.sampled_from([".xlsx", ".xlsb", ".xls", ".ods", ".csv", ".txt"]))
def test_no_bytes_at_all_bring_the_reader_down(body: bytes, ending: str) -> None:
    found = read(f"any{ending}", "projects", body)
    assert isinstance(found, list) or found.startswith("any")
