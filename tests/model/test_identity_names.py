"""How alike names of people and projects are, and that reasons add up to the confidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.identity.blocks import MOST, crossing, pairs
from model.identity.groups import between, contradicted, groups, joined
from model.identity.names import name_likeness, read_name
from model.identity.projects import Named, project_likeness
from model.identity.proposal import HIGH_FROM, PROPOSED_FROM, Reason, total


def person(one: str, other: str) -> float:
    return total(name_likeness(read_name(one), read_name(other)))


def project(one: str, other: str, *, key: str = "", other_key: str = "") -> float:
    return total(project_likeness(Named(one, (key,)), Named(other, (other_key,))))


@pytest.mark.parametrize(
    "other",
    ["maya  lindqvist", "Lindqvist, Maya", "Maya Lindqvist (contractor)", "Dr. Maya Lindqvist",
     "maya.lindqvist@example.org", "Maya Lindqvist <m.l@example.org>", "CORP\\Maya.Lindqvist"],
)  # fmt: skip
def test_one_name_however_it_is_written_is_sure(other: str) -> None:
    assert person("Maya Lindqvist", other) >= HIGH_FROM


@pytest.mark.parametrize(
    "other",
    [
        "M. Lindqvist",
        "Maya Sofia Lindqvist",
        "Maya Lindquist",
        "mlindqvist",
        "Lindqvist Maya",
        "Mayaa Lindqvist",
    ],
)
def test_a_name_that_may_be_the_same_is_worth_asking_about(other: str) -> None:
    assert PROPOSED_FROM - 0.01 <= person("Maya Lindqvist", other) < HIGH_FROM


@pytest.mark.parametrize(
    ("one", "other"),
    [("Maya Lindqvist", "Mark Lindqvist"), ("Owen Hart", "Colin Hart"), ("Jan Li", "Jan Lu"), ("Maya", "Maya"),
     ("Anna B. Smith", "A. C. Smith"), ("ovega", "Tomas Vega"), ("", "Maya"), ("...", "...")],
)  # fmt: skip
def test_two_people_are_not_taken_for_one(one: str, other: str) -> None:
    assert person(one, other) < PROPOSED_FROM


def test_accents_and_letters_of_other_alphabets_meet_their_plain_form() -> None:
    assert person("Łukasz Müller-Østby", "Lukasz Muller Ostby") >= HIGH_FROM
    assert person("李 明", "李 明") >= HIGH_FROM


@pytest.mark.parametrize(
    ("one", "other"),
    [("Payroll migration, phase 2", "Payroll migration, phase 3"), ("Release II", "Release 3"),
     ("Network refresh 2025", "Network refresh 2026"), ("Portal v1", "Portal v2")],
)  # fmt: skip
def test_a_number_that_differs_parts_two_projects(one: str, other: str) -> None:
    assert project_likeness(Named(one), Named(other)) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Citizen portal", "Citizen Portal Programme"), ("Payroll migration II", "Payroll Migration 2"),
     ("Finance replacement ledger", "Finance ledger replacement"), ("HR self-service", "HR Self Service")],
)  # fmt: skip
def test_one_name_of_a_project_written_twice_is_sure(one: str, other: str) -> None:
    assert project(one, other) >= HIGH_FROM


def test_a_key_of_initials_alone_is_not_enough_but_adds_to_a_name() -> None:
    assert project("Platform", "Cloud landing zone", key="CLZ") < PROPOSED_FROM
    alike = project("Cloud landing zones", "Cloud landing zone")
    assert project("Cloud landing zones", "Cloud landing zone", key="CLZ") > alike


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_of_any_two_texts_is_the_same_both_ways_and_within_bounds(one: str, other: str) -> None:
    assert person(one, other) == person(other, one)
    assert 0 <= person(one, other) < 1
    assert project(one, other) == project(other, one)
    assert 0 <= project(one, other) < 1


@given(st.lists(st.builds(Reason, st.just("r"), st.just("s"), st.floats(-1, 1))))
def test_the_confidence_is_what_the_stored_reasons_add_up_to(reasons: list[Reason]) -> None:
    stored = sum(float(reason.to_json()["weight"]) for reason in reasons)
    assert total(reasons) == pytest.approx(min(0.99, max(0.0, stored)), abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_whoever_is_confirmed_to_be_one_has_one_that_stands_for_them(
    confirmed: list[tuple[int, int]],
) -> None:
    whole = groups(confirmed)
    for one, other in confirmed:
        assert whole.get(one, one) == whole.get(other, other)
    for each in whole.values():
        assert whole.get(each, each) == each


def test_a_confirmation_may_not_make_one_of_what_was_refused_by_way_of_a_third() -> None:
    assert contradicted([(1, 2)], [(1, 3)], (3, 2)) == (1, 3)
    assert contradicted([(1, 2)], [(1, 3)], (4, 2)) is None
    assert contradicted([(1, 2)], [(1, 2)], (4, 2)) is None  # it was so before, and is not what is asked


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12), st.integers(0, 8))
def test_what_makes_two_one_is_a_way_of_confirmed_pairs_and_leads_only_to_their_group(
    confirmed: list[tuple[int, int]], one: int
) -> None:
    whole = groups(confirmed)
    for other in range(9):
        way = between(confirmed, one, other)
        assert bool(way) == (one != other and joined(whole, one, other))
        assert set(way) <= set(confirmed)
        assert not way or joined(groups(way), one, other)


@given(st.lists(st.frozensets(st.sampled_from("abcdefgh"), max_size=3), max_size=12))
def test_every_pair_that_shares_a_block_is_compared_once(blocks: list[frozenset[str]]) -> None:
    found = list(pairs(blocks))
    wanted = {(i, j) for j in range(len(blocks)) for i in range(j) if blocks[i] & blocks[j]}
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_a_block_that_very_many_share_needs_a_second_one() -> None:
    crowd = [frozenset(["smit", f"g{number}"]) for number in range(MOST)]
    twins = [frozenset(["smit", "anna"]), frozenset(["smit", "anna"])]
    assert list(pairs([*crowd, *twins])) == [(MOST, MOST + 1)]
    assert list(crossing(crowd, twins)) == []
