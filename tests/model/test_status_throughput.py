"""F17: forecasts from past weeks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.status.throughput import exact, forecast, simulated
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

WEEKS = st.lists(st.integers(0, 9), min_size=8, max_size=20).filter(any)


@needs_shared
def test_the_worked_forecast_comes_out_to_the_digit() -> None:
    case = oracle("F17_throughput")
    found = forecast(case["inp"]["weekly_throughput"], case["inp"]["remaining_items"])
    assert found is not None
    assert found.mean == case["out"]["mean"]
    assert {week: round(found.cdf[int(week)], 6) for week in case["out"]["cdf"]} == case["out"]["cdf"]
    assert list(found.quantiles.values()) == [case["out"][name] for name in ("P50", "P70", "P85", "P95")]
    assert found.few
    assert found.seed is None


@needs_shared
def test_a_simulation_of_ten_thousand_runs_lies_within_the_tolerance_of_the_exact_forecast() -> None:
    case = oracle("F17_throughput")["inp"]
    drawn = simulated(case["weekly_throughput"], case["remaining_items"], seed=1, runs=10_000)
    exactly = exact(case["weekly_throughput"], case["remaining_items"])
    assert all(abs(exactly[week] - chance) <= 0.015 for week, chance in drawn.items())


@pytest.mark.parametrize("weekly", [[], [3] * 7, [0] * 12])
def test_too_little_history_or_a_standstill_forecasts_nothing(weekly: list[int]) -> None:
    assert forecast(weekly, 10) is None


def test_nothing_left_is_done_now() -> None:
    found = forecast([1] * 12, 0)
    assert found is not None
    assert set(found.quantiles.values()) == {0}
    assert not found.few


def test_what_takes_more_than_ten_years_has_no_week() -> None:
    found = forecast([0] * 11 + [1], 5_000)
    assert found is not None
    assert set(found.quantiles.values()) == {None}


def test_a_large_backlog_is_drawn_and_the_same_seed_draws_the_same() -> None:
    weekly = list(range(1, 41))
    found, again = forecast(weekly, 3_000, seed=7, runs=500), forecast(weekly, 3_000, seed=7, runs=500)
    assert found == again
    assert found is not None
    assert found.seed == 7


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="counted from 0 up"):
        forecast([-1] * 8, 3)


@given(weekly=WEEKS, remaining=st.integers(0, 60))
def test_the_chance_of_being_done_never_falls_and_never_passes_one(weekly: list[int], remaining: int) -> None:
    chances = list(exact(weekly, remaining).values())
    assert chances == sorted(chances)
    assert all(0 <= chance <= 1 for chance in chances)


@given(weekly=WEEKS, remaining=st.integers(0, 40), more=st.integers(1, 20))
def test_more_work_is_never_done_sooner(weekly: list[int], remaining: int, more: int) -> None:
    less, all_ = forecast(weekly, remaining), forecast(weekly, remaining + more)
    assert less is not None
    assert all_ is not None
    for share, week in all_.quantiles.items():
        sooner = less.quantiles[share]
        assert week is None or (sooner is not None and sooner <= week)
