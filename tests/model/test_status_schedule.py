"""F1: slip against the baseline."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.status.colour import Colour, order
from model.status.schedule import Schedule, schedule
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
START, FINISH = date(2025, 1, 1), date(2025, 12, 31)


def slipped(days: int, start: date | None = START, finish: date | None = FINISH) -> Schedule:
    forecast = FINISH + timedelta(days=days)
    return schedule(baseline_start=start, baseline_finish=finish, forecast_finish=forecast, limits=LIMITS)


@needs_shared
@pytest.mark.parametrize("case", oracle("F1_schedule"))
def test_the_worked_schedules_come_out_to_the_digit(case: dict[str, Any]) -> None:
    given_dates = {name: date.fromisoformat(value) for name, value in case["inp"].items()}
    found = schedule(**given_dates, limits=LIMITS)
    assert found.slip_pct is not None
    assert {
        "baseline_duration_days": found.duration_days,
        "slip_days": found.slip_days,
        "slip_pct": round(found.slip_pct, 4),
        "rag": found.colour,
    } == case["out"]


def test_a_red_schedule_says_how_late_in_one_sentence() -> None:
    found = slipped(44)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "44 days late, 12.1 % of the plan"
    assert found.reasons[0].inputs == {"slip_days": 44, "slip_pct": 12.0879}


def test_one_day_is_said_in_the_singular() -> None:
    assert slipped(-1).reasons[0].text == "1 day early, 0.3 % of the plan"


def test_a_slip_of_exactly_the_limit_does_not_turn_the_colour() -> None:
    assert slipped(14).colour is Colour.GREEN
    assert slipped(15).colour is Colour.AMBER
    assert slipped(30).colour is Colour.AMBER
    assert slipped(31).colour is Colour.RED


@pytest.mark.parametrize("missing", ["baseline_start", "baseline_finish", "forecast_finish"])
def test_a_schedule_with_a_date_missing_is_grey_and_says_which(missing: str) -> None:
    dates: dict[str, date | None] = {
        "baseline_start": START, "baseline_finish": FINISH, "forecast_finish": FINISH, missing: None
    }  # fmt: skip
    found = schedule(**dates, limits=LIMITS)
    assert found.colour is Colour.GREY
    assert missing.replace("_", " ") in found.reasons[0].text
    assert found.inputs[missing] is None


def test_a_plan_of_no_days_is_grey_because_nothing_can_be_divided_by_it() -> None:
    found = slipped(0, start=FINISH)
    assert found.colour is Colour.GREY
    assert found.reasons[0].text == "the baseline finish is not after the baseline start"


def test_a_finished_project_is_blue_and_says_how_late_it_was() -> None:
    found = schedule(
        baseline_start=START, baseline_finish=FINISH, forecast_finish=None, limits=LIMITS,
        actual_finish=FINISH + timedelta(days=2),
    )  # fmt: skip
    assert found.colour is Colour.BLUE
    assert found.reasons[0].text == "finished on 2026-01-02, 2 days late"


@given(earlier=st.integers(-364, 400), more=st.integers(0, 400))
def test_a_later_forecast_never_has_a_better_colour(earlier: int, more: int) -> None:
    before, after = order(slipped(earlier).colour), order(slipped(earlier + more).colour)
    assert before is not None
    assert after is not None
    assert before <= after
