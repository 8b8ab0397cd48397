"""Layers of limits, succession of policies, and policies that cannot mean what they say."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.shipped import policy, text
from model.declaration import InvalidDeclaration
from model.policies import Place, holding, in_force, limits_for, overlap
from model.policy import Policy, merged
from model.policy_faults import Names, faults, read_policy

DEFAULT = text("policies", "default")
DAY = date(2026, 11, 2)
FIRST = DEFAULT.count("\n") + 2  # the line of the first tolerance that is added
TOLERANCES = """
tolerances:
  - portfolio: main
    because: the board, 2026-01-10
    limits: {schedule: {red_days: 50}, hysteresis: 3}
  - programme: Space
    because: agreed with the sponsor
    limits: {schedule: {red_days: 60, amber_days: 20}}
  - project: APOLLO
    from: 2026-10-01
    to: 2026-12-31
    because: tolerance of the charter
    limits: {schedule: {red_days: 90}}
"""


def read(written: str, names: Names | None = None) -> Policy:
    return read_policy(written, "mine.yaml", names)


def changed(*pairs: tuple[str, str]) -> str:
    written = DEFAULT
    for old, new in pairs:
        assert old in written
        written = written.replace(old, new, 1)
    return written


def complaints(written: str, names: Names | None = None) -> list[str]:
    with pytest.raises(InvalidDeclaration) as caught:
        read(written, names)
    return caught.value.complaints


def test_the_shipped_policy_holds() -> None:
    assert read(DEFAULT).label == "default@1.0.0"
    assert faults(policy()) == []


def test_limits_are_laid_tier_first_then_portfolio_programme_and_project() -> None:
    written = read(DEFAULT + TOLERANCES)
    place = Place("APOLLO", 2, ("Space",), ("main",))
    found = holding(written, place, DAY)
    assert found.limits.schedule.red_days == 90
    assert found.limits.schedule.amber_days == 20
    assert found.limits.hysteresis == 3
    assert found.limits.issues.open_age_days == 45
    assert [(layer.of, layer.name) for layer in found.layers] == [
        ("tier", "2"), ("portfolio", "main"), ("programme", "Space"), ("project", "APOLLO"),
    ]  # fmt: skip
    assert found.layers[3].to_json() == {
        "of": "project", "name": "APOLLO", "because": "tolerance of the charter", "from": "2026-10-01",
        "to": "2026-12-31",
    }  # fmt: skip
    assert found.layers[2].says() == "programme Space: agreed with the sponsor"


def test_a_tolerance_holds_on_its_own_days_only() -> None:
    written = read(DEFAULT + TOLERANCES)
    place = Place("APOLLO", programmes=("Space",))
    days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [limits_for(written, place, on).schedule.red_days for on in days] == [60, 90, 90, 60]
    assert limits_for(written, Place("OTHER"), DAY) == written.limits


def test_of_two_programmes_the_projects_own_goes_last() -> None:
    more = "  - {programme: Sea, because: ours, limits: {schedule: {red_days: 70, amber_days: 35}}}\n"
    written = read(DEFAULT + TOLERANCES + more)
    assert limits_for(written, Place(programmes=("Sea", "Space")), DAY).schedule.red_days == 70
    assert limits_for(written, Place(programmes=("Space", "Sea")), DAY).schedule.red_days == 60


def test_a_tier_nobody_defined_has_the_limits_without_a_tier_and_says_so() -> None:
    found = holding(policy(), Place("APOLLO", 7), DAY)
    assert found.limits == policy().limits
    assert found.layers[0].says() == (
        "tier 7: default@1.0.0 does not define it, so the limits without a tier hold"
    )


def test_a_matrix_in_a_tolerance_replaces_the_other_whole_and_weights_are_mixed() -> None:
    base = {
        "risk": {"matrix": {"cells": {"a": {"b": "High"}}, "levels": {"High": "high"}}},
        "w": {"x": 1, "y": 2},
    }
    over = {"risk": {"matrix": {"cells": {}, "levels": {}}}, "w": {"y": 3}}
    assert merged(base, over) == {"risk": {"matrix": {"cells": {}, "levels": {}}}, "w": {"x": 1, "y": 3}}


UNREACHABLE = [
    (("amber_days: 14, red_days: 30", "amber_days: 30, red_days: 30"),
     r"limits\.schedule\.amber_days: .*amber_days 30 is not before red_days 30.* never be shown"),
    (("cost: {amber_pct: 5, red_pct: 10", "cost: {amber_pct: 15, red_pct: 10"), r"limits\.cost\.amber_pct"),
    (("amber_index: 0.95", "amber_index: 0.85"), r"limits\.earned_value\.amber_index"),
    (("benefit: {amber_pct: -5", "benefit: {amber_pct: -25"), r"limits\.benefit\.amber_pct"),
    (("amber_cover: 1 ", "amber_cover: 0.5 "), r"limits\.risk\.amber_cover"),
    (("critical_score: 15", "critical_score: 26"), r"limits\.risk\.critical_score: .*the highest is 25"),
    (("medium_score: 5", "medium_score: 10"), r"limits\.risk\.medium_score"),
    (("weights: {schedule: 30, cost: 25, scope: 15, risk: 15, benefit: 10, resource: 5}",
      "weights: {schedule: 0, cost: 0}"), r"limits\.overall\.weights: no dimension has a weight"),
    (("min_dimensions: 3", "min_dimensions: 7"),
     r"limits\.overall\.min_dimensions: min_dimensions asks for 7 dimensions and there are 6"),
    (("red_if_red: 2", "red_if_red: 9"), r"limits\.overall\.red_if_red"),
    (("amber_health: 80", "amber_health: 40"), r"limits\.overall\.amber_health"),
    (("amber_health: 80", "amber_health: 101"), r"limits\.overall\.amber_health: .* expected 0 to 100"),
    (("resource: 5}", "resources: 5}"), r"limits\.overall\.weights\.resources: there is no dimension"),
    (("stuck: 6, flapping_changes: 3, flapping_periods: 6", "stuck: 6, flapping_changes: 3, flapping_periods: 3"),
     (r"limits\.behaviour\.flapping_changes: flapping_changes 3: 3 periods have 2 changes between them at most, so"
     " nothing would ever flap")),
    (("streak: 3", "streak: 14"), r"limits\.behaviour\.streak"),
    (("A: 95", "A: .inf"), r"limits\.data_quality\.grades\.A"),
    (("A: 95", "A: 101"), r"limits\.data_quality\.grades\.A"),
    (("A: 95, B: 85", "A: 85, B: 85"), r"limits\.data_quality\.grades: .*grade B begins at 85, not under A at 85"),
    (("D: 50, E: 0", "D: 50, E: 20"), r"limits\.data_quality\.grades: .*the last grade must begin at 0"),
    (("  2: {issues", "  4: {issues"), r"tiers\.4: there is no tier 4; there are 1, 2, 3"),
    (("  2: {issues", "  2: {schedule: {red_days: 10}, issues"), r"tiers\.2\.schedule\.red_days"),
    (("  2: {issues: {open_age_days", "  2: {issues: {open_age_dayz"),
     r"tiers\.2\.issues\.open_age_dayz: is not a known setting"),
    (("review_days: 7 ", "review_days: 7\n    matrix: {cells: {Rare: {Small: Low}}, levels: {Low: low}}"),
     r"limits\.risk\.matrix\.cells: no cell of the matrix means high or critical"),
    (("cost: {amber_pct: 5", "cost: {amber_pct: 1e99999"), r"limits\.cost\.amber_pct: .*a number was expected"),
    (("cost: {amber_pct: 5", "cost: {amber_pct: 99999"), r"limits\.cost\.amber_pct: must be (less than|at most)"),
    (("amber_days: 14", "amber_days: true"), r"limits\.schedule\.amber_days: .*a number was expected, not true"),
    (("amber_days: 14", "amber_days: '5'"), r"limits\.schedule\.amber_days: .*a number was expected, not '5'"),
    (("red_impact: 4", "red_impact: 99"), r"limits\.issues\.red_impact"),
    (("red_index: 0.9", "red_index: -9"), r"limits\.earned_value\.red_index"),
    (("red_cover: 0.8", "red_cover: -2"), r"limits\.risk\.red_cover"),
    (("red_slope: 0.5", "red_slope: 1000"), r"limits\.milestones\.red_slope"),
    (("red_pct: -15", "red_pct: -150"), r"limits\.benefit\.red_pct"),
    (("amber_pct: 5", "amber_pct: .nan"), r"limits\.schedule\.amber_pct"),
]  # fmt: skip


@pytest.mark.parametrize(("pair", "says"), UNREACHABLE)
def test_a_colour_nobody_could_ever_see_is_refused_with_its_line(pair: tuple[str, str], says: str) -> None:
    written = changed(pair)
    line = written[: written.index(pair[1])].count("\n") + 1
    found = complaints(written)
    line += "matrix" in says
    assert any(re.match(rf"mine\.yaml:{line}:\d+: {says}", each) for each in found), found


def tolerance(**values: Any) -> str:
    lines = [f"    {name}: {value}" for name, value in values.items()]
    return "\n".join(["tolerances:", "  -" + lines[0][3:], *lines[1:]]) + "\n"


@pytest.mark.parametrize(
    ("added", "says"),
    [
        (tolerance(project="APOLO", because="x", limits="{hysteresis: 3}"),
         rf":{FIRST}:\d+: tolerances\[0\]\.project: there is no project 'APOLO'; there are APOLLO"),
        (tolerance(programme="Spaec", because="x", limits="{hysteresis: 3}"), "there is no programme 'Spaec'"),
        (tolerance(portfolio="x", because="x", limits="{hysteresis: 3}"), "there is no portfolio 'x'; there are main"),
        (tolerance(because="x", limits="{hysteresis: 3}"), rf":{FIRST}:\d+: tolerances\[0\]: a tolerance is of one"),
        (tolerance(project="APOLLO", programme="Space", because="x", limits="{}"), "a tolerance is of one"),
        (tolerance(project="APOLLO", limits="{hysteresis: 3}"), r"tolerances\[0\]\.because: is required"),
        (tolerance(**{"project": "APOLLO", "from": "2026-05-01", "to": "2026-04-01", "because": "x", "limits": "{}"}),
         "before it begins"),
        (tolerance(project="APOLLO", because="x", limits="{schedule: {red_dayz: 3}}"),
         rf":{FIRST + 2}:\d+: tolerances\[0\]\.limits\.schedule\.red_dayz: is not a known setting"),
        (tolerance(project="APOLLO", because="x", limits="{schedule: {red_days: 3}}"),
         rf":{FIRST + 2}:\d+: tolerances\[0\]\.limits\.schedule\.red_days: .*amber would never be shown"),
        (tolerance(project="APOLLO", to="1999-05-01", because="x", limits="{}"), "never holds"),
    ],
)  # fmt: skip
def test_a_tolerance_that_cannot_hold_is_refused_with_its_line(added: str, says: str) -> None:
    found = complaints(DEFAULT + added, Names({"main"}, {"Space"}, {"APOLLO"}))
    assert any(re.search(says, each) for each in found), found


def test_two_tolerances_of_one_project_on_one_day_are_refused_and_one_after_the_other_are_not() -> None:
    first = tolerance(
        **{"project": "APOLLO", "from": "2026-01-01", "to": "2026-06-30", "because": "x", "limits": "{}"}
    )
    second = "  - {project: APOLLO, from: 2026-06-30, because: y, limits: {hysteresis: 3}}\n"
    (found,) = complaints(DEFAULT + first + second)
    assert f"mine.yaml:{FIRST + 5}:" in found
    assert "project APOLLO has another tolerance on the same days" in found
    assert read(DEFAULT + first + second.replace("06-30", "07-01")).tolerances[1].begins == date(2026, 7, 1)


def dated(version: str, begins: date, ends: date | None = None) -> Policy:
    return policy().model_copy(update={"version": version, "effective_from": begins, "effective_to": ends})


def test_policies_that_promise_the_same_days_overlap_and_those_that_follow_each_other_do_not() -> None:
    open_ended, promised = (
        dated("1.0.0", date(2026, 1, 1)),
        dated("1.1.0", date(2026, 6, 1), date(2026, 8, 31)),
    )
    assert overlap(promised, [open_ended]) is None
    assert overlap(dated("1.2.0", date(2026, 6, 1)), [open_ended, promised]) == (
        "effective_from", "default@1.1.0 begins on that day, too; give another day",
    )  # fmt: skip
    assert overlap(dated("1.2.0", date(2026, 8, 31)), [promised]) == (
        "effective_from", "default@1.1.0 is in force until 2026-08-31; begin after that day",
    )  # fmt: skip
    assert overlap(dated("1.2.0", date(2026, 5, 1), date(2026, 6, 1)), [promised]) == (
        "effective_to", "default@1.1.0 begins on 2026-06-01; end this one before, or leave its last day out",
    )  # fmt: skip
    assert overlap(dated("1.2.0", date(2026, 9, 1)), [promised]) is None
    assert overlap(promised, [promised]) is None


def test_before_the_first_policy_the_other_one_holds() -> None:
    later = dated("1.1.0", date(2026, 6, 1))
    assert in_force([later], date(2026, 5, 31), otherwise=policy()) is policy()
    assert in_force([later], date(2026, 6, 1), otherwise=policy()) is later


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_on_every_day_exactly_one_policy_is_in_force_whatever_was_accepted(data: st.DataObject) -> None:
    accepted = [policy()]
    for number in range(data.draw(st.integers(1, 5))):
        begins = date(2026, 1, 1) + timedelta(days=data.draw(st.integers(0, 60)))
        days = data.draw(st.none() | st.integers(0, 60))
        ends = None if days is None else begins + timedelta(days=days)
        new = dated(f"2.{number}.0", begins, ends)
        if overlap(new, accepted) is None:
            accepted.append(new)
    for day in (date(2026, 1, 1) + timedelta(days=each) for each in range(130)):
        found = in_force(accepted, day, otherwise=policy())
        assert found.in_force(day)
        started = [each for each in accepted if each.effective_from <= day and each.effective_to is not None]
        promised = [each for each in started if each.in_force(day)]
        assert not promised or found is promised[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([None, 1, 2, 3, 9]))
def test_a_tolerance_changes_what_it_names_and_nothing_else(amber: int, wider: int, tier: int | None) -> None:
    added = f"{{schedule: {{amber_days: {amber}, red_days: {amber + wider + 1}}}}}"
    written = read(DEFAULT + tolerance(project="APOLLO", because="x", limits=added))
    found = limits_for(written, Place("APOLLO", tier), DAY)
    base = policy().for_tier(tier)
    assert (found.schedule.amber_days, found.schedule.red_days) == (amber, amber + wider + 1)
    assert found.model_copy(update={"schedule": base.schedule}) == base
