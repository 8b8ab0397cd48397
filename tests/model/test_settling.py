"""What settles claims that differ: a person's word while it holds, else a rule, else precedence."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.identity.settling import Rule, Word, check_preference, fitting, lapsed, preferred

T = datetime(2026, 11, 2, tzinfo=UTC)
T_DAY = T.date()
APOLLO, OTHER = UUID(int=1), UUID(int=2)


@dataclass(frozen=True, slots=True)
class Claim:
    id: int
    value: Any
    source: str = "a"
    unit: str | None = None
    source_id: int = 1
    kind: str = "jira"
    valid_from: date = T_DAY
    known_from: datetime = T


def rule(
    number: int, prefer: str = "newest", project: UUID | None = None, programme: str | None = None
) -> Rule:
    return Rule(number, "forecast_finish", project, programme, prefer, "Ada", "why")


def test_the_narrowest_rule_goes_first_and_of_equals_the_newest() -> None:
    rules = [rule(1), rule(2, programme="Space"), rule(3, project=APOLLO), rule(4), rule(5, project=OTHER)]
    assert [each.id for each in fitting(rules, APOLLO, ["Space"])] == [3, 2, 4, 1]
    assert [each.id for each in fitting(rules, APOLLO, [])] == [3, 4, 1]


def test_of_several_programmes_the_rule_of_the_own_one_goes_first_however_new_the_others_are() -> None:
    rules = [rule(1, programme="Space"), rule(2, programme="Air"), rule(3, programme="Air"), rule(4)]
    assert [each.id for each in fitting(rules, APOLLO, ["Space", "Air"])] == [1, 3, 2, 4]
    assert [each.id for each in fitting(rules, APOLLO, ["Air", "Space"])] == [3, 2, 1, 4]
    assert [each.id for each in fitting(rules, APOLLO, ["Sea"])] == [4]


@pytest.mark.parametrize(
    ("prefer", "kind", "fits"),
    [("latest", "date", True), ("latest", "money", False), ("highest", "money", True), ("highest", "date", False),
     ("worst", "rag", True), ("worst", "text", False), ("newest", "text", True), ("source:ado", "text", True),
     ("source:", "text", False), ("best", "text", False)],
)  # fmt: skip
def test_a_preference_must_fit_the_type_of_what_it_settles(prefer: str, kind: str, *, fits: bool) -> None:
    assert (check_preference(prefer, kind) is None) == fits


@pytest.mark.parametrize(
    ("prefer", "values", "chosen"),
    [("latest", (date(2026, 1, 1), date(2026, 3, 1)), 2), ("earliest", (date(2026, 1, 1), date(2026, 3, 1)), 1),
     ("highest", (Decimal(5), Decimal(7)), 2), ("lowest", (5, 7), 1), ("worst", ("GREEN", "AMBER"), 2)],
)  # fmt: skip
def test_a_rule_chooses_by_value(prefer: str, values: tuple[Any, Any], chosen: int) -> None:
    found = preferred(prefer, [Claim(number, value) for number, value in enumerate(values, 1)])
    assert found is not None
    assert found.id == chosen


def test_amounts_of_two_currencies_are_not_compared() -> None:
    assert preferred("highest", [Claim(1, Decimal(5), unit="GBP"), Claim(2, Decimal(9), unit="EUR")]) is None


def test_the_newest_word_is_the_one_true_last_then_the_one_known_last() -> None:
    old = Claim(1, 1, known_from=T + timedelta(days=9))
    new = Claim(2, 2, valid_from=T.date() + timedelta(days=1))
    assert preferred("newest", [old, new]) == new
    assert preferred("newest", [Claim(3, 3), old]) == old


def test_a_source_that_says_nothing_cannot_be_preferred() -> None:
    assert preferred("source:ado", [Claim(1, 1, "jira-cloud")]) is None
    assert preferred("kind:jira", [Claim(1, 1, kind="excel"), Claim(2, 2)]) == Claim(2, 2)


def same(one: Claim, other: Claim) -> bool:
    return bool(one.value == other.value)


WORD = Word(1, 12, {1: 11, 2: 12}, "Ada", T, "the board said so")


@pytest.mark.parametrize(
    ("claims", "holds"),
    [
        ([Claim(11, "x"), Claim(12, "y", source_id=2)], True),
        ([Claim(12, "y", source_id=2)], True),
        ([Claim(21, "z"), Claim(12, "y", source_id=2)], False),
        ([Claim(21, "y"), Claim(12, "y", source_id=2)], True),
        ([Claim(11, "x"), Claim(22, "z", source_id=2)], False),
        ([Claim(11, "x")], False),
        ([Claim(11, "x"), Claim(12, "y", source_id=2), Claim(31, "x", source_id=3)], False),
        ([Claim(11, "x"), Claim(12, "y", source_id=2), Claim(31, "y", source_id=3)], True),
    ],
)
def test_a_persons_word_holds_until_somebody_says_something_else(claims: list[Claim], *, holds: bool) -> None:
    assert (lapsed(WORD, claims, same) is None) == holds


@given(st.lists(st.integers(-5, 5), min_size=1), st.sampled_from(["highest", "lowest", "newest"]))
def test_a_rule_always_chooses_one_of_what_was_said(values: list[int], prefer: str) -> None:
    claims = [Claim(number, value) for number, value in enumerate(values)]
    assert preferred(prefer, claims) in claims
