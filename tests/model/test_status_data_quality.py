"""F12 and F14: data quality, and reported against computed."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy, template
from model.status.colour import Colour
from model.status.data_quality import DIMENSIONS, DataQuality, freshness, grade, weigh
from model.status.watermelon import agreement, divergence
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
SHARES = st.dictionaries(st.sampled_from(DIMENSIONS), st.none() | st.floats(0, 1))
COLOUR = st.none() | st.sampled_from(Colour)
MONTHLY = template("monthly-status").document.scoring


def weighed(scores: Mapping[str, float | None]) -> DataQuality:
    return weigh(scores, MONTHLY.weights, MONTHLY.grades)


@needs_shared
def test_the_worked_data_quality_comes_out_to_the_digit() -> None:
    case = oracle("F12_dq")
    found = weighed({name: part["score"] for name, part in case["inp"].items()})
    assert found.score is not None
    assert (round(found.score, 4), found.grade) == (case["out"]["score"], case["out"]["grade"])
    assert found.not_measured == ("accuracy",)
    assert {name: part["weight"] for name, part in case["inp"].items()} == MONTHLY.weights


@needs_shared
def test_the_worked_freshness_comes_out_to_the_digit() -> None:
    case = oracle("F12_dq")
    for point in case["timeliness_curve"]:
        assert round(freshness(point["age"], point["fresh"], point["grace"]), 6) == point["score"]
    for point in case["ballou"]:
        found = freshness(
            point["currency"], 0, point["volatility"], point["s"]
        )  # Ballou's, with the age as currency
        assert round(found, 6) == point["score"]


def test_nothing_measured_has_neither_score_nor_grade() -> None:
    found = weighed({})
    assert (found.score, found.grade) == (None, None)
    assert found.not_measured == DIMENSIONS


@pytest.mark.parametrize(
    ("score", "letter"), [(100, "A"), (95, "A"), (94.9, "B"), (70, "C"), (50, "D"), (0, "E")]
)
def test_a_grade_starts_at_its_score(score: float, letter: str) -> None:
    assert grade(score, LIMITS.data_quality.grades) == letter


def test_without_grace_a_value_is_fresh_or_it_is_not() -> None:
    assert (freshness(7, 7, 0), freshness(8, 7, 0)) == (1, 0)


@given(SHARES)
def test_a_data_quality_score_is_between_0_and_100(scores: dict[str, float | None]) -> None:
    found = weighed(scores)
    assert found.score is None or -1e-9 <= found.score <= 100 + 1e-9
    assert set(found.dimensions) | set(found.not_measured) == set(DIMENSIONS)


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 100), st.floats(0, 100), st.floats(0.1, 10))
def test_an_older_value_is_never_fresher(
    age: float, more: float, fresh: float, grace: float, sensitivity: float
) -> None:
    older, newer = (freshness(each, fresh, grace, sensitivity) for each in (age + more, age))
    assert 0 <= older <= newer <= 1


@needs_shared
def test_the_worked_watermelons_come_out_to_the_digit() -> None:
    case = oracle("F14_watermelon")
    found = agreement({row["id"]: (Colour(row["reported"]), Colour(row["computed"])) for row in case["inp"]})
    rates = (found.optimistic_rate, found.pessimistic_rate, found.mean_bias, found.kappa)
    out = case["out"]
    assert [round(rate, 6) for rate in rates if rate is not None] == [
        out["optimistic_rate"], out["pessimistic_rate"], out["mean_bias"], out["quadratic_weighted_kappa"]
    ]  # fmt: skip
    assert found.scored == out["scored"]
    assert found.divergence == out["divergence"]
    assert list(found.watermelons) == out["watermelons"]


def test_reported_green_over_computed_red_is_a_watermelon_of_two() -> None:
    assert divergence(Colour.GREEN, Colour.RED) == 2
    assert divergence(Colour.RED, Colour.GREEN) == -2


def test_what_is_grey_blue_or_unreported_cannot_diverge() -> None:
    assert divergence(None, Colour.RED) is divergence(Colour.GREEN, Colour.GREY) is None
    assert divergence(Colour.BLUE, Colour.GREEN) is None


def test_agreement_over_nothing_is_unknown_and_over_one_colour_says_nothing() -> None:
    assert agreement({}).optimistic_rate is agreement({}).kappa is None
    same = agreement({"A": (Colour.GREEN, Colour.GREEN)})
    assert (same.optimistic_rate, same.kappa) == (0, None)


@given(st.dictionaries(st.text(max_size=3), st.tuples(COLOUR, COLOUR), max_size=12))
def test_rates_of_agreement_stay_within_their_bounds(
    pairs: dict[str, tuple[Colour | None, Colour | None]],
) -> None:
    found = agreement(pairs)
    for rate in (found.optimistic_rate, found.pessimistic_rate):
        assert rate is None or 0 <= rate <= 1
    assert found.mean_bias is None or -2 <= found.mean_bias <= 2
    assert found.kappa is None or -1 <= found.kappa <= 1
