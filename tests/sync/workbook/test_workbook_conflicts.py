"""Cells that were changed twice: they hold a submission back, and one person settles each, of what they saw."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest
from sqlalchemy import Engine, text

from model.collection.roles import operator
from sync.collection.answers import Change, give_answers
from sync.collection.refused import Held, NotOpen, Refused
from sync.collection.submissions import move
from sync.workbook.conflicts import ReturnedCell, cells, settle
from tests.support.returning import answered, case_of, form_answers, give_back, send, values_of
from tests.sync.workbook.conftest import NOW

OFFICER = operator("Officer")
COST = "forecast_cost"


def answer(
    engine: Engine, submission: int, by: str, ref: str, name: str, value: Any, why: str | None = None
) -> None:
    """Answer through another door."""
    change = Change(ref, name, value, why)
    give_answers(engine, submission, [change], actor=operator(by), door="web", revision=None, now=NOW)


def open_conflict(engine: Engine, submission: int) -> ReturnedCell:
    [found] = all_open(engine, submission)
    return found


def all_open(engine: Engine, submission: int) -> list[ReturnedCell]:
    with engine.connect() as connection:
        return cells(connection, submission=submission, open_only=True)


@pytest.fixture
def conflict(engine: Engine, log: int) -> ReturnedCell:
    """An impact that is 5 by Maya, and 1 in a workbook of Ada's."""
    copy = send(engine, log, NOW).body
    answer(engine, log, "Maya", "R-001", "impact", 5)
    give_back(engine, answered(copy, {("R-001", "impact"): 1}), NOW)
    return open_conflict(engine, log)


def test_a_cell_that_was_changed_twice_holds_its_submission_back(
    engine: Engine, log: int, conflict: ReturnedCell
) -> None:
    says = (
        f"R-001 impact: was changed twice: Ada Obi gave 1 in a workbook, and 5 stands.*conflict {conflict.id}"
    )
    with pytest.raises(Held, match=says) as held:
        move(engine, log, "submit", actor=OFFICER, door="web", revision=None, now=NOW)
    assert [(ref, one.field) for ref, one in held.value.findings] == [("R-001", "impact")]
    assert case_of(engine, log, NOW).is_open
    settle(engine, conflict.id, "current", actor=OFFICER, now=NOW)
    move(engine, log, "submit", actor=OFFICER, door="web", revision=None, now=NOW)
    assert not case_of(engine, log, NOW).is_open


def test_what_stands_can_be_kept_when_answers_are_not_taken_any_more(
    engine: Engine, log: int, conflict: ReturnedCell
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET state = 'approved' WHERE id = :id"), {"id": log})
    with pytest.raises(NotOpen, match="2025-06 is approved"):
        settle(engine, conflict.id, "returned", actor=OFFICER, now=NOW)
    assert settle(engine, conflict.id, "current", actor=OFFICER, now=NOW).settled == "current"
    assert values_of(engine, log, NOW, "R-001")["impact"] == 5


def test_of_two_who_settle_at_once_one_is_told_of_the_other(
    engine: Engine, log: int, conflict: ReturnedCell
) -> None:
    def one(keep: Literal["returned", "current"]) -> str:
        try:
            return str(settle(engine, conflict.id, keep, actor=operator(f"Who says {keep}"), now=NOW).settled)
        except Refused as refused:
            return str(refused)

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(one, ("returned", "current", "returned", "current")))
    [kept] = [each for each in said if each in ("returned", "current")]
    assert sum(f"was settled already by Who says {kept}" in each for each in said) == 3
    assert values_of(engine, log, NOW, "R-001")["impact"] == (1 if kept == "returned" else 5)


@pytest.mark.parametrize("keep", ["returned", "current"])
def test_a_third_answer_is_not_overruled_by_who_never_saw_it(
    engine: Engine, log: int, conflict: ReturnedCell, keep: Literal["returned", "current"]
) -> None:
    answer(engine, log, "Bea", "R-001", "impact", 4)
    with pytest.raises(Refused, match=r"what stands was changed since by Bea .* and is 4 now; look again"):
        settle(engine, conflict.id, keep, actor=OFFICER, now=NOW)
    with pytest.raises(Refused, match="is 4 now"):
        settle(engine, conflict.id, keep, actor=OFFICER, seen=conflict.answer, now=NOW)
    assert values_of(engine, log, NOW, "R-001")["impact"] == 4
    seen = open_conflict(engine, log)
    assert (seen.current, seen.now, seen.now_by) == (5, 4, "Bea")
    settle(engine, conflict.id, keep, actor=OFFICER, seen=seen.answer, now=NOW)
    assert values_of(engine, log, NOW, "R-001")["impact"] == (1 if keep == "returned" else 4)


def test_a_value_is_settled_with_the_reason_that_came_with_it(engine: Engine, report: int) -> None:
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", "", COST, 3_000_000, "Reason C")
    give_back(engine, form_answers(copy, {COST: 2_600_000}, {COST: "Reason B"}), NOW)
    found = open_conflict(engine, report)
    assert (found.now, found.reason) == (3_000_000, "Reason B")
    settle(engine, found.id, "returned", actor=OFFICER, now=NOW)
    given = case_of(engine, report, NOW).records[0].answers[COST]
    assert (given.value, given.because) == (2_600_000, "Reason B")


def test_of_two_reasons_for_one_value_a_person_takes_one(engine: Engine, report: int) -> None:
    copy = send(engine, report, NOW).body
    answer(engine, report, "Maya", "", COST, 2_510_000, "Reason C")
    give_back(engine, form_answers(copy, {COST: 2_510_000}, {COST: "Reason B"}), NOW)
    found = open_conflict(engine, report)
    assert (found.returned, found.now) == ("Reason B", "Reason C")
    settle(engine, found.id, "returned", actor=OFFICER, now=NOW)
    given = case_of(engine, report, NOW).records[0].answers[COST]
    assert (given.value, given.because) == (2_510_000, "Reason B")


def test_the_same_copy_given_back_again_leaves_one_conflict_and_cannot_be_submitted(
    engine: Engine, log: int
) -> None:
    copy = send(engine, log, NOW).body
    answer(engine, log, "Maya", "R-001", "impact", 5)
    for impact, owner in ((1, "Olu"), (2, "Bea")):
        wrote = {("R-001", "impact"): impact, ("R-002", "owner"): owner}
        taken = give_back(engine, answered(copy, wrote), NOW)
        assert taken.can_submit is False
    assert {cell.field: cell.returned for cell in all_open(engine, log)} == {"impact": 2, "owner": "Bea"}
    assert len(all_open(engine, log)) == 2
    give_back(engine, answered(copy, {("R-001", "impact"): 4}), NOW, by=operator("Olu"))
    assert sorted(cell.returned for cell in all_open(engine, log) if cell.field == "impact") == [2, 4]
