"""Workbooks that go out, filled in with LibreOffice and taken back."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine

from tests.support.office import converted, edited_by_hand
from tests.support.returning import RISKS, give_back, notes_in, place, send, values_of
from tests.support.submissions import open_submission

pytestmark = [pytest.mark.slow, pytest.mark.office]
NOW = datetime(2025, 7, 2, 9, tzinfo=UTC)
Fill = Callable[[bytes, dict[tuple[str, str], str]], bytes]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LibreOffice's settings, made by converting something once."""
    folder = tmp_path_factory.mktemp("office-settings")
    blank = openpyxl.Workbook()
    blank.save(folder / "blank.xlsx")
    converted([folder / "blank.xlsx"], "csv", folder / "csv", folder / "profile")
    return folder / "profile"


@pytest.fixture
def fill(profile: Path, tmp_path: Path) -> Fill:
    """Type into cells, found by their hidden ids, with LibreOffice."""

    def run(body: bytes, cells: dict[tuple[str, str], str]) -> bytes:
        file = tmp_path / f"book{len(list(tmp_path.iterdir()))}.xlsx"
        file.write_bytes(body)
        page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
        typed = {place(page, *ids).coordinate: said for ids, said in cells.items()}
        return edited_by_hand(file, typed, profile)

    return run


def test_a_report_filled_in_with_libreoffice_comes_back_clean(engine: Engine, fill: Fill) -> None:
    number = open_submission(engine, now=NOW).id
    body = fill(send(engine, number, NOW).body, {
        ("rag_overall", "~value"): "AMBER",
        ("green_by", "~value"): "2025-09-30",
        ("forecast_cost", "~value"): "1200000.5",
        ("forecast_cost", "~why"): "A second test environment was ordered",
        ("path_to_green", "~value"): "Two more testers start in August; the plan was agreed with the supplier",
    })  # fmt: skip
    taken = give_back(engine, body, NOW)
    assert (taken.outcomes, taken.notes) == ((), ())
    assert len(taken.accepted) == 4
    values = values_of(engine, number, NOW)
    assert (values["rag_overall"], values["green_by"], values["forecast_cost"]) == (
        "AMBER",
        "2025-09-30",
        1200000.5,
    )


def test_opening_and_saving_alone_changes_nothing_and_keeps_what_guards_the_cells(
    engine: Engine, fill: Fill
) -> None:
    report = open_submission(engine, now=NOW).id
    log = open_submission(engine, key="LOG", template="raid-log", version="2.0.0", filled=RISKS, now=NOW).id
    for number, id_ in ((report, "variance_narrative"), (log, "R-001")):
        sent = send(engine, number, NOW)
        column = "~value" if number == report else "cause"
        body = fill(sent.body, {(id_, column): ""})
        taken = give_back(engine, body, NOW)
        assert (taken.accepted, taken.outcomes, taken.notes) == ((), (), ())
        before, after = (openpyxl.load_workbook(io.BytesIO(each)) for each in (sent.body, body))
        first, page = before.worksheets[0], after.worksheets[0]
        assert page.protection.sheet
        assert first.freeze_panes == "C6"  # of the view, which a LibreOffice without a window does not save
        assert after["muster"].sheet_state != "visible"
        assert page.column_dimensions["A"].hidden
        assert page.row_dimensions[4].hidden
        assert {each.type for each in page.data_validations.dataValidation} >= {"list", "date"}
        assert set(notes_in(body)) == set(notes_in(sent.body))


def test_a_log_gets_a_new_risk_and_an_answered_copy_that_libreoffice_opens(
    engine: Engine, fill: Fill
) -> None:
    number = open_submission(engine, template="raid-log", version="2.0.0", filled=RISKS, now=NOW).id
    sent = send(engine, number, NOW)
    slot = f"new-{sent.token[:12]}-1"
    body = fill(sent.body, {
        (slot, "kind"): "risk", (slot, "title"): "The licence runs out", (slot, "impact"): "4",
        ("R-001", "probability"): "=1+1", ("R-002", "action_due"): "soon",
    })  # fmt: skip
    taken = give_back(engine, body, NOW)
    assert values_of(engine, number, NOW, "R-004")["title"] == "The licence runs out"
    assert {(one.kind, one.ref, one.part) for one in taken.outcomes} == {
        ("rejected", "R-001", "probability"), ("invalid", "R-002", "action_due"),
    }  # fmt: skip
    assert taken.copy is not None
    again = fill(taken.copy, {("R-002", "action_due"): "2025-09-01", ("R-001", "probability"): "2"})
    assert give_back(engine, again, NOW).outcomes == ()
    assert values_of(engine, number, NOW, "R-002")["action_due"] == "2025-09-01"
    assert values_of(engine, number, NOW, "R-001")["probability"] == 2
