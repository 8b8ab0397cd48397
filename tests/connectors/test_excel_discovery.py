"""What discovery finds in a workbook before anything is configured of its sheets."""

from pathlib import Path
from typing import Any

import pytest

from connectors.base import Confidence, Discovery
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from tests.support.shared import SHARED, needs_shared
from tests.support.workbooks import xlsx

HEAD = ["Ref", "Risk", "Status", "Owner", "Response"]


def discover(folder: Path, body: bytes, **workbook: Any) -> Discovery:
    (folder / "raid.xlsx").write_bytes(body)
    given = {"folder": str(folder), "workbooks": [{"path": "raid.xlsx", "holds": "raid", **workbook}]}
    return Excel(ExcelConfig.model_validate(given), source="files").discover()


def lists(book: Any, page: Any) -> None:
    words = book.add_worksheet("Lists")
    words.write_column(0, 0, ["Ann", "Bob", "Ann"])
    words.hide()
    page.activate()
    book.define_name("Answers", "=Lists!$A$1:$A$2")
    page.data_validation("C2:C100", {"validate": "list", "source": ["Open", "Closed"]})
    page.data_validation("D2:D100", {"validate": "list", "source": "=Lists!$A$1:$A$3"})
    page.data_validation("E2:E100", {"validate": "list", "source": "=Answers"})


def test_drop_down_lists_are_reported_as_allowed_values(tmp_path: Path) -> None:
    found = discover(tmp_path, xlsx([HEAD, ["1", "Fire", "Open", "Ann", "Ann"]], sheet="RAID", edit=lists))

    allowed = {field["name"]: field.get("allowed") for field in found.fields if "RAID" in field["id"]}
    assert allowed == {
        "Ref": None, "Risk": None, "Status": ["Open", "Closed"], "Owner": ["Ann", "Bob"], "Response": ["Ann", "Bob"],
    }  # fmt: skip
    assert found.shape["values a drop-down allows in"]["raid.xlsx!RAID!Status"] == "Open, Closed"


def test_every_column_has_its_place_and_every_sheet_its_shape(tmp_path: Path) -> None:
    found = discover(tmp_path, xlsx([[], HEAD, ["1", "Fire", "Open", "Ann", "Avoid"]], sheet="RAID"))

    assert [field["column"] for field in found.fields] == ["A", "B", "C", "D", "E"]
    assert found.shape["columns of sheet"] == {"raid.xlsx!RAID": "Owner | Ref | Response | Risk | Status"}
    assert found.confidence["raid.xlsx!RAID"] is Confidence.MEDIUM


def test_a_second_table_and_what_stands_above_are_said(tmp_path: Path) -> None:
    rows = [["Status date: 31/05/2026"], HEAD, ["1", "Fire", "Open", "Ann", "Avoid"], [],
            ["Project ID", "Project name", "Budget"], ["APO", "Apollo", 5]]  # fmt: skip

    found = discover(tmp_path, xlsx(rows, sheet="RAID"))

    assert "above it stands Status date: 31/05/2026" in found.evidence["raid.xlsx!RAID"]
    assert "from A5 on is another table, which looks like projects" in found.alternatives["raid.xlsx!RAID"][0]


@needs_shared
@pytest.mark.parametrize(
    ("path", "sheet", "column", "first"),
    [("workbooks/nchaulagai-apm/Issue_Register.xlsx", "Issue Register", "Status", "Open"),
     ("workbooks/nchaulagai-apm/Risk_Register.xlsx", "Issue Register", "Status", "Active")],
)  # fmt: skip
def test_the_drop_downs_of_real_registers_are_found(
    tmp_path: Path, path: str, sheet: str, column: str, first: str
) -> None:
    found = discover(tmp_path, (SHARED / "data" / path).read_bytes())

    [field] = [field for field in found.fields if field["id"] == f"raid.xlsx!{sheet}!{column}"]
    assert field["allowed"][0] == first
