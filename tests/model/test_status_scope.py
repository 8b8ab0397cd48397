"""F8, F9 and F10: benefits, scope and resource."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.records import RoleFacts
from model.status.benefit import benefit
from model.status.colour import Colour, order
from model.status.resource import resource
from model.status.scope import Scope, scope
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
TODAY = date(2025, 7, 15)


def sizes(**changes: float | None) -> Scope:
    given_: dict[str, Any] = {
        "baseline": 400,
        "added_approved": 0,
        "added_unapproved": 0,
        "removed": 0,
    } | changes
    return scope(**given_, limits=LIMITS)


@needs_shared
def test_the_worked_scope_comes_out_to_the_digit() -> None:
    case = oracle("F9_scope")
    found = scope(
        baseline=case["inp"]["baseline_points"],
        added_approved=case["inp"]["added_with_cr"],
        added_unapproved=case["inp"]["added_without_cr"],
        removed=case["inp"]["removed"],
        limits=LIMITS,
    )
    out = case["out"]
    assert (found.net_pct, found.churn_pct, found.uncontrolled_pct, found.colour) == (
        out["net_change_pct"], out["gross_churn_pct"], out["uncontrolled_pct"], out["rag"]
    )  # fmt: skip
    assert found.reasons[0].text == "11.5 % of the baseline added without an approved change"


def test_approved_growth_counts_as_churn_only() -> None:
    assert sizes(added_approved=60).colour is Colour.GREEN
    found = sizes(added_approved=61)
    assert found.colour is Colour.AMBER
    assert found.reasons[0].text == "15.2 % of the baseline added or removed"


@pytest.mark.parametrize("missing", ["baseline", "added_approved", "added_unapproved", "removed"])
def test_a_scope_with_a_size_missing_is_grey(missing: str) -> None:
    assert sizes(**{missing: None}).colour is Colour.GREY


def test_a_scope_baseline_of_nothing_is_grey() -> None:
    assert sizes(baseline=0).colour is Colour.GREY


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.integers(0, 50))
def test_more_unapproved_scope_never_has_a_better_colour(a: int, b: int, removed: int, more: int) -> None:
    before = order(sizes(added_approved=a, added_unapproved=b, removed=removed).colour)
    after = order(sizes(added_approved=a, added_unapproved=b + more, removed=removed).colour)
    assert before is not None
    assert after is not None
    assert before <= after


@pytest.mark.parametrize(
    ("forecast", "colour"), [(120, "GREEN"), (95, "GREEN"), (94, "AMBER"), (85, "AMBER"), (84, "RED")]
)
def test_a_benefit_turns_strictly_under_its_limits(forecast: int, colour: str) -> None:
    assert benefit(target=Decimal(100), forecast=Decimal(forecast), limits=LIMITS).colour == colour


@pytest.mark.parametrize(("target", "forecast"), [(None, 1), (1, None), (0, 1)])
def test_a_benefit_that_cannot_be_compared_is_grey(target: int | None, forecast: int | None) -> None:
    money = [None if value is None else Decimal(value) for value in (target, forecast)]
    assert benefit(target=money[0], forecast=money[1], limits=LIMITS).colour is Colour.GREY


def vacant(role: str, days: int) -> RoleFacts:
    return RoleFacts(role, vacant_since=TODAY - timedelta(days=days))


def test_a_vacant_sponsor_is_amber_at_first_and_red_after_fourteen_days() -> None:
    assert resource([vacant("sponsor", 14)], as_of=TODAY, limits=LIMITS).colour is Colour.AMBER
    found = resource([vacant("architect", 90), vacant("sponsor", 15)], as_of=TODAY, limits=LIMITS)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "sponsor has been vacant for 15 days"


def test_overwork_is_amber_only_where_it_lasts() -> None:
    filled = [RoleFacts("manager")]
    three, four = [90.0, 120, 120, 120], [90.0, 120, 111, 120, 120]
    assert resource(filled, as_of=TODAY, limits=LIMITS, utilisation_pct=three).colour is Colour.GREEN
    assert resource(filled, as_of=TODAY, limits=LIMITS, utilisation_pct=four).colour is Colour.AMBER


def test_roles_that_nobody_knows_are_grey() -> None:
    assert resource(None, as_of=TODAY, limits=LIMITS).colour is Colour.GREY
    assert resource(None, as_of=TODAY, limits=LIMITS, utilisation_pct=[80.0] * 4).colour is Colour.GREY


def test_one_key_role_unknown_is_grey_and_named() -> None:
    found = resource([RoleFacts("manager"), RoleFacts("sponsor", unknown=True)], as_of=TODAY, limits=LIMITS)
    assert (found.colour, found.reasons[0].text) == (Colour.GREY, "sponsor unknown")


def test_a_role_vacant_since_today_is_not_said_to_be_so_for_zero_days() -> None:
    assert resource([vacant("manager", 0)], as_of=TODAY, limits=LIMITS).reasons[0].text == "manager is vacant"
