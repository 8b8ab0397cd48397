import io
from datetime import date
from typing import Any

import openpyxl
import pytest

from connectors.excel.layout import Refused
from sandbox.workbooks import counts, local
from tests.support.workbooks import kept, records_of, xlsx
from tests.support.xlsb import xlsb

CSV = "Project ID;Project name;Budget;Forecast finish\r\nAPO;Apollo;1.234,50;18.12.2026\r\nBEL;Bellona;12,5;\r\n"


def test_a_csv_is_read_with_its_own_separator_and_decimal_sign() -> None:
    records, told = records_of(CSV.encode(), file="register.csv")

    assert [record.payload["values"] for record in records] == [
        {"key": "APO", "name": "Apollo", "budget": "1234.5", "forecast_finish": "2026-12-18"},
        {"key": "BEL", "name": "Bellona", "budget": "12.5"},
    ]
    assert records[0].locator == "register.csv!register!A2"
    assert told.warnings == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_says_its_encoding_by_its_first_bytes(encoding: str) -> None:
    text = "Project ID,Project name\nA,Förderung\n"

    assert kept(text.encode(encoding), file="register.csv")[0]["name"] == "Förderung"


def test_a_csv_in_windows_letters_is_read_and_said_so() -> None:
    records, told = records_of("Project ID,Project name\nA,Förderung\n".encode("cp1252"), file="register.csv")

    assert records[0].payload["values"]["name"] == "Förderung"
    assert told.warnings == ["register.csv is not UTF-8; it was read as Windows-1252"]


def test_excels_own_separator_line_is_obeyed() -> None:
    assert kept(b"sep=|\nProject ID|Name\nA|x, y\n", file="register.csv")[0]["name"] == "x, y"


def test_a_quoted_line_break_stays_inside_its_cell() -> None:
    assert kept(b'Project ID,Name\nA,"two\nlines"\nB,one\n', file="register.csv") == [
        {"key": "A", "name": "two\nlines"},
        {"key": "B", "name": "one"},
    ]


def test_rows_shorter_than_the_header_are_filled_up() -> None:
    assert kept(b"Project ID,Name,Budget\nA,x\n", file="register.csv") == [{"key": "A", "name": "x"}]


def test_a_binary_file_named_csv_is_refused() -> None:
    with pytest.raises(Refused, match=r"register\.csv is no workbook"):
        records_of(b"MZ\x00\x01\x02" * 50, file="register.csv")


def test_a_workbook_saved_under_another_ending_is_read_for_what_it_is() -> None:
    assert kept(xlsx([["Project ID", "Name"], ["A", "x"]]), file="register.xls") == [
        {"key": "A", "name": "x"}
    ]


def test_an_opendocument_sheet_is_read() -> None:
    today = date(2026, 11, 22)

    values = kept(local(today, today)["dependencies.ods"], "raid", file="dependencies.ods")

    assert len(values) == counts(today, today)["dependencies.ods"]
    assert {value["kind"] for value in values} == {"dependency"}
    assert all(date.fromisoformat(value["needed_by"]) for value in values)


def test_a_workbook_of_another_writer_gives_the_same_values() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Project ID", "Project name", "% complete", "Forecast finish", "Budget"])
    page.append([1001, "Apollo", 0.45, date(2026, 12, 18), "=1+1"])
    page["C2"].number_format = "0%"
    out = io.BytesIO()
    book.save(out)

    records, told = records_of(out.getvalue())

    assert records[0].payload["values"] == {
        "key": "1001",
        "name": "Apollo",
        "percent_complete": 45,
        "forecast_finish": "2026-12-18",
    }
    assert "E2: a formula that was never calculated" in told.warnings[0]


def test_a_binary_workbook_is_read_and_it_is_said_what_cannot_be_seen_in_it() -> None:
    rows: list[list[Any]] = [
        ["Project ID", "Project name", "Forecast finish", "Budget", "% complete"],
        ["APO", "Apollo", date(2026, 12, 18), 1200.5, 0.45],
        [1001, "Förderung", None, "#REF!", 1],
    ]

    records, told = records_of(xlsb(rows, percents=frozenset([4])), file="register.xlsb")

    assert [record.payload["values"] for record in records] == [
        {
            "key": "APO",
            "name": "Apollo",
            "forecast_finish": "2026-12-18",
            "budget": "1200.5",
            "percent_complete": 45,
        },
        {"key": "1001", "name": "Förderung", "percent_complete": 100},
    ]
    assert records[0].locator == "register.xlsb!Projects!A2"
    assert told.warnings[0].startswith("register.xlsb is in Excel's old binary form, in which errors")


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_binary_workbook_cut_short_is_damaged_in_words(keep: float) -> None:
    whole = xlsb([["Project ID", "Project name"], ["APO", "Apollo"]])

    with pytest.raises(Refused, match=r"register\.xlsb is damaged"):
        records_of(whole[: int(len(whole) * keep)], file="register.xlsb")


def test_an_old_workbook_by_its_first_bytes_that_is_none_is_damaged_in_words() -> None:
    with pytest.raises(Refused, match=r"register\.xls is damaged or no workbook"):
        records_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), file="register.xls")
