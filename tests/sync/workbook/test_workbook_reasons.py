"""Reasons of workbooks: merged like values, and never put on somebody else's answer."""

from typing import Any

from sqlalchemy import Engine

from model.collection.cases import Given
from model.collection.roles import operator
from sync.collection.answers import Change, give_answers
from sync.workbook.conflicts import cells
from sync.workbook.returned import Taken
from tests.support.returning import answered, case_of, form_answers, give_back, notes_in, send
from tests.support.submissions import MANAGER
from tests.sync.workbook.conftest import NOW

COST = "forecast_cost"


def answer(
    engine: Engine, submission: int, by: str, name: str, value: Any, why: str | None = None, ref: str = ""
) -> None:
    """Answer through another door."""
    change = Change(ref, name, value, why)
    give_answers(engine, submission, [change], actor=operator(by), door="api", revision=None, now=NOW)


def said(engine: Engine, submission: int, name: str, ref: str = "") -> tuple[str | None, str]:
    """Return an answer's reason and its author."""
    found = given(engine, submission, name, ref)
    return found.because, found.by


def given(engine: Engine, submission: int, name: str, ref: str = "") -> Given:
    record = case_of(engine, submission, NOW).record(ref)
    assert record is not None
    return record.answers[name]


def give(engine: Engine, body: bytes, who: str) -> Taken:
    return give_back(engine, body, NOW, by=operator(who))


def test_a_reason_nobody_touched_leaves_a_newer_one_and_its_author(engine: Engine, report: int) -> None:
    answer(engine, report, "Ada", COST, 2_510_000, "Reason A")
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", COST, 2_510_000, "Reason C")
    taken = give(engine, form_answers(copy, {"decisions_needed": "None"}), "Olu")
    assert [part for _, part, _ in taken.accepted] == ["decisions_needed"]
    assert said(engine, report, COST) == ("Reason C", "Maya")


def test_another_reason_for_the_same_value_is_a_conflict_and_not_a_quiet_change(
    engine: Engine, report: int
) -> None:
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", COST, 2_510_000, "Reason C")
    taken = give(engine, form_answers(copy, {COST: 2_510_000}, {COST: "Reason B"}), "Olu")
    assert said(engine, report, COST) == ("Reason C", "Maya")
    [conflict] = taken.conflicts
    assert (conflict.part, conflict.returned, conflict.current) == (f"{COST}~why", "Reason B", "Reason C")
    assert taken.copy is not None
    assert "You wrote 'Reason B'" in notes_in(taken.copy)[f"{COST} ~why"]


def test_a_reason_that_alone_was_changed_is_taken_and_counted(engine: Engine, report: int) -> None:
    answer(engine, report, "Ada", COST, 2_510_000, "Reason A")
    copy = send(engine, report, NOW).body
    taken = give(engine, form_answers(copy, {}, {COST: "Reason B"}), "Olu")
    assert taken.says.startswith("report.xlsx: 1 cell taken, ")
    assert said(engine, report, COST) == ("Reason B", "Olu")


def test_a_reason_for_a_value_that_was_changed_meanwhile_is_not_put_on_the_new_one(
    engine: Engine, report: int
) -> None:
    answer(engine, report, "Ada", COST, 2_510_000, "Reason A")
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", COST, 3_000_000, "Reason C")
    [rejected] = give(engine, form_answers(copy, {}, {COST: "Reason B"}), "Olu").rejected
    assert "was given for what stood there before, and meanwhile Maya" in rejected.says
    assert (given(engine, report, COST).value, given(engine, report, COST).because) == (3_000_000, "Reason C")


def test_a_value_with_only_the_old_reason_does_not_replace_a_newer_reason(
    engine: Engine, report: int
) -> None:
    answer(engine, report, "Ada", COST, 2_510_000, "Reason A")
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", COST, 2_510_000, "Reason C")
    [conflict] = give(engine, form_answers(copy, {COST: 2_600_000}), "Olu").conflicts
    assert (conflict.returned, conflict.current) == (2_600_000, 2_510_000)
    assert said(engine, report, COST) == ("Reason C", "Maya")


def test_the_reason_of_a_value_in_conflict_is_kept_with_it(engine: Engine, report: int) -> None:
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", COST, 3_000_000, "Reason C")
    [conflict] = give(engine, form_answers(copy, {COST: 2_600_000}, {COST: "Reason B"}), "Olu").conflicts
    assert "The reason 'Reason B' is kept with it" in conflict.says
    with engine.connect() as connection:
        [cell] = cells(connection, submission=report, open_only=True)
    assert "Reason B" in cell.says


def test_in_a_list_a_reason_is_put_on_what_its_giver_changed_alone(engine: Engine, log: int) -> None:
    copy = send(engine, log, NOW).body
    answer(engine, log, "Bea", "owner", "Bea", ref="R-001")
    body = answered(copy, {("R-001", "title"): "Supplier is late", ("R-001", "~why"): "title was wrong"})
    give(engine, body, "Olu")
    assert said(engine, log, "title", "R-001") == (
        "title was wrong",
        "Olu",
    )
    assert said(engine, log, "owner", "R-001") == (
        None,
        "Bea",
    )


def test_in_a_list_a_reason_alone_explains_only_its_givers_own_answers(engine: Engine, log: int) -> None:
    answer(engine, log, "Bea", "owner", "Bea", ref="R-001")
    body = answered(send(engine, log, NOW).body, {("R-001", "~why"): "Ada left"})
    [rejected] = give(engine, body, MANAGER).rejected
    assert rejected.says.startswith("explains no answer that was changed in this row")
    assert given(engine, log, "owner", "R-001").by == "Bea"
    taken = give_back(engine, body, NOW, by=operator("Bea"), name="bea.xlsx")
    assert taken.state == "again"
    again = answered(send(engine, log, NOW).body, {("R-001", "~why"): "Ada left"})
    assert give(engine, again, "Bea").outcomes == ()
    assert given(engine, log, "owner", "R-001").because == "Ada left"


def test_in_a_list_a_reason_added_below_others_is_only_the_added_one(engine: Engine, log: int) -> None:
    answer(engine, log, "Bea", "owner", "Bea", "Ada left", ref="R-001")
    body = answered(
        send(engine, log, NOW).body,
        {("R-001", "title"): "Supplier is late", ("R-001", "~why"): "Ada left\ntitle was wrong"},
    )
    give(engine, body, "Olu")
    assert given(engine, log, "title", "R-001").because == "title was wrong"
    assert said(engine, log, "owner", "R-001") == (
        "Ada left",
        "Bea",
    )


def test_a_reason_that_is_a_formula_is_rejected(engine: Engine, report: int, log: int) -> None:
    form = form_answers(send(engine, report, NOW).body, {COST: 2_600_000}, {COST: '=CONCAT("a","b")'})
    [rejected] = give(engine, form, "Olu").rejected
    assert (rejected.part, "holds a formula" in rejected.says) == (f"{COST}~why", True)
    listed = answered(send(engine, log, NOW).body, {("R-001", "impact"): 5, ("R-001", "~why"): "=1+1"})
    taken = give(engine, listed, "Olu")
    [rejected] = taken.rejected
    assert (rejected.ref, rejected.part) == ("R-001", "~why")
    assert taken.copy is not None
    assert "holds a formula" in notes_in(taken.copy)["R-001 ~why"]
