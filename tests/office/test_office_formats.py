"""The demo's workbooks after LibreOffice read them and wrote them as something else.

It writes no .xlsb; files of that kind are read in the core suite.
"""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.excel import process
from connectors.excel.layout import Holds, Layout, Limits, Refused
from sandbox import workbooks
from tests.support.office import FILTERS, converted, has_calculated_values
from tests.support.workbooks import kept, records_of

pytestmark = [pytest.mark.slow, pytest.mark.office]
TODAY = date(2026, 11, 22)
SHEETS: dict[str, tuple[Holds, str, tuple[str, ...]]] = {
    "register.xlsx": ("projects", "Projects", ("Project ID",)),
    "raid.xlsx": ("raid", "RAID", ("Ref",)),
    "milestones.xlsx": ("milestones", "Milestones", ("Milestone ID",)),
    "costs.xlsx": ("costs", "Forecast", ()),
    "baselines.xlsx": ("baselines", "Baselines", ()),
}
Convert = Callable[[dict[str, bytes], str], dict[str, bytes]]


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LibreOffice's settings, made once."""
    return tmp_path_factory.mktemp("office-profile")


@pytest.fixture
def convert(profile: Path, tmp_path: Path) -> Convert:
    """Write workbooks down and have them converted."""

    def run(books: dict[str, bytes], ending: str) -> dict[str, bytes]:
        for name, body in books.items():
            (tmp_path / name).write_bytes(body)
        return converted([tmp_path / name for name in books], ending, tmp_path / ending, profile)

    return run


def read(name: str, body: bytes, ending: str) -> tuple[list[dict[str, Any]], list[str]]:
    holds, sheet, key = SHEETS[name]
    written = name.replace("xlsx", ending)
    told_sheet = None if ending == "csv" else sheet
    # A CSV has texts for dates, and in a column of few nothing tells their order.
    order = "dmy" if ending == "csv" else None
    records, told = records_of(body, holds, file=written, sheet=told_sheet, key=key, date_order=order)
    shown = [
        {"id": one.external_id, "filtered": one.filtered_by, "unreadable": one.unreadable, **one.payload["values"]}
        for one in records
    ]  # fmt: skip
    return shown, told.warnings


@pytest.mark.parametrize("ending", list(FILTERS))
def test_every_format_gives_the_same_records(convert: Convert, ending: str) -> None:
    library = workbooks.library(TODAY, TODAY)
    counts = workbooks.counts(TODAY, TODAY)
    for name, body in convert(library, ending).items():
        original, _ = read(name, library[name], "xlsx")
        records, _ = read(name, body, ending)
        assert len(original) >= counts[name] > 0
        if ending != "xlsx":  # the currency of a number format is seen in .xlsx alone
            original, records = [[{**one, "currency": None} for one in each] for each in (original, records)]
        assert records == original, name


def formulas() -> bytes:
    """Return a register whose key, budget and dates are formulas that nothing has calculated yet."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Projects"
    page.append(["Project ID", "Project name", "Budget", "Forecast finish", "% complete"])
    for number in (2, 3):
        page.append(
            [f'="APO-"&{number}', f"Apollo {number}", f"=1000*{number}+0.5", f"=DATE(2026,12,{number})", 0.5]
        )
        page[f"D{number}"].number_format = "dd/mm/yyyy"
        page[f"E{number}"].number_format = "0%"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_formulas_that_libreoffice_calculated_are_read_as_their_values(convert: Convert) -> None:
    body = convert({"register.xlsx": formulas()}, "xlsx")["register.xlsx"]
    assert has_calculated_values(body)
    assert kept(body) == [
        {"key": f"APO-{number}", "name": f"Apollo {number}", "budget": f"{number}000.5",
         "forecast_finish": f"2026-12-0{number}", "percent_complete": 50}
        for number in (2, 3)
    ]  # fmt: skip


def test_formulas_nobody_calculated_are_refused_with_their_cells() -> None:
    body = formulas()
    assert not has_calculated_values(body)
    records, told = records_of(body)
    assert [record.unreadable is not None for record in records] == [True, True]
    assert "A2 holds a formula that was never calculated" in (records[0].unreadable or "")
    assert any("0 projects" in warning for warning in told.warnings)


@pytest.mark.parametrize("ending", ["ods", "xls", "xlsx"])
def test_a_file_cut_short_is_refused_in_words(convert: Convert, ending: str) -> None:
    body = convert({"register.xlsx": workbooks.library(TODAY, TODAY)["register.xlsx"]}, ending)[
        "register.xlsx"
    ]
    for part in (0.1, 0.5, 0.97):
        with pytest.raises(Refused, match=rf"register\.{ending}"):
            process.read(Layout("projects", f"register.{ending}"), body[: int(len(body) * part)], Limits())
