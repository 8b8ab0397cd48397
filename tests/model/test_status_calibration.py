"""F15 and F18: what ratings and forecasts were worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.status.calibration import Rated, calibration, chances, forecast_score, pinball
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

RATINGS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1)).map(
        lambda one: Rated(str(one), max(one[0], one[1]), min(one[0], one[1]), one[2])
    ),
    max_size=6,
)


@needs_shared
@pytest.mark.parametrize("name", ["F15_calibration", "F15_calibration_five_point"])
def test_the_worked_calibrations_come_out_to_the_digit(name: str) -> None:
    case = oracle(name)
    found = calibration(
        [Rated(row["rating"], row["n"], row["adverse"], row.get("implied_p")) for row in case["inp"]]
    )
    mine = {
        "n": found.count, "adverse": found.adverse, "base_rate": found.base_rate, "brier": found.brier,
        "brier_base": found.brier_base, "skill": found.skill, "auc": found.auc,
    }  # fmt: skip
    assert {key: round(value or 0, 6) for key, value in mine.items() if key in case["out"]} == case["out"]


@needs_shared
def test_the_worked_forecast_scores_come_out_to_the_digit() -> None:
    case = oracle("F18_forecast_score")
    for name, given_ in case["inp"]["forecasters"].items():
        quantiles = {float(quantile): week for quantile, week in given_.items()}
        score = forecast_score(quantiles, case["inp"]["actual_week"])
        assert score is not None
        assert round(score, 6) == case["out"][name]


def test_nothing_rated_has_no_score() -> None:
    found = calibration([])
    assert (found.base_rate, found.brier, found.skill, found.auc) == (None, None, None, None)
    assert forecast_score({}, 3) is None


def test_ratings_that_nobody_gave_a_chance_are_ranked_and_not_scored() -> None:
    found = calibration([Rated("green", 10, 0), Rated("red", 10, 10)])
    assert found.brier is None
    assert found.auc == 1


def test_more_bad_ends_than_ratings_are_refused() -> None:
    with pytest.raises(ValueError, match="green: 3 of 2 cannot have ended badly"):
        calibration([Rated("green", 2, 3)])
    with pytest.raises(ValueError, match="no chance from 0 to 1"):
        calibration([Rated("green", 2, 1, 1.5)])


def test_chances_from_history_pool_neighbours_that_are_the_wrong_way_round() -> None:
    found = chances([Rated("green", 10, 2), Rated("amber", 10, 1), Rated("red", 10, 6), Rated("black", 0, 0)])
    assert found == {"green": 0.15, "amber": 0.15, "red": 0.6, "black": None}


@given(ratings=RATINGS)
def test_scores_stay_in_their_bounds(ratings: list[Rated]) -> None:
    found = calibration(ratings)
    assert found.brier is None or 0 <= found.brier <= 1
    assert found.auc is None or 0 <= found.auc <= 1


@given(ratings=RATINGS)
def test_chances_never_fall_from_a_better_rating_to_a_worse(ratings: list[Rated]) -> None:
    named = [Rated(str(at), each.count, each.adverse) for at, each in enumerate(ratings)]
    found = [chance for chance in chances(named).values() if chance is not None]
    assert found == sorted(found)


@given(quantile=st.floats(0.01, 0.99), predicted=st.floats(-1e6, 1e6), actual=st.floats(-1e6, 1e6))
def test_a_forecast_that_is_right_loses_nothing_and_no_other_less(
    quantile: float, predicted: float, actual: float
) -> None:
    assert pinball(quantile, actual, actual) == 0
    assert pinball(quantile, predicted, actual) >= 0
