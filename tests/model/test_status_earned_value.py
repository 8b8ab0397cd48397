"""F2 and F3: earned value, earned schedule, recent window."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.status.colour import Colour
from model.status.earned_value import Values, earned_schedule, indices, performance, recent_index
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
MONEY = st.decimals(0, 10**9, places=2)


def values(case: dict[str, Any]) -> Values:
    return Values(planned=Decimal(case["PV"]), earned=Decimal(case["EV"]), actual=Decimal(case["AC"]))


@needs_shared
def test_the_worked_earned_value_comes_out_to_the_digit() -> None:
    case = oracle("F2_evm")
    found = indices(Decimal(case["inp"]["BAC"]), values(case["inp"]))
    names = {
        "SV": found.schedule_variance, "CV": found.cost_variance, "SPI": found.spi, "CPI": found.cpi,
        "EAC_cpi": found.eac_cpi, "EAC_remaining_at_plan": found.eac_remaining_at_plan,
        "EAC_cpi_spi": found.eac_cpi_spi, "EAC_80_20": found.eac_80_20, "ETC_cpi": found.etc_cpi,
        "VAC_cpi": found.vac_cpi, "TCPI_bac": found.tcpi_bac, "TCPI_eac": found.tcpi_eac,
        "percent_complete": found.percent_complete, "percent_spent": found.percent_spent,
    }  # fmt: skip
    for name, expected in case["out"].items():
        value = names[name]
        assert value is not None
        assert float(round(value, 2 if abs(expected) > 100 else 6)) == expected, name


@needs_shared
def test_the_worked_earned_schedule_comes_out_to_the_digit() -> None:
    case = oracle("F2_earned_schedule")
    given_ = case["inp"]
    planned = [Decimal(value) for value in given_["pv_cumulative"]]
    found = earned_schedule(planned, Decimal(given_["EV"]), at=given_["AT"], duration=given_["PD"])
    assert found is not None
    assert found.spi is not None
    assert found.estimate_at_completion is not None
    assert found.to_complete is not None
    assert {
        "C": found.complete_periods, "ES": round(found.earned, 6), "SV_t": round(found.variance, 6),
        "SPI_t": round(found.spi, 6), "IEAC_t": round(found.estimate_at_completion, 4),
        "TSPI": round(found.to_complete, 6),
    } == case["out"]  # fmt: skip


@needs_shared
def test_the_worked_recent_window_comes_out_to_the_digit() -> None:
    case = oracle("F3_recency")
    now, before = (values(case["inp"][name]) for name in ("now", "three_periods_ago"))
    cost = performance("cost", now.earned, now.actual, LIMITS, (before.earned, before.actual))
    schedule = performance("schedule", now.earned, now.planned, LIMITS, (before.earned, before.planned))
    figures = (cost.index, schedule.index, cost.recent, schedule.recent, before.earned / before.actual)
    assert [None if figure is None else float(round(figure, 6)) for figure in figures] == [
        case["out"][name] for name in ("CPI_cum", "SPI_cum", "CPI_3", "SPI_3", "CPI_at_minus3")
    ]
    assert {cost.colour, schedule.colour} == {Colour.RED}
    assert {cost.reasons[0].rule, schedule.reasons[0].rule} == {"F3"}  # the worse of both is the recent one


def test_a_recent_loss_shows_through_a_good_total() -> None:
    whole = Decimal(1000)
    assert performance("cost", whole, whole, LIMITS).colour is Colour.GREEN
    found = performance("cost", whole, whole, LIMITS, (Decimal(920), Decimal(900)))
    assert (found.colour, found.reasons[0].rule) == (Colour.RED, "F3")
    assert found.reasons[0].text == "cost performance of the recent periods is 0.80"


def test_indices_without_plan_or_spending_are_undefined_and_grey() -> None:
    nothing = Values(planned=Decimal(0), earned=Decimal(0), actual=Decimal(5))
    assert indices(Decimal(10), nothing).spi is None
    assert performance("schedule", nothing.earned, nothing.planned, LIMITS).colour is Colour.GREY
    assert recent_index(Decimal(5), Decimal(0)) is None
    assert earned_schedule([], Decimal(5), at=1, duration=2) is None


def test_all_of_the_plan_earned_is_the_whole_plan() -> None:
    found = earned_schedule([Decimal(5), Decimal(10)], Decimal(10), at=2, duration=2)
    assert found is not None
    assert (found.earned, found.spi, found.to_complete) == (2, 1, None)


@given(MONEY, MONEY, MONEY, MONEY)
def test_no_figure_of_earned_value_divides_by_zero(a: Decimal, b: Decimal, c: Decimal, d: Decimal) -> None:
    now = Values(planned=a, earned=b, actual=c)
    indices(d, now)
    for what, against in (("cost", c), ("schedule", a)):
        assert performance(what, b, against, LIMITS, (d, d)).reasons
