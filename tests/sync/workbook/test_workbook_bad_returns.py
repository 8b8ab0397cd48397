"""Workbooks that come back as they should not: each is answered, and nothing is lost or silently altered."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Engine, text

from model.collection.roles import Actor, operator
from sync.workbook.answered import answered_copy
from sync.workbook.returned import Taken
from tests.support.returning import (
    answered,
    case_of,
    edited,
    form_answers,
    give_back,
    notes_in,
    place,
    send,
    values_of,
)

NOW = datetime(2025, 7, 2, 9, tzinfo=UTC)
FIRST = 6  # the row the table begins in
Edit = Callable[[Worksheet], None]


def unchanged(engine: Engine, submission: int, taken: Taken) -> None:
    """Hold a refused workbook to having changed nothing."""
    assert taken.state == "refused"
    with engine.connect() as connection:
        assert (
            connection.scalar(
                text("SELECT count(*) FROM answer WHERE submission_id = :id"), {"id": submission}
            )
            == 0
        )


# --- of something else


def test_a_workbook_of_another_project_is_refused_where_it_is_given_back(
    engine: Engine, report: int, log: int
) -> None:
    body = form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"})
    taken = give_back(engine, body, NOW, expect=log)
    unchanged(engine, report, taken)
    assert taken.why == "other"
    assert " for 2025-06, and not what it was given back as" in taken.says


def test_a_hidden_part_that_was_changed_by_hand_is_refused(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    book = openpyxl.load_workbook(io.BytesIO(sent.body))
    book["muster"]["B5"].value = "2025-07"
    out = io.BytesIO()
    book.save(out)
    taken = give_back(engine, out.getvalue(), NOW)
    unchanged(engine, report, taken)
    assert "was changed by hand" in taken.says


def test_last_months_workbook_made_this_months_by_its_title_is_refused(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)

    def retitle(page: Worksheet) -> None:
        page["B1"].value = str(page["B1"].value).replace("2025-06", "2025-07")
        place(page, "rag_overall", "~value").value = "RED"

    taken = give_back(engine, edited(sent.body, retitle), NOW)
    unchanged(engine, report, taken)
    assert taken.why == "changed"
    assert "calls itself" in taken.says
    assert "but was sent as" in taken.says


def test_a_workbook_of_a_month_that_is_published_is_refused(engine: Engine, report: int) -> None:
    body = form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"})
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET state = 'published' WHERE id = :id"), {"id": report})
    taken = give_back(engine, body, NOW)
    unchanged(engine, report, taken)
    assert taken.why == "closed"
    assert " 2025-06 is published" in taken.says


def test_a_workbook_of_another_version_gives_what_both_ask_for(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET version = '3.2.0' WHERE id = :id"), {"id": report})
    taken = give_back(engine, form_answers(sent.body, {"rag_overall": "RED"}), NOW)
    assert taken.state == "taken"
    assert values_of(engine, report, NOW)["rag_overall"] == "RED"


def test_a_workbook_from_another_place_a_stranger_and_a_mixture_are_refused(
    engine: Engine, report: int, log: int
) -> None:
    sent, other = send(engine, report, NOW), send(engine, log, NOW)
    strange = openpyxl.Workbook()
    out = io.BytesIO()
    strange.save(out)
    assert "is no workbook that was sent from here" in give_back(engine, out.getvalue(), NOW).says
    book = openpyxl.load_workbook(io.BytesIO(sent.body))
    book.create_sheet("More")["A1"].value = f"muster:items:{other.token}"
    out = io.BytesIO()
    book.save(out)
    assert "holds sheets of 2 workbooks" in give_back(engine, out.getvalue(), NOW).says
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM workbook_sent WHERE token = :token"), {"token": sent.token})
    assert "was sent from another place" in give_back(engine, sent.body, NOW).says


def test_somebody_with_no_right_to_it_is_refused_and_nothing_of_it_is_taken(
    engine: Engine, report: int
) -> None:
    body = form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"})
    taken = give_back(engine, body, NOW, by=Actor("Mallory"))
    unchanged(engine, report, taken)
    assert taken.why == "not_allowed"
    assert "Mallory may not answer for PORTAL-" in taken.says


def test_a_late_workbook_is_taken(engine: Engine, report: int) -> None:
    body = form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"})
    late = datetime(2025, 8, 20, tzinfo=UTC)
    assert give_back(engine, body, late).state == "taken"
    assert values_of(engine, report, late)["rag_overall"] == "RED"


# --- rows and columns


def test_whole_rows_that_were_sorted_are_found_again(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def turn(page: Worksheet) -> None:
        place(page, "R-001", "impact").value = 5
        rows = [[cell.value for cell in page[row]] for row in range(FIRST, FIRST + 3)]
        for row, values in zip(range(FIRST, FIRST + 3), reversed(rows), strict=True):
            for column, value in enumerate(values, start=1):
                page.cell(row, column).value = value

    taken = give_back(engine, edited(sent.body, turn), NOW)
    assert taken.outcomes == ()
    assert [(ref, part) for ref, part, _ in taken.accepted] == [("R-001", "impact")]


def test_cells_sorted_apart_from_their_hidden_ids_are_not_taken_for_others(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    before = case_of(engine, log, NOW)

    def turn_what_is_seen(page: Worksheet) -> None:
        rows = [[cell.value for cell in page[row]][1:] for row in range(FIRST, FIRST + 3)]
        for row, values in zip(range(FIRST, FIRST + 3), reversed(rows), strict=True):
            for column, value in enumerate(values, start=2):
                page.cell(row, column).value = value

    taken = give_back(engine, edited(sent.body, turn_what_is_seen), NOW)
    assert {one.ref for one in taken.rejected} == {"R-001", "R-003"}
    assert all("sorted or pasted apart" in one.says for one in taken.rejected)
    assert case_of(engine, log, NOW).records == before.records
    assert taken.copy is not None


def test_a_deleted_row_deletes_nothing_and_is_said(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    taken = give_back(engine, edited(sent.body, lambda page: page.delete_rows(FIRST + 1)), NOW)
    assert "1 row that was sent is not in it (R-002)" in " ".join(taken.notes)
    assert values_of(engine, log, NOW, "R-002")["title"] == "Testers leave early"


def test_a_row_typed_below_the_table_is_a_new_record(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def add(page: Worksheet) -> None:
        last = page.max_row + 1
        columns = {page.cell(4, column).value: column for column in range(1, page.max_column + 1)}
        page.cell(last, columns["kind"]).value = "risk"
        page.cell(last, columns["title"]).value = "Written under the table"

    body = edited(sent.body, add)
    taken = give_back(engine, body, NOW)
    assert {ref for ref, _, _ in taken.accepted} == {"R-004"}
    later = give_back(engine, answered(body, {("R-001", "impact"): 5}), NOW)
    assert [ref for ref, _, _ in later.accepted] == ["R-001"]


def test_a_copied_row_is_not_taken_for_either(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def copy(page: Worksheet) -> None:
        for column in range(1, page.max_column + 1):
            page.cell(FIRST + 3, column).value = page.cell(FIRST, column).value
        page.cell(FIRST + 3, 4).value = "Another risk written over a copy"

    taken = give_back(engine, edited(sent.body, copy), NOW)
    assert [one.locator.rpartition("!")[2] for one in taken.rejected] == ["A6", "A9"]
    assert all("rows 6 and 9 are both 'R-001'" in one.says for one in taken.rejected)
    assert taken.accepted == ()
    assert taken.copy is not None
    assert _column(taken.copy, "title", "kept-") == [
        "Supplier delivers late",
        "Another risk written over a copy",
    ]


def _column(body: bytes, column: str, begins: str) -> list[object]:
    """Return what stands in a column of the rows whose id begins so."""
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    at = {page.cell(4, index).value: index for index in range(1, page.max_column + 1)}[column]
    rows = range(FIRST, page.max_row + 1)
    return [page.cell(row, at).value for row in rows if str(page.cell(row, 1).value).startswith(begins)]


def test_the_answered_copy_shows_every_row_that_was_not_taken_as_it_was_written(
    engine: Engine, log: int
) -> None:
    sent = send(engine, log, NOW)

    def turn(page: Worksheet) -> None:
        page.cell(FIRST, 1).value = "R-9999"
        place(page, "R-9999", "title").value = "Under another id"
        place(page, "R-003", "item_id").value = "R-002"
        place(page, "R-003", "impact").value = 5

    taken = give_back(engine, edited(sent.body, turn), NOW)
    assert taken.copy is not None
    assert _column(taken.copy, "item_id", "kept-") == ["R-001", "R-002"]
    assert _column(taken.copy, "title", "kept-") == ["Under another id", "Server room floods"]
    assert _column(taken.copy, "impact", "kept-") == [3, 5]
    notes = notes_in(taken.copy)
    assert "hidden id 'R-9999' is none that was sent; expected one of those sent" in notes["kept-1 item_id"]
    assert "reads 'R-002' but its hidden id is that of 'R-003'" in notes["kept-2 item_id"]
    assert notes_in(answered_copy(engine, taken.id or 0, by="Ada", now=NOW).body) == notes
    again = give_back(engine, answered(taken.copy, {("R-001", "impact"): 4}), NOW)
    assert [(ref, part) for ref, part, _ in again.accepted] == [("R-001", "impact")]
    assert again.outcomes == ()
    assert any("shows what could not be taken before" in note for note in again.notes)


def test_a_cell_of_a_row_that_became_no_record_is_explained_in_the_answered_copy(
    engine: Engine, log: int
) -> None:
    sent = send(engine, log, NOW)
    slot = next(name for name in _row_ids(sent.body) if name.startswith("new-"))
    taken = give_back(engine, answered(sent.body, {(slot, "title"): "=1+1"}), NOW)
    [rejected] = taken.rejected
    assert taken.copy is not None
    assert "holds a formula" in notes_in(taken.copy)["kept-1 title"]
    assert rejected.says in str(_column(taken.copy, "~todo", "kept-"))


def _row_ids(body: bytes) -> list[str]:
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    return [str(page.cell(row, 1).value) for row in range(FIRST, page.max_row + 1)]


def test_a_forms_row_of_a_changed_hidden_id_is_shown_at_its_end(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)

    def turn(page: Worksheet) -> None:
        place(page, "rag_cost", "~value").value = "RED"
        for row in range(FIRST, page.max_row + 1):
            if page.cell(row, 1).value == "rag_cost":
                page.cell(row, 1).value = "rag_costs"

    taken = give_back(engine, edited(sent.body, turn), NOW)
    assert taken.copy is not None
    assert _column(taken.copy, "~value", "kept-") == ["RED"]
    assert "'rag_costs' is none that was sent" in notes_in(taken.copy)["kept-1 ~label"]


def test_a_sheet_of_ones_own_is_said(engine: Engine, report: int) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"}))
    )
    book.create_sheet("My notes")["B2"].value = "Ask Ben"
    book.create_sheet("Empty")
    out = io.BytesIO()
    book.save(out)
    taken = give_back(engine, out.getvalue(), NOW)
    assert taken.notes[:1] == ("the sheet 'My notes' was not sent from here; nothing of it was taken",)
    assert not any("Empty" in note or "muster" in note for note in taken.notes)
    assert taken.says.startswith("report.xlsx: 1 cell taken, ")


def test_what_is_to_be_done_is_said_once(engine: Engine, report: int) -> None:
    body = form_answers(send(engine, report, NOW).body, {"green_by": "soon", "budget": 5})
    taken = give_back(engine, body, NOW)
    assert taken.copy is not None
    [green], [budget] = (_column(taken.copy, "~todo", name) for name in ("green_by", "budget"))
    assert str(green).count("expected a date like") == 1
    assert str(budget).count("say why it is '5'") == 1


def test_who_has_no_right_learns_nothing_of_what_was_taken_before(engine: Engine, report: int) -> None:
    body = form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"})
    assert give_back(engine, body, NOW).state == "taken"
    refused = give_back(engine, body, NOW, by=Actor("Mallory", frozenset({"project_manager"})))
    assert (refused.state, refused.why) == ("refused", "not_allowed")
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET state = 'submitted' WHERE id = :id"), {"id": report})
    assert give_back(engine, body, NOW).state == "again"


def test_renamed_and_moved_columns_are_recognised(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def move(page: Worksheet) -> None:
        columns = {page.cell(4, column).value: column for column in range(1, page.max_column + 1)}
        one, other = columns["impact"], columns["title"]
        for row in range(4, page.max_row + 1):
            left, right = page.cell(row, one), page.cell(row, other)
            left.value, right.value = right.value, left.value
        page.cell(5, other).value = "Severity"
        place(page, "R-002", "impact").value = 5

    taken = give_back(engine, edited(sent.body, move), NOW)
    assert taken.outcomes == ()
    assert [(ref, part) for ref, part, _ in taken.accepted] == [("R-002", "impact")]
    assert "the column 'How grave, 1 to 5' is now called 'Severity'; it was recognised" in taken.notes


def test_without_its_hidden_row_the_columns_are_found_by_their_headings(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def strip(page: Worksheet) -> None:
        place(page, "R-002", "impact").value = 5
        page.cell(5, 12).value = "How  grave, 1 to 5."  # much like the heading that was sent
        page.delete_rows(4)

    taken = give_back(engine, edited(sent.body, strip), NOW)
    assert [(ref, part) for ref, part, _ in taken.accepted] == [("R-002", "impact")]
    assert "hidden row of ids is gone" in " ".join(taken.notes)


def test_a_heading_of_another_column_over_a_hidden_id_is_doubtful_and_not_taken(
    engine: Engine, log: int
) -> None:
    sent = send(engine, log, NOW)

    def confuse(page: Worksheet) -> None:
        columns = {page.cell(4, column).value: column for column in range(1, page.max_column + 1)}
        page.cell(5, columns["impact"]).value = "How likely, 1 to 5"
        place(page, "R-002", "impact").value = 1

    taken = give_back(engine, edited(sent.body, confuse), NOW)
    assert taken.accepted == ()
    assert "its hidden id is that of 'How grave, 1 to 5'" in " ".join(taken.notes)


def test_a_column_and_a_sheet_of_ones_own_are_said_not_to_be_taken(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def add(page: Worksheet) -> None:
        column = page.max_column + 1
        page.cell(5, column).value = "My notes"
        page.cell(FIRST, column).value = "ask Ben"

    taken = give_back(engine, edited(sent.body, add), NOW)
    assert "the column 'My notes' is not asked for; nothing of it was taken" in taken.notes


# --- cells


def test_a_formula_is_not_run_and_its_result_is_not_taken(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    taken = give_back(engine, form_answers(sent.body, {"variance_narrative": '=HYPERLINK("http://evil.example","x")',
                                                       "actual_cost": "=1+1"}), NOW)  # fmt: skip
    assert {one.part for one in taken.rejected} == {"variance_narrative", "actual_cost"}
    assert all("holds a formula" in one.says for one in taken.rejected)
    assert values_of(engine, report, NOW)["actual_cost"] == 480000
    assert taken.copy is not None
    with zipfile.ZipFile(io.BytesIO(taken.copy)) as archive:
        assert b"<f>" not in b"".join(archive.read(name) for name in archive.namelist() if "sheet" in name)
    assert "which is not run" in notes_in(taken.copy)["actual_cost ~value"]


@pytest.mark.parametrize(
    "hostile", ["=1+1", "+49 170 1234567", "-5 days late", "@home", "\t=cmd", '=cmd|"/c calc"!A1']
)
def test_a_text_that_looks_like_a_formula_goes_out_and_comes_back_as_text(
    engine: Engine, log: int, hostile: str
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE prefill SET value = to_jsonb(CAST(:said AS text)) WHERE field = 'title'"),
            {"said": hostile},
        )
    sent = send(engine, log, NOW)
    cell = place(openpyxl.load_workbook(io.BytesIO(sent.body)).worksheets[0], "R-001", "title")
    assert cell.data_type != "f"
    assert cell.value.strip() == hostile.strip()
    assert cell.quotePrefix
    assert give_back(engine, sent.body, NOW).accepted == ()


def test_values_of_the_wrong_type_are_kept_as_written_and_answered(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    wrong = {
        "green_by": True,
        "rag_overall": "yellow",
        "actual_cost": "about half",
        "rag_cost": date(2025, 2, 1),
    }
    taken = give_back(engine, form_answers(sent.body, wrong, {"actual_cost": "the ledger is late"}), NOW)
    assert {one.part: one.says for one in taken.invalid} == {
        "green_by": "expected a date like 2025-06-30, is 'TRUE'",
        "rag_overall": "expected one of GREEN, AMBER, RED, GREY, BLUE, is 'yellow'",
        "actual_cost": "expected an amount, is 'about half'",
    }
    [rejected] = taken.rejected
    assert rejected.says.startswith("holds a date (2025-02-01), which Excel may have made of what was typed")
    assert "expected a text" in rejected.says or "expected GREEN" in rejected.says
    assert values_of(engine, report, NOW)["actual_cost"] == "about half"
    assert not case_of(engine, report, NOW).judge().can_submit
    assert taken.copy is not None
    assert set(notes_in(taken.copy)) >= {f"{name} ~value" for name in wrong}


def test_merged_cells_take_nothing_away(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def merge(page: Worksheet) -> None:
        page.merge_cells(start_row=FIRST, end_row=FIRST + 2, start_column=12, end_column=12)
        page.cell(FIRST, 12).value = 5

    taken = give_back(engine, edited(sent.body, merge), NOW)
    assert [(ref, part) for ref, part, _ in taken.accepted] == [("R-001", "impact")]
    assert {one.ref: one.says for one in taken.rejected} == dict.fromkeys(
        ("R-002", "R-003"),
        "is merged with L6; unmerge the cells and fill in each; expected a whole number from 1 to 5",
    )
    assert values_of(engine, log, NOW, "R-003")["impact"] == 3


def test_an_emptied_cell_is_an_answer_and_an_emptied_row_is_not(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)

    def empty(page: Worksheet) -> None:
        place(page, "R-001", "owner").value = None
        for column in range(2, page.max_column + 1):
            page.cell(FIRST + 1, column).value = None

    taken = give_back(engine, edited(sent.body, empty), NOW)
    assert [(ref, part) for ref, part, _ in taken.accepted] == [("R-001", "owner")]
    assert values_of(engine, log, NOW, "R-001")["owner"] is None
    assert [one.ref for one in taken.rejected] == ["R-002"]
    assert values_of(engine, log, NOW, "R-002")["owner"] == "Ada Obi"


# --- files


def blown_up(body: bytes, blanks: int) -> bytes:
    """Return a workbook whose first sheet has a million formatted cells that hold nothing."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(body)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                rows = b"".join(
                    b'<row r="%d">%s</row>'
                    % (row, b"".join(b'<c r="%c%d" s="3"/>' % (c, row) for c in b"ABCD"))
                    for row in range(1000, 1000 + blanks // 4)
                )
                content = content.replace(b"</sheetData>", rows + b"</sheetData>")
            new.writestr(name, content)
    return out.getvalue()


@pytest.mark.slow
def test_fifty_megabytes_of_blanks_are_read_past(engine: Engine, report: int) -> None:
    body = blown_up(form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"}), 2_000_000)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.getinfo("xl/worksheets/sheet1.xml").file_size > 50_000_000
    taken = give_back(engine, body, NOW)
    assert [(ref, part) for ref, part, _ in taken.accepted] == [("", "rag_overall")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"), (b"\0" * 1000, "is empty"), (b"not a workbook at all", "is no workbook"),
        (b"PK\x03\x04broken", "is damaged"), (b"<html>Sign in</html>", "is no workbook but a web page"),
        (b"x" * (65 * 1024 * 1024), "has 65 MB"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_refused_in_words(engine: Engine, body: bytes, says: str) -> None:
    taken = give_back(engine, body, NOW, name="answers.xlsx")
    assert taken.state == "refused"
    assert taken.why == "unreadable"
    assert taken.says.startswith("answers.xlsx ")
    assert says in taken.says
    with engine.connect() as connection:
        assert (
            connection.scalar(text("SELECT says FROM workbook_returned ORDER BY id DESC LIMIT 1"))
            == taken.says
        )


def test_an_operator_may_give_back_for_anybody(engine: Engine, report: int) -> None:
    body = form_answers(send(engine, report, NOW).body, {"rag_overall": "RED"})
    assert give_back(engine, body, NOW, by=operator("Officer")).state == "taken"
