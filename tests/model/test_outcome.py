import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config import shipped
from model.outcome import Chances, OutcomeTerms, Told, outcome
from model.status.calibration import Rated, warned
from model.status.colour import Colour
from model.status.forecast_score import Forecast, horizon, scores
from model.status.watermelon import bias, spells

DAY = date(2026, 1, 31)
FINISH = date(2027, 6, 30)
TERMS = OutcomeTerms(slip_days=30, horizon_days=90)
END = DAY + timedelta(days=90)
FEW = settings(max_examples=40)


def told(days: int, slip: int | None = 0, **more: date | None) -> Told:
    forecast = None if slip is None else FINISH + timedelta(days=slip)
    return Told(DAY + timedelta(days=days), forecast, **more)


def ended(*path: Told, at: Told | None = None, until: date = date(2028, 1, 1)) -> bool | None:
    return outcome(at or told(0), path, TERMS, until=until).adverse


def test_the_shipped_terms_are_the_defaults_of_the_schema() -> None:
    assert shipped.outcomes() == OutcomeTerms()
    assert "30 days" in shipped.outcomes().says()


def test_nothing_is_judged_before_the_horizon_has_passed_also_where_it_is_bad_already() -> None:
    assert ended(told(10, 200), until=END - timedelta(days=1)) is None
    assert ended(told(10, 200), until=END) is True


def test_a_finish_that_moved_by_more_than_allowed_is_a_bad_end_and_by_exactly_that_is_none() -> None:
    assert ended(told(30, 31), told(91, 0)) is True
    assert ended(told(30, 30), told(91, 0)) is False
    assert ended(told(60, 0), told(91, 31)) is False, "it slipped only after the horizon"


def test_a_finish_is_held_to_the_baseline_of_the_day_the_colour_was_published() -> None:
    late = told(80, 0, actual=DAY + timedelta(days=70), baseline=DAY + timedelta(days=70))
    assert ended(late, at=told(0, 0, baseline=DAY + timedelta(days=39))) is True
    assert ended(late, at=told(0, 0, baseline=DAY + timedelta(days=40))) is False


def test_a_finish_within_the_horizon_counts_also_where_it_was_told_later() -> None:
    assert ended(told(120, 0, actual=DAY + timedelta(days=80))) is False
    later = told(120, 0, actual=DAY + timedelta(days=80))
    assert ended(later, at=Told(DAY, DAY + timedelta(days=40))) is True


def test_what_nobody_said_is_not_known() -> None:
    assert ended(told(30, None), told(91, None), at=told(0, None)) is None
    assert ended(told(30, 0)) is None, "nothing is said of it when the horizon ends"
    assert ended(told(91, 40)) is None, "it slipped while nothing was said, perhaps within the horizon"
    assert ended(told(91, 0), at=told(0, 0, actual=DAY)) is None, "it had finished"


@FEW
@given(slips=st.lists(st.integers(-200, 200), min_size=1, max_size=8), more=st.integers(0, 100))
def test_the_later_a_finish_comes_the_worse_it_ends(slips: list[int], more: int) -> None:
    path = [told(9 * (at + 1), slip) for at, slip in enumerate(slips)]
    later = [told(9 * (at + 1), slip + more) for at, slip in enumerate(slips)]
    judged = ended(*path, told(91, slips[-1]))
    assert judged is (max(slips) > TERMS.slip_days)
    assert ended(*later, told(91, slips[-1] + more)) >= judged


def test_terms_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValidationError, match="smaller chance"):
        OutcomeTerms(chances=Chances(GREEN=0.5, AMBER=0.4, RED=0.9))
    with pytest.raises(ValidationError, match="longer than the one before"):
        OutcomeTerms(horizons=(30, 30))
    assert [TERMS.warns(each) for each in Colour] == [False, True, True, False, False]


@FEW
@given(flags=st.lists(st.booleans(), max_size=20))
def test_spells_are_the_unbroken_stretches(flags: list[bool]) -> None:
    found = spells(flags)
    assert [at for began, lasted in found for at in range(began, began + lasted)] == [
        at for at, flag in enumerate(flags) if flag
    ]
    assert all(later > began + lasted for (began, lasted), (later, _) in itertools.pairwise(found))


@FEW
@given(differences=st.lists(st.integers(-2, 2), max_size=9))
def test_a_bias_is_the_mean_from_three_reports_up(differences: list[int]) -> None:
    found = bias(differences, least=3)
    assert (found is None) == (len(differences) < 3)
    assert found is None or min(differences) <= found <= max(differences)


@FEW
@given(counts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3))
def test_who_warns_of_all_misses_nothing_and_who_warns_of_none_hits_nothing(
    counts: list[tuple[int, int]],
) -> None:
    ratings = [Rated(str(at), bad + well, bad) for at, (bad, well) in enumerate(counts)]
    always, never = warned(ratings, {"0", "1", "2"}), warned(ratings, set())
    some = warned(ratings, {"2"})
    assert always.hit_rate in (1, None)
    assert never.hit_rate in (0, None)
    assert some.hit_rate is None or 0 <= some.hit_rate <= 1
    assert (some.false_alarm_rate is None) == (sum(well for _, well in counts) == 0)


def test_forecasts_are_scored_by_how_far_ahead_they_were_said() -> None:
    actual = date(2026, 8, 31)
    said = [actual - timedelta(days=days) for days in (10, 60, 0)]
    single = [Forecast("manager", "A", day, {0.5: actual - timedelta(days=8)}, actual) for day in said]
    spread = Forecast(
        "throughput", "A", said[0], {0.5: actual - timedelta(7), 0.85: actual + timedelta(5)}, actual
    )
    found = {(each.forecaster, each.over): each for each in scores([*single, spread], (30, 90))}
    assert list(found) == [
        ("manager", "all"), ("manager", "up to 30 days"), ("manager", "31 to 90 days"),
        ("throughput", "all"), ("throughput", "up to 30 days"),
    ]  # fmt: skip
    manager, throughput = found["manager", "all"], found["throughput", "all"]
    assert (manager.forecasts, manager.mean_error, manager.mean_absolute_error) == (2, -8, 8)
    assert manager.loss == pytest.approx((0.5 * 8 + 0.85 * 8) / 2), "one day stands for both quantiles"
    assert throughput.loss == pytest.approx((0.5 * 7 + 0.15 * 5) / 2)
    assert throughput.done_by == {0.5: 0, 0.85: 1}


@FEW
@given(ahead=st.integers(1, 2000))
def test_every_distance_has_one_horizon(ahead: int) -> None:
    words = horizon(ahead, (30, 90))
    assert words == ("up to 30 days" if ahead <= 30 else "31 to 90 days" if ahead <= 90 else "over 90 days")
