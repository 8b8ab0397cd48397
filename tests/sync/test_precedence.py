"""Whose word wins, and which losers say something else."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.attributes import UnknownAttribute
from sync.precedence import ClaimRow, Precedence, Tolerance, plain, shipped_precedence, typed, winning
from tests.support.rows import T0

NOBODY = UUID(int=0)
ORDER = Precedence(
    version="1.0.0", attributes={"forecast_finish": ("pmo-files", "excel"), "percent_complete": ("jira",)}
)


def claim(source: str, kind: str, position: int, value: Any = 1, **more: Any) -> ClaimRow:
    values: dict[str, Any] = {
        "id": position, "project_id": NOBODY, "attribute": "budget", "value": value, "unit": None,
        "source_id": position, "source": source, "kind": kind, "position": position, "valid_from": T0.date(),
        "known_from": T0, "run_id": 1, "raw_page_id": None, "raw_position": None, "locator": None, "url": None,
        "sha256": None,
    }  # fmt: skip
    return ClaimRow(**(values | more))


def test_the_order_of_the_configuration_decides_where_nothing_else_does() -> None:
    found = winning(
        [claim("pmo-files", "excel", 2), claim("jira-cloud", "jira", 0), claim("ado", "azure_devops", 1)],
        ORDER,
    )
    assert found.winner.source == "jira-cloud"
    assert found.because == "precedence: jira-cloud before ado, pmo-files"


def test_an_attribute_may_put_a_source_or_a_kind_before_that_order() -> None:
    claims = [
        claim("jira-cloud", "jira", 0, attribute="forecast_finish"),
        claim("local-files", "excel", 1, attribute="forecast_finish"),
        claim("pmo-files", "excel", 2, attribute="forecast_finish"),
    ]
    assert winning(claims, ORDER).because == "precedence: pmo-files before local-files, jira-cloud"


def test_a_single_source_wins_without_a_contest() -> None:
    assert winning([claim("ado", "azure_devops", 1)], ORDER).because == "only ado says"


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        ("Citizen Portal", "citizen  portal", False),
        ("Citizen Portal", "Citizen Gate", True),
        (Decimal("10.00"), Decimal("10.001"), False),
        (Decimal("10.00"), Decimal("10.02"), True),
        (40, 40.0, False),
        (date(2026, 1, 1), date(2026, 1, 2), True),
    ],
)
def test_a_loser_conflicts_only_where_it_says_something_else(one: Any, other: Any, *, conflict: bool) -> None:
    found = winning([claim("a", "jira", 0, one), claim("b", "jira", 1, other)], ORDER)
    assert bool(found.conflicting) == conflict


def test_equal_amounts_in_two_currencies_conflict() -> None:
    found = winning(
        [claim("a", "jira", 0, Decimal(10), unit="GBP"), claim("b", "jira", 1, Decimal(10), unit="EUR")],
        ORDER,
    )
    assert [each.source for each in found.conflicting] == ["b"]


def test_the_shipped_precedence_puts_the_register_before_trackers_for_the_finish() -> None:
    found = shipped_precedence()
    assert found.rank("forecast_finish", "pmo-files", "excel", 9) < found.rank(
        "forecast_finish", "j", "jira", 0
    )
    assert found.rank("percent_complete", "j", "jira", 9) < found.rank("percent_complete", "p", "excel", 0)


def test_a_precedence_for_an_attribute_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownAttribute, match="colour_of_the_sky"):
        Precedence.model_validate({"version": "1.0.0", "attributes": {"colour_of_the_sky": ["jira"]}})


@given(st.permutations(range(4)))
def test_the_winner_does_not_depend_on_the_order_claims_arrive_in(order: list[int]) -> None:
    claims = [claim(f"s{index}", "jira", index) for index in order]
    assert [each.source for each in winning(claims, ORDER).claims] == ["s0", "s1", "s2", "s3"]


@given(st.one_of(st.dates().map(lambda day: ("forecast_finish", day)),
                 st.decimals(0, 10**12, places=2).map(lambda amount: ("budget", amount)),
                 st.integers(1, 3).map(lambda tier: ("tier", tier))))  # fmt: skip
def test_a_value_survives_the_way_into_a_claim_and_back(pair: tuple[str, Any]) -> None:
    attribute, value = pair
    assert typed(attribute, plain(value)) == value


@pytest.mark.parametrize(
    ("attribute", "one", "other", "conflict"),
    [
        ("percent_complete", 60, 65, False),
        ("percent_complete", 60, 65.1, True),
        ("budget", Decimal(1000), Decimal(1010), False),
        ("budget", Decimal(1000), Decimal("1010.01"), True),
        ("budget", Decimal(-1000), Decimal(-995), False),
        ("milestones_due", 3, 4, True),
    ],
)
def test_numbers_conflict_only_beyond_the_shipped_tolerance(
    attribute: str, one: Any, other: Any, *, conflict: bool
) -> None:
    claims = [
        claim("a", "excel", 0, one, attribute=attribute),
        claim("b", "excel", 1, other, attribute=attribute),
    ]
    found = winning(claims, shipped_precedence())
    assert bool(found.conflicting) == conflict
    assert [each.source for each in found.claims] == ["a", "b"]


def test_amounts_of_any_size_are_held_against_each_other_to_the_hundredth() -> None:
    huge = Decimal("9" * 40)
    exact = Tolerance()
    assert not exact.allows("money", huge, Decimal(1))
    assert not exact.allows("money", huge, Decimal("9" * 40 + ".01"))
    assert exact.allows("money", huge, Decimal("9" * 40 + ".001"))
