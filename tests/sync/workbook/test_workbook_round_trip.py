"""A workbook goes out, is filled in and comes back."""

import io
from datetime import UTC, date, datetime

import openpyxl
from sqlalchemy import Engine

from model.collection.roles import Actor
from tests.support.returning import (
    RISKS,
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
from tests.support.submissions import MANAGER

NOW = datetime(2025, 7, 2, 9, tzinfo=UTC)
VIEWS = {
    "rag_schedule": "GREEN",
    "rag_cost": "AMBER",
    "rag_scope": "GREEN",
    "rag_risk": "GREEN",
    "rag_benefit": "GREEN",
}


def test_a_workbook_that_nobody_touched_changes_nothing(engine: Engine, report: int, log: int) -> None:
    for submission in (report, log):
        before = case_of(engine, submission, NOW)
        taken = give_back(engine, send(engine, submission, NOW).body, NOW)
        assert taken.state == "taken"
        assert (taken.accepted, taken.outcomes, taken.notes, taken.copy) == ((), (), (), None)
        assert case_of(engine, submission, NOW) == before


def test_answers_come_in_and_the_project_manager_may_give_them(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    body = form_answers(sent.body, {**VIEWS, "rag_overall": "AMBER", "green_by": date(2025, 9, 30)})
    taken = give_back(engine, body, NOW, by=Actor(MANAGER), name="PORTAL.xlsx")
    assert taken.state == "taken", taken.says
    assert {part for _, part, _ in taken.accepted} == {*VIEWS, "rag_overall", "green_by"}
    values = values_of(engine, report, NOW)
    assert values["rag_cost"] == "AMBER"
    assert values["green_by"] == "2025-09-30"
    given = case_of(engine, report, NOW).records[0].answers["green_by"]
    assert (given.by, given.door) == (MANAGER, "workbook")
    assert given.locator == "PORTAL.xlsx!The month's status report!C28" or given.locator.startswith(
        "PORTAL.xlsx!"
    )


def test_a_filled_in_value_is_overridden_with_its_reason(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    why = "The supplier confirmed the later date in writing"
    body = form_answers(sent.body, {"forecast_finish": date(2026, 3, 1)}, {"forecast_finish": why})
    assert give_back(engine, body, NOW).outcomes == ()
    given = case_of(engine, report, NOW).records[0].answers["forecast_finish"]
    assert (given.value, given.because) == ("2026-03-01", why)


def test_a_new_risk_in_an_empty_row_gets_its_number(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    body = answered(
        sent.body, {(slot, "kind"): "risk", (slot, "title"): "The licence runs out", ("R-002", "impact"): 5}
    )
    taken = give_back(engine, body, NOW)
    assert taken.outcomes == ()
    assert values_of(engine, log, NOW, "R-004")["title"] == "The licence runs out"
    assert values_of(engine, log, NOW, "R-002")["impact"] == 5


def test_what_a_new_row_holds_in_a_locked_cell_is_answered_with_what_is_true(
    engine: Engine, log: int
) -> None:
    sent = send(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    body = answered(
        sent.body,
        {
            (slot, "kind"): "risk",
            (slot, "title"): "The licence runs out",
            (slot, "raised_on"): date(2025, 1, 1),
        },
    )
    [rejected] = give_back(engine, body, NOW).outcomes
    assert "a new record gets it from Muster when it is made" in rejected.says
    assert values_of(engine, log, NOW, "R-004")["raised_on"] == "2025-07-02"


def test_the_same_file_twice_is_taken_once(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    body = answered(sent.body, {(slot, "kind"): "risk", (slot, "title"): "The licence runs out"})
    assert give_back(engine, body, NOW).state == "taken"
    before = case_of(engine, log, NOW)
    again = give_back(engine, body, NOW)
    assert again.state == "again"
    assert "was taken already on 2025-07-02" in again.says
    assert case_of(engine, log, NOW) == before


def test_a_file_saved_again_brings_its_new_row_no_second_time(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    first = answered(sent.body, {(slot, "kind"): "risk", (slot, "title"): "The licence runs out"})
    give_back(engine, first, NOW)
    second = answered(first, {(slot, "title"): "The licence runs out in May"})
    taken = give_back(engine, second, NOW)
    assert [ref for ref, _, _ in taken.accepted] == ["R-004"]
    assert [record.ref for record in case_of(engine, log, NOW).records] == [*RISKS, "R-004"]
    assert values_of(engine, log, NOW, "R-004")["title"] == "The licence runs out in May"


def test_two_copies_with_changes_to_different_cells_are_merged(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    one = answered(sent.body, {("R-001", "impact"): 5})
    other = answered(sent.body, {("R-002", "impact"): 4, ("R-001", "owner"): "Ben Ode"})
    assert give_back(engine, one, NOW).outcomes == give_back(engine, other, NOW).outcomes == ()
    first, second = values_of(engine, log, NOW, "R-001"), values_of(engine, log, NOW, "R-002")
    assert (first["impact"], first["owner"], second["impact"]) == (5, "Ben Ode", 4)


def test_two_copies_with_different_risks_in_one_row_give_two_risks(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    give_back(
        engine, answered(sent.body, {(slot, "kind"): "risk", (slot, "title"): "The licence runs out"}), NOW
    )
    body = answered(sent.body, {(slot, "kind"): "risk", (slot, "title"): "Nobody tests the backups"})
    taken = give_back(engine, body, NOW)
    assert taken.outcomes == ()
    assert "both were taken" in " ".join(taken.notes)
    titles = [record.values()["title"] for record in case_of(engine, log, NOW).records]
    assert titles[3:] == ["The licence runs out", "Nobody tests the backups"]


def test_two_people_who_changed_one_cell_differently_are_a_conflict_and_nothing_is_lost(
    engine: Engine, log: int
) -> None:
    sent = send(engine, log, NOW)
    give_back(engine, answered(sent.body, {("R-001", "impact"): 5}), NOW)
    taken = give_back(engine, answered(sent.body, {("R-001", "impact"): 1}), NOW)
    [conflict] = taken.conflicts
    assert (conflict.ref, conflict.part, conflict.sent, conflict.returned, conflict.current) == (
        "R-001", "impact", 3, 1, 5,
    )  # fmt: skip
    assert values_of(engine, log, NOW, "R-001")["impact"] == 5
    assert taken.copy is not None
    assert "You wrote '1'" in notes_in(taken.copy)["R-001 impact"]


def test_the_answered_copy_can_be_corrected_and_given_back(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    taken = give_back(
        engine, form_answers(sent.body, {"forecast_finish": "next spring"}, {"forecast_finish": "so"}), NOW
    )
    [invalid] = taken.invalid
    assert invalid.says == "expected a date like 2025-06-30, is 'next spring'"
    assert taken.copy is not None
    page = openpyxl.load_workbook(io.BytesIO(taken.copy)).worksheets[0]
    assert place(page, "forecast_finish", "~value").value == "next spring"
    assert "expected a date like 2025-06-30" in notes_in(taken.copy)["forecast_finish ~value"]
    fixed = give_back(engine, form_answers(taken.copy, {"forecast_finish": date(2026, 4, 1)}), NOW)
    assert fixed.outcomes == ()
    assert values_of(engine, report, NOW)["forecast_finish"] == "2026-04-01"


def test_a_locked_cell_stays_and_is_answered(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)

    def unlock(page: openpyxl.worksheet.worksheet.Worksheet) -> None:
        page.protection.sheet = False
        place(page, "percent_complete", "~value").value = 99

    taken = give_back(engine, edited(sent.body, unlock), NOW)
    [rejected] = taken.rejected
    assert rejected.says.startswith("is filled in by Muster and locked; it stays '42'")
    assert values_of(engine, report, NOW)["percent_complete"] == 42
    assert "its sheet was unprotected" in " ".join(taken.notes)
    assert taken.copy is not None
    assert "You wrote '99'" in notes_in(taken.copy)["percent_complete ~value"]


def test_an_override_without_its_reason_is_kept_and_asked_for_one(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    taken = give_back(engine, form_answers(sent.body, {"budget": 900000}), NOW)
    [asked] = taken.invalid
    assert asked.says == "jira says '1000000': say why it is '900000'"
    assert values_of(engine, report, NOW)["budget"] == 900000
    assert taken.copy is not None
    fixed = give_back(engine, form_answers(taken.copy, {}, {"budget": "The board cut it in June"}), NOW)
    assert fixed.outcomes == ()
    given = case_of(engine, report, NOW).records[0].answers["budget"]
    assert (given.value, given.because) == (900000, "The board cut it in June")


def test_a_huge_number_in_a_cell_is_kept_to_the_digit_and_sent_again(engine: Engine, report: int) -> None:
    sent = send(engine, report, NOW)
    body = form_answers(sent.body, {"budget": 1e21}, {"budget": "As agreed"})
    assert give_back(engine, body, NOW).outcomes == ()
    assert case_of(engine, report, NOW).records[0].answers["budget"].value == 10**21
    again = form_answers(send(engine, report, NOW).body, {"budget": 1e300}, {"budget": "As agreed"})
    assert give_back(engine, again, NOW).state == "taken"
