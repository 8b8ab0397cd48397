"""F13: the overall colour and health."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.status.colour import Colour, order
from model.status.overall import Overall, overall
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
DIMENSIONS = tuple(LIMITS.overall.weights)
ANY = st.fixed_dictionaries({name: st.sampled_from(Colour) for name in DIMENSIONS})
ORDERED = st.sampled_from([Colour.GREEN, Colour.AMBER, Colour.RED])


def joined(data_quality: float | None = 92, **changes: Colour) -> Overall:
    dimensions = dict.fromkeys(DIMENSIONS, Colour.GREEN) | changes
    return overall(dimensions, data_quality=data_quality, limits=LIMITS)


@needs_shared
@pytest.mark.parametrize("case", oracle("F13_overall"), ids=lambda case: str(case["name"]))
def test_the_worked_cases_come_out_to_the_digit(case: dict[str, Any]) -> None:
    dimensions = {name: Colour(value) for name, value in case["inp"]["dims"].items()}
    found = overall(dimensions, data_quality=case["inp"]["dq"], limits=LIMITS)
    assert {"rag": found.colour, "health": found.health} == case["out"]


def test_a_red_critical_dimension_makes_the_whole_red() -> None:
    found = joined(cost=Colour.RED)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "cost red, health 75.0"


def test_two_reds_make_red_though_neither_is_critical() -> None:
    found = joined(scope=Colour.RED, risk=Colour.RED)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "scope and risk red, health 70.0"


def test_data_quality_that_nobody_measured_is_grey() -> None:
    found = joined(data_quality=None)
    assert (found.colour, found.health) == (Colour.GREY, None)
    assert found.reasons[0].text == "the data quality has not been measured"


def test_no_dimension_at_all_is_grey() -> None:
    assert overall({}, data_quality=100, limits=LIMITS).colour is Colour.GREY


def test_a_dimension_without_a_weight_is_shown_but_does_not_count() -> None:
    assert joined(quality=Colour.RED).colour is Colour.GREEN


def test_a_finished_project_is_blue_and_keeps_its_health() -> None:
    dimensions = dict.fromkeys(DIMENSIONS, Colour.GREEN) | {"cost": Colour.AMBER}
    found = overall(dimensions, data_quality=92, limits=LIMITS, finished_on=date(2025, 6, 1))
    assert (found.colour, found.health) == (Colour.BLUE, 87.5)


@given(dimensions=ANY, data_quality=st.none() | st.floats(0, 100))
def test_health_is_between_0_and_100_or_unknown_with_grey(
    dimensions: dict[str, Colour], data_quality: float | None
) -> None:
    found = overall(dimensions, data_quality=data_quality, limits=LIMITS)
    assert (found.health is None) is (found.colour is Colour.GREY)
    assert found.health is None or 0 <= found.health <= 100
    assert found.reasons


@given(colours=st.tuples(*[ORDERED] * len(DIMENSIONS)), name=st.sampled_from(DIMENSIONS), other=ORDERED)
def test_a_worse_dimension_never_improves_the_whole(
    colours: tuple[Colour, ...], name: str, other: Colour
) -> None:
    dimensions = dict(zip(DIMENSIONS, colours, strict=True))
    first = overall(dimensions, data_quality=92, limits=LIMITS)
    second = overall(dimensions | {name: other}, data_quality=92, limits=LIMITS)
    ranks = [order(colour) for colour in (dimensions[name], other, first.colour, second.colour)]
    was, now, whole_was, whole_now = (rank if rank is not None else -1 for rank in ranks)
    assert now < was or whole_now >= whole_was
    assert now < was or (second.health or 0) <= (first.health or 0)
