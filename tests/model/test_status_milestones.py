"""F5: milestones and the trend of forecasts."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.records import MilestoneFacts
from model.status.colour import Colour
from model.status.milestones import fit, forecast_trend, implied_finish, milestones, next_milestone
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
TODAY = date(2025, 7, 15)


def due(days_ago: int, **more: Any) -> MilestoneFacts:
    return MilestoneFacts(name="Cut-over", baseline=TODAY - timedelta(days=days_ago), **more)


def reports(*forecasts: int) -> list[tuple[date, date]]:
    """Monthly reports, each with its forecast in days from the first one."""
    first = date(2025, 1, 1)
    return [(first + timedelta(days=30 * i), first + timedelta(days=d)) for i, d in enumerate(forecasts)]


@needs_shared
def test_the_worked_milestones_come_out_to_the_digit() -> None:
    case = oracle("F5_milestones")
    known = [
        MilestoneFacts(
            name=item["id"],
            baseline=date.fromisoformat(item["baseline"]),
            actual=item["actual"] and date.fromisoformat(item["actual"]),
            weight=item["weight"],
        )
        for item in case["inp"]["milestones"]
    ]
    found = milestones(known, as_of=date.fromisoformat(case["inp"]["as_of"]), limits=LIMITS)
    assert found.hit_rate is not None
    assert {
        "due": found.due,
        "on_time": found.on_time,
        "hit_rate": round(found.hit_rate, 6),
        "overdue": [[item.name, days] for item, days in found.overdue],
        "weighted_mean_late_days": found.mean_late_days,
    } == case["out"]
    assert found.colour is Colour.AMBER


@needs_shared
def test_the_worked_trend_comes_out_to_the_digit() -> None:
    case = oracle("F5_milestone_trend")
    found = fit(
        list(zip(case["inp"]["report_day"], case["inp"]["forecast_day"], strict=True)),
        min_points=LIMITS.milestones.min_points,
    )
    assert found.slope is not None
    assert found.intercept is not None
    assert found.completion is not None
    assert round(found.slope, 6) == case["out"]["beta"]
    assert round(found.intercept, 1) == case["out"]["alpha"]
    assert round(found.completion, 4) == case["out"]["implied_completion_day"]


def test_a_critical_milestone_turns_red_only_after_more_than_fourteen_days() -> None:
    assert milestones([due(14, critical=True)], as_of=TODAY, limits=LIMITS).colour is Colour.AMBER
    found = milestones([due(15, critical=True)], as_of=TODAY, limits=LIMITS)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "critical milestone Cut-over is 15 days overdue"


def test_a_milestone_that_is_not_critical_is_amber_however_late() -> None:
    assert milestones([due(200)], as_of=TODAY, limits=LIMITS).colour is Colour.AMBER


def test_a_milestone_due_today_is_not_overdue() -> None:
    assert milestones([due(0, critical=True)], as_of=TODAY, limits=LIMITS).colour is Colour.GREEN


def test_an_actual_date_still_to_come_does_not_count_as_met() -> None:
    found = milestones([due(3, actual=TODAY + timedelta(days=2))], as_of=TODAY, limits=LIMITS)
    assert [days for _, days in found.overdue] == [3]


def test_a_milestone_met_nobody_knows_when_is_not_overdue_and_says_nothing_of_punctuality() -> None:
    found = milestones([due(30, state="met")], as_of=TODAY, limits=LIMITS)
    assert (found.colour, found.due, found.timed) == (Colour.GREEN, 1, 0)
    assert (found.hit_rate, found.mean_late_days) == (None, None)


def test_dropped_milestones_are_left_out() -> None:
    assert (
        milestones([due(99, state="dropped", critical=True)], as_of=TODAY, limits=LIMITS).colour
        is Colour.GREY
    )


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (None, "no milestones"),
        ([], "no milestones"),
        ([MilestoneFacts(name="Go live", forecast=TODAY)], "no milestone has a baseline date"),
    ],
)
def test_milestones_that_cannot_be_judged_are_grey(known: list[MilestoneFacts] | None, why: str) -> None:
    found = milestones(known, as_of=TODAY, limits=LIMITS)
    assert (found.colour, found.reasons[0].text) == (Colour.GREY, why)


def test_a_steep_trend_is_red_from_four_reports_on() -> None:
    later = [due(-90)]
    three, four = reports(200, 216, 232), reports(200, 216, 232, 248)
    assert milestones(later, as_of=TODAY, limits=LIMITS, history=three).colour is Colour.GREEN
    found = milestones(later, as_of=TODAY, limits=LIMITS, history=four)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "the forecast slips 0.53 days a day over 4 weeks"


def test_a_trend_that_slips_day_for_day_leads_nowhere() -> None:
    assert forecast_trend(reports(100, 130, 160, 190), LIMITS).completion is None
    assert implied_finish(reports(100, 130, 160, 190), LIMITS) is None
    assert implied_finish(reports(100, 110, 120), LIMITS) is None


def test_a_stable_trend_leads_to_its_own_forecast() -> None:
    assert implied_finish(reports(100, 100, 100, 100), LIMITS) == date(2025, 1, 1) + timedelta(days=100)


def test_reports_of_one_day_have_no_slope() -> None:
    assert fit([(0, 1), (0, 2), (0, 3), (0, 4)], min_points=4).slope is None
    assert fit([], min_points=4).points == 0


def test_the_next_milestone_is_the_first_open_one_by_its_forecast() -> None:
    met = due(-1, actual=TODAY)
    late = MilestoneFacts(name="Late", baseline=TODAY, forecast=TODAY + timedelta(days=60))
    soon = MilestoneFacts(name="Soon", baseline=TODAY + timedelta(days=30))
    assert next_milestone([met, late, soon, MilestoneFacts(name="Undated")], TODAY) is soon
    assert next_milestone([met], TODAY) is None


DATES = st.none() | st.dates()
KNOWN = st.builds(
    MilestoneFacts, name=st.just("m"), baseline=DATES, actual=DATES,
    weight=st.none() | st.floats(0, 9), critical=st.none() | st.booleans(),
)  # fmt: skip


@given(st.lists(KNOWN), st.dates())
def test_figures_of_milestones_stay_within_their_bounds(known: list[MilestoneFacts], today: date) -> None:
    found = milestones(known, as_of=today, limits=LIMITS)
    assert 0 <= found.on_time <= found.due <= len(known)
    assert found.hit_rate is None or 0 <= found.hit_rate <= 1
    assert found.mean_late_days is None or found.mean_late_days >= 0
    assert found.colour is not Colour.GREEN or not found.overdue
    assert found.reasons


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5000)), min_size=2), st.integers(-100, 100))
def test_moving_all_forecasts_by_the_same_days_does_not_change_the_slope(
    points: list[tuple[int, int]], move: int
) -> None:
    here = fit(points, min_points=4)
    there = fit([(x, y + move) for x, y in points], min_points=4)
    assert here.slope is None or there.slope == pytest.approx(here.slope, abs=1e-6)


def test_of_two_milestones_on_one_day_the_one_that_was_planned_comes_next() -> None:
    day = date(2027, 1, 8)
    bare = MilestoneFacts("1.0", forecast=day)
    planned = MilestoneFacts("Go live", baseline=day, forecast=day)
    assert next_milestone([bare, planned], date(2026, 11, 22)) is planned
