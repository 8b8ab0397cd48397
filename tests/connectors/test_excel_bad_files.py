import io
import zipfile
from collections.abc import Callable

import msoffcrypto
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from connectors.excel import process
from connectors.excel.layout import Layout, Limits, Refused
from tests.support.workbooks import with_sheet_xml, xlsx

HEADER = ["Project ID", "Project name", "Budget"]
ROWS = [HEADER, ["APO", "Apollo", 5]]
SMALL = Limits(memory_mb=1024, seconds=60)


def refusal(
    body: bytes, file: str = "register.xlsx", sheet: str | None = "Projects", limits: Limits = SMALL
) -> str:
    with pytest.raises(Refused) as caught:
        process.read(Layout("projects", file, sheet), body, limits)
    return str(caught.value)


def still_reads() -> bool:
    outcome = process.read(Layout("projects", "register.xlsx", "Projects"), xlsx(ROWS), SMALL)
    return [record["i"] for record in outcome.records()] == ["APO"]


def test_a_good_workbook_is_read_in_the_child() -> None:
    assert still_reads()


def test_no_such_sheet_lists_the_sheets_there_are() -> None:
    def hide_one(book: object, _page: object) -> None:
        book.add_worksheet("Lists").hide()  # type: ignore[attr-defined]

    words = refusal(xlsx(ROWS, edit=hide_one), sheet="Portfolio")

    assert (
        words == "register.xlsx has no sheet 'Portfolio'; it has: Projects, Lists (hidden). Correct `sheet`; "
        "'Projects' looks like projects"
    )


def test_a_password_protected_workbook_says_so() -> None:
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx(ROWS))).encrypt("secret", locked)
    assert msoffcrypto.OfficeFile(locked).is_encrypted()

    assert "register.xlsx is protected by a password" in refusal(locked.getvalue())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[: len(body) // 2],
        lambda body: body[:100] + b"\xff" * (len(body) - 100),
        lambda body: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + body,
    ],
    ids=["cut off", "overwritten", "a broken .xls"],
)
def test_a_corrupt_workbook_is_damaged_in_words(spoil: Callable[[bytes], bytes]) -> None:
    words = refusal(spoil(xlsx(ROWS)))

    assert words.startswith("register.xlsx is damaged")
    assert "open it in Excel and save it again" in words


def test_broken_xml_inside_a_whole_archive_is_damaged_in_words() -> None:
    assert "damaged" in refusal(with_sheet_xml(xlsx(ROWS), lambda xml: xml.replace("</row>", "<row")))


def test_an_empty_file_is_empty() -> None:
    assert refusal(b"").startswith("register.xlsx is empty")


def test_a_sign_in_page_saved_as_a_workbook_is_recognised() -> None:
    page = b"\n<!DOCTYPE html><html><head><title>Sign in to your account</title></head></html>"

    assert "register.xlsx is no workbook but a web page, as a sign-in page is" in refusal(page)


def test_a_word_document_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")

    assert "holds no workbook" in refusal(out.getvalue())


def test_one_cell_at_the_far_corner_is_named_and_the_process_survives() -> None:
    stray = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    body = with_sheet_xml(xlsx(ROWS), lambda xml: xml.replace("</sheetData>", stray))

    words = refusal(body)

    assert (
        "register.xlsx!Projects: XFD1048576 lies far outside the table, which otherwise ends at C2" in words
    )
    assert still_reads()


def test_a_far_corner_that_is_only_formatted_is_no_matter() -> None:
    stray = '<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    body = with_sheet_xml(xlsx(ROWS), lambda xml: xml.replace("</sheetData>", stray))

    outcome = process.read(Layout("projects", "register.xlsx", "Projects"), body, SMALL)

    assert [record["i"] for record in outcome.records()] == ["APO"]


@pytest.mark.slow
def test_a_two_gigabyte_zip_bomb_is_not_opened() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(ROWS))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry.filename))
        with new.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as bomb:
            for _ in range(128):
                bomb.write(b" " * (16 << 20))

    words = refusal(out.getvalue())

    assert "to 2,048 MB" in words
    assert "it was not opened" in words


def test_a_bomb_that_lies_about_its_size_ends_the_child_only() -> None:
    huge = "<row><c><v>" + "1" * (40 << 20) + "</v></c></row></sheetData>"
    body = with_sheet_xml(xlsx(ROWS), lambda xml: xml.replace("</sheetData>", huge))
    honest = (40 << 20).to_bytes(4, "little")[2:]
    lying = body.replace(honest, b"\x00\x00") if honest in body else body

    words = refusal(lying, limits=Limits(memory_mb=512, seconds=60, unpacked_mb=16))

    assert "register.xlsx" in words
    assert still_reads()


def test_a_sheet_that_needs_more_memory_than_allowed_is_refused_and_the_process_survives() -> None:
    far = '<row r="900000"><c r="T900000"><v>1</v></c></row></sheetData>'
    body = with_sheet_xml(xlsx(ROWS), lambda xml: xml.replace("</sheetData>", far))

    words = refusal(body, limits=Limits(memory_mb=300, seconds=60, cells=10**9))

    assert "MB of memory" in words
    assert still_reads()


def test_a_read_that_takes_too_long_is_given_up() -> None:
    assert "took longer than 0 seconds to read" in refusal(
        xlsx(ROWS), limits=Limits(memory_mb=1024, seconds=0)
    )


def test_the_child_is_given_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH_SECRET", "do not tell")

    assert "GRAPH_SECRET" not in process._environment()
