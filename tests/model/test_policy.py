"""The policy: tiers, effective dates, and errors that name the line."""

from datetime import date

import pytest

from config.shipped import NotShipped, names, policy, text
from model.declaration import Declaration, InvalidDeclaration
from model.policy import Policy, policy_on

DEFAULT = text("policies", "default")


def changed(old: str, new: str) -> Policy:
    assert old in DEFAULT
    return Declaration(DEFAULT.replace(old, new, 1), "mine.yaml").as_(Policy)


def test_the_shipped_policy_is_labelled_with_its_version() -> None:
    assert policy().label == "default@1.0.0"
    assert names("policies") == ["default"]


def test_a_tier_changes_only_what_it_says() -> None:
    first, second = policy().for_tier(1), policy().for_tier(2)
    assert (first.issues.open_age_days, second.issues.open_age_days) == (30, 45)
    assert first.issues.red_impact == second.issues.red_impact
    assert first.schedule == second.schedule


def test_a_project_whose_tier_nobody_knows_has_the_general_limits() -> None:
    assert policy().for_tier(None) == policy().for_tier(99) == policy().limits


def test_a_misspelt_threshold_is_refused_with_its_line() -> None:
    with pytest.raises(
        InvalidDeclaration, match=r"mine\.yaml:8:\d+: limits\.schedule\.amber_dayz: is not a known setting"
    ):
        changed("amber_days", "amber_dayz")


def test_a_misspelt_threshold_of_a_tier_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="open_age_dayz"):
        changed("{open_age_days: 45}", "{open_age_dayz: 45}")


def test_a_key_given_twice_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidDeclaration, match=r"mine\.yaml:4:1: 'version' is given twice"):
        Declaration("name: x\nversion: 1.0.0\ntitle: x\nversion: 2.0.0\n", "mine.yaml")


@pytest.mark.parametrize("content", ["", "- a\n", "a: [", "a: !!python/object:os.system {}"])
def test_what_is_no_policy_is_refused_by_name(content: str) -> None:
    with pytest.raises(InvalidDeclaration, match=r"^mine\.yaml"):
        Declaration(content, "mine.yaml").as_(Policy)


def test_a_critical_dimension_needs_a_weight() -> None:
    with pytest.raises(InvalidDeclaration, match="critical names dimensions without a weight: money"):
        changed("critical: [schedule, cost]", "critical: [schedule, money]")


def test_a_policy_that_is_not_shipped_is_named_with_those_that_are() -> None:
    with pytest.raises(NotShipped, match="no 'strict' among the shipped policies: default"):
        policy("strict")


def test_of_several_policies_in_force_the_one_that_started_last_holds() -> None:
    newer = changed("effective_from: 2000-01-01", "effective_from: 2025-01-01\neffective_to: 2025-12-31")
    both = [policy(), newer]
    assert policy_on(both, date(2024, 12, 31)) is policy()
    assert policy_on(both, date(2025, 12, 31)) is newer
    assert policy_on(both, date(2026, 1, 1)) is policy()
    assert policy_on(both, date(1999, 1, 1)) is None
