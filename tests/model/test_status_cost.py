"""F4: forecast against budget."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.status.colour import Colour, order
from model.status.cost import cost
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
MONEY = st.decimals(min_value="0.01", max_value=10**12, places=2)


@needs_shared
@pytest.mark.parametrize("case", oracle("F4_cost"))
def test_the_worked_costs_come_out_to_the_digit(case: dict[str, Any]) -> None:
    given_ = case["inp"]
    found = cost(
        baseline=Decimal(str(given_["baseline"])), forecast=Decimal(str(given_["forecast"])), limits=LIMITS
    )
    assert found.variance_pct is not None
    assert float(round(found.variance_pct, 6)) == case["out"]["variance_pct"]
    assert round(found.variance_pct) == given_["published_pct"]
    assert found.colour == case["out"]["rag"]
    assert found.underspend is case["out"]["underspend_flag"]


def test_no_budget_is_grey_and_in_the_words_of_the_contract() -> None:
    found = cost(baseline=None, forecast=Decimal(100), limits=LIMITS)
    assert found.to_json() == {
        "colour": "GREY",
        "reasons": [
            {"rule": "F4", "text": "no approved budget", "inputs": {"budget": None, "forecast_cost": 100}}
        ],
    }


@pytest.mark.parametrize(
    ("baseline", "forecast"), [(Decimal(100), None), (Decimal(0), Decimal(5)), (None, None)]
)
def test_a_cost_that_cannot_be_compared_is_grey(baseline: Decimal | None, forecast: Decimal | None) -> None:
    assert cost(baseline=baseline, forecast=forecast, limits=LIMITS).colour is Colour.GREY


def test_exactly_five_percent_over_is_green_and_a_penny_more_is_amber() -> None:
    assert cost(baseline=Decimal(100), forecast=Decimal(105), limits=LIMITS).colour is Colour.GREEN
    assert cost(baseline=Decimal(100), forecast=Decimal("105.01"), limits=LIMITS).colour is Colour.AMBER


@given(baseline=MONEY, forecast=MONEY, more=MONEY)
def test_a_dearer_forecast_never_has_a_better_colour(
    baseline: Decimal, forecast: Decimal, more: Decimal
) -> None:
    before = order(cost(baseline=baseline, forecast=forecast, limits=LIMITS).colour)
    after = order(cost(baseline=baseline, forecast=forecast + more, limits=LIMITS).colour)
    assert before is not None
    assert after is not None
    assert before <= after
