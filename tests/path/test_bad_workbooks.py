"""Workbooks with every known mess, in a folder source beside a good one: the mess is named, the good lands."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from sqlalchemy import Engine

from tests.support.command_line import CommandLine
from tests.support.sandbox_sources import configure, write_document
from tests.support.store import Outcome, Row, ask, pulled
from tests.support.workbooks import with_sheet_xml, xlsx

HEADER: Final = ["Project ID", "Project name", "Budget", "Forecast finish"]
GOOD: Final = [
    HEADER,
    ["APO", "Apollo", 1000, date(2026, 12, 18)],
    ["GEM", "Gemini", 2000, date(2026, 10, 1)],
]
Json = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.xlsx").write_bytes(xlsx(GOOD))
    return tmp_path


def source(folder: Path, *workbooks: Json) -> Json:
    good = {"path": "good.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"}
    return {"name": "files", "kind": "excel", "folder": str(folder), "workbooks": [*workbooks, good]}


def pull(engine: Engine, folder: Path, body: bytes | None = None, **workbook: Any) -> Outcome:
    """Pull bad.xlsx with these options beside the good workbook."""
    if body is not None:
        (folder / "bad.xlsx").write_bytes(body)
    configure(
        engine, source(folder, {"path": "bad.xlsx", "holds": "projects", "key": "Project ID", **workbook})
    )
    return pulled(engine, "files")


def rows(engine: Engine) -> dict[str, Row]:
    """The register rows in the store, by key, each attribute's value."""
    found = ask(engine, "SELECT key, attributes FROM scope WHERE kind = 'register_row' ORDER BY id")
    return {row["key"]: {name: told["value"] for name, told in row["attributes"].items()} for row in found}


def locked() -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx(GOOD))).encrypt("secret", out)
    return out.getvalue()


def bomb() -> bytes:
    """A workbook of some kilobytes whose second sheet unpacks to 2 GB."""
    out = io.BytesIO()
    chunk = b" " * (16 << 20)
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(GOOD))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry.filename))
        with new.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as sheet:
            for _ in range(128):
                sheet.write(chunk)
    return out.getvalue()


def far_corner() -> bytes:
    stray = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return with_sheet_xml(xlsx(GOOD), lambda xml: xml.replace("</sheetData>", stray))


@pytest.mark.parametrize(
    ("make", "options", "phrases"),
    [
        (
            lambda: xlsx(GOOD),
            {"sheet": "Portfolio"},
            ("no sheet 'Portfolio'; it has: Projects", "Correct `sheet`"),
        ),
        (locked, {}, ("is protected by a password",)),
        (lambda: xlsx(GOOD)[:2000], {}, ("is damaged", "open it in Excel and save it again")),
        (lambda: b"", {}, ("is empty",)),
        (
            lambda: b"<!DOCTYPE html><html><title>Sign in</title></html>",
            {},
            ("a web page, as a sign-in page is",),
        ),
        (far_corner, {}, ("XFD1048576 lies far outside the table, which otherwise ends at D3",)),
        (bomb, {}, ("unpacks", "to 2,0", "it was not opened")),
    ],
    ids=["no such sheet", "password", "corrupt", "empty", "sign-in page", "XFD1048576", "zip bomb"],
)
def test_a_workbook_that_cannot_be_read_is_named_and_the_good_one_lands(
    engine: Engine, folder: Path, make: Callable[[], bytes], options: Json, phrases: tuple[str, ...]
) -> None:
    found = pull(engine, folder, make(), **options)

    assert found.state == "partial"
    assert found.error.startswith("files: bad.xlsx")
    for phrase in phrases:
        assert phrase in found.error
    assert len(found.error.splitlines()) == 1
    assert list(rows(engine)) == ["APO", "GEM"]


def test_a_workbook_that_is_not_there_is_named_with_those_that_are(engine: Engine, folder: Path) -> None:
    found = pull(engine, folder)

    assert (found.state, found.counts("projects")) == ("partial", (2, 0, 0))
    assert found.error == (
        "files: bad.xlsx: is not there; the folder holds good.xlsx. Correct path. Nothing read from it before was "
        "removed"
    )


def test_formulas_that_were_never_calculated_are_unknown_and_said_so(engine: Engine, folder: Path) -> None:
    def formula(_book: Any, page: Any) -> None:
        page.write_formula("C2", "=SUM(C3:C9)", None, "")

    body = with_sheet_xml(
        xlsx([HEADER, ["BAD", "Bad", None, date(2026, 1, 2)]], edit=formula),
        lambda xml: xml.replace("<v></v>", ""),
    )
    found = pull(engine, folder, body)

    assert found.state == "succeeded"
    assert "bad.xlsx!Projects!C2" in found.words
    assert "formula" in found.words
    assert (
        "open the workbook in Excel, let it recalculate, and save; budget stays unknown there" in found.words
    )
    assert "budget" not in rows(engine)["BAD"]
    assert rows(engine)["APO"]["budget"] == "1000"


def test_text_dates_in_two_orders_are_not_guessed(engine: Engine, folder: Path) -> None:
    body = xlsx(
        [
            HEADER,
            ["ONE", "One", 1, "25/03/2026"],
            ["TWO", "Two", 2, "03/25/2026"],
            ["TRE", "Three", 3, "04/05/2026"],
        ]
    )

    found = pull(engine, folder, body)

    assert "forecast_finish" not in rows(engine)["TRE"]
    assert "D4" in found.words
    assert "date_order" in found.words


def test_text_dates_are_read_in_the_order_that_the_source_says(engine: Engine, folder: Path) -> None:
    found = pull(engine, folder, xlsx([HEADER, ["TRE", "Three", 3, "04/05/2026"]]), date_order="mdy")

    assert found.warnings == []
    assert rows(engine)["TRE"]["forecast_finish"] == "2026-04-05"


def test_a_register_row_without_a_key_is_rejected_with_its_cell(engine: Engine, folder: Path) -> None:
    found = pull(engine, folder, xlsx([HEADER, ["ONE", "One", 1], [None, "No key", 2], ["TWO", "Two", 3]]))

    assert found.state == "succeeded"
    assert found.counts("projects") == (4, 1, 0)
    assert list(found.rejected) == ["bad.xlsx!Projects!A3"]
    assert "Project ID" in found.rejected["bad.xlsx!Projects!A3"]
    assert rows(engine).keys() == {"ONE", "TWO", "APO", "GEM"}


def test_the_second_of_two_rows_with_one_key_is_rejected_and_the_first_is_kept(
    engine: Engine, folder: Path
) -> None:
    found = pull(engine, folder, xlsx([HEADER, ["ONE", "One", 1], ["TWO", "Two", 2], ["ONE ", "Other", 3]]))

    assert found.counts("projects") == (4, 1, 0)
    assert "'ONE' is also in row 2, which is kept; row 4 is not" in found.rejected["bad.xlsx!Projects!A4"]
    assert rows(engine)["ONE"]["name"] == "One"


def test_a_value_that_cannot_be_what_its_attribute_needs_is_named_and_the_row_stays(
    engine: Engine, folder: Path
) -> None:
    body = xlsx([HEADER, ["ONE", "One", "about a million", date(2026, 1, 2)], ["TWO", "Two", 2, "soon"]])

    found = pull(engine, folder, body)

    assert found.state == "succeeded"
    assert "bad.xlsx!Projects!C2: 'about a million'" in found.words
    assert "bad.xlsx!Projects!D3: 'soon'" in found.words
    assert "budget" not in rows(engine)["ONE"]
    assert rows(engine)["TWO"]["budget"] == "2"


@pytest.mark.slow
def test_a_corrected_workbook_is_read_by_the_next_run_and_its_rejection_is_resolved(
    engine: Engine, folder: Path
) -> None:
    first = pull(
        engine, folder, xlsx([HEADER, ["ONE", "One", 1], ["ONE", "Two", 2], [None, "Three", 3], ["", "", 4]])
    )
    still = [HEADER, ["ONE", "One", 1], ["TWO", "Two", 2], ["TRE", "Three", 3], ["", "", 4]]
    (folder / "bad.xlsx").write_bytes(xlsx(still))
    second = pulled(engine, "files")
    (folder / "bad.xlsx").write_bytes(xlsx(still[:-1]))

    found = pulled(engine, "files")

    assert (len(first.rejected), second.ledger["projects"]["rejected"]) == (3, 1)
    assert found.rejected == {}
    assert rows(engine).keys() == {"ONE", "TWO", "TRE", "APO", "GEM"}
    assert ask(engine, "SELECT count(*) AS n FROM rejected_record WHERE resolved_at IS NULL") == [{"n": 0}]


@pytest.mark.slow
def test_the_command_line_names_workbook_and_cell_and_exits_3(database_url: str, folder: Path) -> None:
    muster = CommandLine(database_url, folder / "home", {})
    (folder / "locked.xlsx").write_bytes(locked())
    (folder / "bad.xlsx").write_bytes(xlsx([HEADER, ["ONE", "One", 1], [None, "No key", 2]]))
    file = write_document(
        folder / "sources.yaml",
        source(
            folder, {"path": "locked.xlsx", "holds": "projects"}, {"path": "bad.xlsx", "holds": "projects"}
        ),
    )
    assert muster("apply", "-f", str(file), "--yes").code == 0

    checked, synced = muster("check"), muster("sync")

    assert checked.code == 1
    assert "FAIL locked.xlsx" in checked.out
    assert "protected by a password" in checked.out
    assert synced.code == 3
    assert "files: locked.xlsx: is protected by a password" in synced.err
    assert "bad.xlsx!Projects!A3" in synced.out
    assert "stored 3 + rejected 1" in synced.out


def test_a_renamed_column_loses_nothing_and_is_read_once_the_configuration_names_it(
    engine: Engine, folder: Path
) -> None:
    configure(engine, source(folder))
    assert pulled(engine, "files").state == "succeeded"
    (folder / "good.xlsx").write_bytes(xlsx([[*HEADER[:2], "Money we have", HEADER[3]], *GOOD[1:]]))

    told = pulled(engine, "files")

    assert told.state == "partial"
    assert "write columns: {budget: Money we have}" in told.words
    assert {key: values["budget"] for key, values in rows(engine).items()} == {"APO": "1000", "GEM": "2000"}
    configure(engine, source(folder) | {"workbooks": [
        {"path": "good.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID",
         "columns": {"budget": "Money we have"}}
    ]})  # fmt: skip
    assert pulled(engine, "files").state == "succeeded"
    assert {key: values["budget"] for key, values in rows(engine).items()} == {"APO": "1000", "GEM": "2000"}
