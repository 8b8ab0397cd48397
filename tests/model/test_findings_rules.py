"""The rules of the queue: which steps lead where, what is said when one closes, and what texts give away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.collection.roles import OFFICE_ROLES, Actor, operator
from model.findings.closing import Now, closed_because, said
from model.findings.moves import (
    CLOSED,
    OPEN,
    STATES,
    WAIVED,
    NotAllowed,
    NotPossible,
    after,
    possible,
    role_for,
)
from model.findings.rosy import green_words
from model.template.narrative import mentions_other_period, other_periods

ACTIONS = ("accept", "fix", "release", "dispute", "withdraw", "uphold", "refuse", "waive")


@given(st.sampled_from(STATES), st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_no_row_of_steps_leaves_the_states_or_closes_a_finding_by_hand(start: str, steps: list[str]) -> None:
    state = start
    for action in steps:
        if action in possible(state):
            state = after(action, state)
            assert state in (*OPEN, WAIVED)
        else:
            with pytest.raises(NotPossible):
                after(action, state)
    assert state == start or state != CLOSED


@pytest.mark.parametrize("state", [WAIVED, CLOSED])
def test_where_there_is_nothing_to_do_that_is_said_in_a_whole_sentence(state: str) -> None:
    with pytest.raises(NotPossible, match=r"^it is \w+: there is nothing (left )?to do.*\w$"):
        after("waive", state)


def test_a_closed_finding_takes_no_step_and_a_waived_one_waits_for_the_waivers_end() -> None:
    assert possible(CLOSED) == possible(WAIVED) == ()


@given(st.sampled_from(ACTIONS), st.sampled_from(["Maya", "Lena", "Sam", "Eve"]))
def test_only_those_it_concerns_and_the_office_take_steps(action: str, name: str) -> None:
    people = {"project_manager": "Maya", "sponsor": "Sam", "owner": "Lena"}
    may = name != "Eve" and action not in ("uphold", "refuse")
    if may:
        assert role_for(action, Actor(name), people) in people
    else:
        with pytest.raises(NotAllowed, match=f"{name} cannot {action} it"):
            role_for(action, Actor(name), people)
    for role in OFFICE_ROLES:
        assert role_for(action, Actor("Ada", frozenset({role})), {}) == role
    assert role_for(action, operator("Root"), {}) == "operator"


def now(**values: object) -> Now:
    labels = {name: name.capitalize() for name in values}
    return Now("2.0.0", True, values, labels, {"finish": "APO-12"})


@pytest.mark.parametrize(
    ("kind", "evidence", "values", "says"),
    [
        ("missing", {"finish": None}, {"finish": "2027-01-01"},
         "Fixed at the source: Finish is now 2027-01-01 (APO-12)"),
        ("missing", {"finish": None}, {"finish": None}, "Finish is not required any more"),
        ("failed", {"finish": "2026-01-01"}, {"finish": "2027-01-01"},
         "Fixed at the source: Finish was 2026-01-01, is 2027-01-01 (APO-12)"),
        ("invalid", {"finish": "soon now"}, {"finish": None},
         "Fixed at the source: Finish was “soon now”, is not given any more (APO-12)"),
        ("stale", {"finish": "x"}, {"finish": "x"}, "Finish was said again: Finish is now x (APO-12)"),
        ("failed", {"finish": "x"}, {"finish": "x"},
         "The same values pass now: what they are held against has changed"),
    ],
)  # fmt: skip
def test_what_is_said_when_a_finding_closes(
    kind: str, evidence: dict[str, object], values: dict[str, object], says: str
) -> None:
    assert closed_because("finish", kind, evidence, now(**values)) == says


def test_a_rule_that_a_new_version_drops_is_not_called_fixed() -> None:
    gone = Now("2.0.0", False, {}, {}, {})
    assert "version 2.0.0" in closed_because("finish", "failed", {"finish": "x"}, gone)


@given(st.one_of(st.none(), st.booleans(), st.text(), st.lists(st.integers())))
def test_a_value_is_said_in_a_line_of_bounded_length(value: object) -> None:
    assert 0 <= len(said(value)) <= max(62, len(str(value)) * 2 if isinstance(value, list) else 62)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("The project is on track and within budget.", {"overall", "cost"}),
        ("Delivery is ahead of schedule; no issues.", {"schedule", "overall"}),
        ("All green.", {"overall"}),
        ("Overall status remains green.", {"overall"}),
        ("Work goes on as planned", {"schedule"}),
        ("We are not on track.", set()),
        ("The project is no longer on schedule.", set()),
        ("A recovery plan brings us back on track by June.", set()),
        ("It was on track until the vendor left.", set()),
        ("Path to green agreed with the board.", set()),
        ("We hired a green-field team; energy is greener.", set()),
        ("The plan isn't on budget. Testing is on schedule.", {"schedule"}),
        ("Two suppliers delivered on time.", set()),
        ("We are on\ntrack and on  budget", {"overall", "cost"}),
        ("Everything was done to plan and is on schedule", {"schedule"}),
        ("We are not\non track", set()),
        ("NO İSSUES", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_words_that_say_all_is_well_are_heard_and_those_turned_round_are_not(
    text: str, about: set[str]
) -> None:
    assert set(green_words(text)) == about


@given(st.text(max_size=300))
def test_what_is_heard_stands_in_the_text(text: str) -> None:
    for words in green_words(text).values():
        assert words in text


@given(st.text(alphabet="JunealyMrch 2025-06Q1may,.", max_size=60))
def test_the_periods_named_are_those_that_make_the_check_fail(text: str) -> None:
    named = other_periods(text, "2025-06")
    assert bool(named) == mentions_other_period(text, "2025-06")
    assert all(each in text for each in named)
