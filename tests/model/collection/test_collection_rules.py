"""Roles, steps, the ladder, references and measures: pure rules of collection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import shipped
from model.collection.measures import Course, Effort, measured, minutes_for
from model.collection.reference import next_reference
from model.collection.roles import Actor, held, operator, same_person
from model.collection.workflow import (
    VERBS,
    Step,
    StepRefused,
    find_step,
    moves_from,
    role_of,
    usual,
    workflow_of,
)
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

STATUS = shipped.template("monthly-status")
RAID = shipped.template("raid-log")
PEOPLE = {"project_manager": "Mira Manager", "sponsor": None}
EFFORTS = st.builds(
    Effort, fields=st.integers(0, 40), filled=st.integers(0, 40), answered=st.integers(0, 40),
    open=st.integers(0, 40), minutes=st.floats(0, 200),
)  # fmt: skip
COURSES = st.builds(
    Course, submitted=st.booleans(), late=st.none() | st.booleans(), overdue=st.booleans(),
    returned=st.booleans(), approved=st.booleans(), effort=EFFORTS,
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Mira Manager", "mira  MANAGER ", True), ("Mira", "Mira Manager", False), (None, None, False),
        ("", "", False), ("Straße", "STRASSE", True),
    ],
)  # fmt: skip
def test_names_are_compared_as_people_write_them(one: str | None, other: str | None, *, same: bool) -> None:
    assert same_person(one, other) is same


def test_a_role_of_a_project_is_held_by_whom_it_names_and_by_nobody_else() -> None:
    assert held("project_manager", Actor("mira manager"), PEOPLE)
    assert not held("sponsor", Actor("None"), PEOPLE)
    assert not held("sponsor", Actor(""), {"sponsor": ""})
    assert not held("sponsor", Actor("Eve", frozenset({"sponsor", "project_manager"})), PEOPLE)
    assert held("sponsor", operator(), PEOPLE)
    assert held("project_officer", Actor("Olu", frozenset({"project_officer"})), PEOPLE)


def test_a_template_without_steps_has_the_usual_ones() -> None:
    assert workflow_of(RAID) is (RAID.document.workflow or usual())
    assert role_of(RAID, "publisher") == "pmo_head"
    assert role_of(RAID, "reviewer") == "project_officer"


@given(
    state=st.sampled_from(usual().states),
    to=st.sampled_from(["submit", "review", "return", "approve", "publish"]),
)
def test_a_step_leads_where_the_template_says_or_is_refused_with_what_can_be_done(
    state: str, to: str
) -> None:
    sentence = next(move.attest for move in workflow_of(STATUS).moves if move.attest)
    step = Step(STATUS, state, to, operator("Ann"), PEOPLE, ["Bo"], because="So", attest=sentence)
    able = {move.to for move in moves_from(STATUS, state)}
    if VERBS[to] in able:
        assert find_step(step).to == VERBS[to]
        return
    with pytest.raises(StepRefused, match=f"it is {state}: what can be done now is:"):
        find_step(step)


@given(courses=st.lists(COURSES, max_size=20))
def test_shares_lie_between_none_and_all_and_counts_never_exceed_what_is_owed(courses: list[Course]) -> None:
    found = measured(courses)
    for share in (found.on_time, found.first_pass, found.automatic):
        assert share is None or 0 <= share <= 1
    assert max(found.submitted, found.late, found.overdue, found.approved) <= found.owed == len(courses)


def test_a_share_of_nothing_is_unknown() -> None:
    waiting = Course(False, None, False, False, False, Effort(5, 0, 0, 5, 10))
    found = measured([waiting])
    assert (found.on_time, found.first_pass, found.automatic) == (None, None, None)
    assert found.minutes_each == 10


def test_on_time_is_of_what_was_handed_in_or_should_have_been() -> None:
    effort = Effort(4, 3, 1, 0, 5)
    prompt, tardy, never, early = (
        Course(True, False, False, False, True, effort), Course(True, True, False, True, True, effort),
        Course(False, None, True, False, False, effort), Course(False, None, False, False, False, effort),
    )  # fmt: skip
    found = measured([prompt, tardy, never, early])
    assert found.on_time == pytest.approx(1 / 3)
    assert found.first_pass == pytest.approx(1 / 2)
    waiting = Course(True, False, False, False, False, effort)  # handed in, and not approved yet
    assert measured([prompt, tardy, never, early, waiting]).first_pass == pytest.approx(1 / 3)
    assert found.automatic == pytest.approx(3 / 4)


@needs_shared
def test_the_worked_compliance_comes_out_to_the_digit() -> None:
    case = oracle("F20_compliance")
    counts, out = case["inp"], case["out"]
    whole, parts = counts["fields_total"], counts["fields_auto"]
    effort, nothing = Effort(whole, parts, whole - parts, 0, 0), Effort(whole, 0, 0, 0, 0)
    first, again = counts["accepted_first_time"], counts["on_time"] - counts["accepted_first_time"]
    found = measured(
        [Course(True, False, False, False, True, effort)] * first
        + [Course(True, False, False, True, True, effort)] * again
        + [Course(True, True, False, True, False, effort)] * counts["late"]
        + [Course(False, None, True, False, False, nothing)] * counts["missing"]
    )
    assert found.owed == counts["due"]
    shares = (found.on_time, found.submitted / found.owed, found.first_pass, found.automatic)
    assert [None if share is None else round(share, 6) for share in shares] == [
        out["on_time_rate"], out["submitted_rate"], out["first_pass_yield"], out["auto_fill_share"]
    ]  # fmt: skip


def test_minutes_are_counted_by_the_type_of_the_field() -> None:
    assert minutes_for(["text", "rag", "bool"], 4) == 4 + 2 + 1 + 1


@given(
    numbers=st.lists(st.integers(1, 5000), max_size=30),
    kind=st.sampled_from(["risk", "issue", "dependency", None, 7]),
)
def test_a_reference_is_new_whatever_is_taken_and_one_the_field_accepts(
    numbers: list[int], kind: object
) -> None:
    field = next(each for each in RAID.fields if each.rule.id == "item_id")
    taken = [f"{letter}-{number:03}" for number in numbers for letter in "RAID"]
    made = next_reference("raid_item", kind, taken, field)
    assert made is not None
    assert made not in taken
    assert field.read(made).problem is None
