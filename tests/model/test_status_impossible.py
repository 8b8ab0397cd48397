"""Inputs that cannot be true: never computed with, never green, and said so."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from config.shipped import policy
from model.records import RiskFacts
from model.status.colour import Colour, Computed
from model.status.cost import cost
from model.status.risk import risk
from model.status.schedule import Schedule, schedule
from model.status.scope import scope

LIMITS = policy().for_tier(2)
TODAY = date(2026, 11, 22)
START, FINISH = date(2026, 1, 1), date(2026, 12, 19)


def named(found: Computed) -> list[Any]:
    return [each.inputs["impossible"] for each in found.reasons if "impossible" in each.inputs]


def finish(days: int, *, start: date | None) -> Schedule:
    return schedule(
        baseline_start=start, baseline_finish=FINISH, forecast_finish=FINISH + timedelta(days=days),
        limits=LIMITS,
    )  # fmt: skip


@pytest.mark.parametrize("start", [None, FINISH, date(2027, 1, 1)])
def test_a_year_of_slip_is_red_also_where_the_planned_duration_is_not_known(start: date | None) -> None:
    found = finish(365, start=start)
    assert (found.colour, found.slip_days, found.slip_pct) == (Colour.RED, 365, None)
    assert found.reasons[0].text == "365 days late"
    assert finish(15, start=start).colour is Colour.AMBER
    assert [finish(days, start=start).colour for days in (14, 0, -9)] == [Colour.GREY] * 3
    assert named(found) == ([] if start is None else ["baseline_start"])


def test_a_forecast_before_the_baseline_start_is_grey_and_no_early_finish() -> None:
    found = schedule(
        baseline_start=START, baseline_finish=FINISH, forecast_finish=date(1900, 1, 1), limits=LIMITS
    )
    assert (found.colour, found.slip_days, named(found)) == (Colour.GREY, None, ["forecast_finish"])
    assert found.reasons[0].text == "the forecast finish 1900-01-01 is before the baseline start 2026-01-01"


@pytest.mark.parametrize(
    ("budget", "forecast", "what"), [(1_000_000, -500_000, "forecast_cost"), (-1, 5, "budget")]
)
def test_a_cost_below_nothing_is_grey_and_no_underspend(budget: int, forecast: int, what: str) -> None:
    found = cost(baseline=Decimal(budget), forecast=Decimal(forecast), limits=LIMITS)
    assert (found.colour, found.variance_pct, found.underspend) == (Colour.GREY, None, False)
    assert named(found) == [what]


def test_a_scope_that_moved_by_less_than_nothing_is_grey_and_names_what_did() -> None:
    found = scope(baseline=400, added_approved=-100, added_unapproved=0, removed=-50, limits=LIMITS)
    assert (found.colour, found.churn_pct) == (Colour.GREY, None)
    assert named(found) == ["added_points_approved", "removed_points"]
    assert found.reasons[0].text == "added points approved is -100, less than nothing"


def a_risk(name: str = "R1", **more: Any) -> RiskFacts:
    given: dict[str, Any] = {"probability": 1, "impact": 1, "owner": "Ada", "reviewed_on": TODAY} | more
    return RiskFacts(name=name, **given)


SMALL = a_risk("R2", chance=0.1, cost_impact=Decimal(10))


def test_a_cost_without_a_chance_is_not_left_out_of_a_full_cover() -> None:
    open_ = [a_risk(cost_impact=Decimal(10**9)), SMALL]
    found = risk(open_, contingency=Decimal(100), as_of=TODAY, limits=LIMITS)
    assert (found.colour, found.emv, found.cover) == (Colour.GREY, None, None)
    assert (
        found.reasons[0].text
        == "1 open risk with a cost and without a chance: the expected cost is not known"
    )
    assert found.reasons[0].inputs == {"unpriced": ["R1"]}
    thin = risk(open_, contingency=Decimal("0.5"), as_of=TODAY, limits=LIMITS)
    assert thin.colour is Colour.RED
    assert thin.reasons[0].text == "the contingency covers at most 50% of the expected cost of the risks"
    assert found.reasons[0] in thin.reasons


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("cost", {"chance": 0.5, "cost_impact": Decimal(-1000)}),
        ("chance", {"chance": 1.5, "cost_impact": Decimal(1000)}),
        ("chance", {"chance": -0.5}),
        ("days", {"chance": 0.5, "days_impact": -3.0}),
        ("probability", {"probability": -5}),
        ("impact", {"impact": 0}),
        ("review", {"reviewed_on": date(2099, 1, 1), "raised_on": TODAY}),
    ],
)
def test_a_risk_that_cannot_be_is_grey_and_computed_with_nowhere(what: str, given: dict[str, Any]) -> None:
    found = risk([a_risk(**given), SMALL], contingency=Decimal(100), as_of=TODAY, limits=LIMITS)
    assert (found.colour, named(found)) == (Colour.GREY, [f"risk R1 {what}"])
    assert found.emv_at_least == 1
    assert found.cover is None or found.cover == 100


def test_a_risk_that_nobody_ever_reviewed_is_stale_since_it_stands() -> None:
    def of(raised: date | None) -> Computed:
        never = a_risk(reviewed_on=None, raised_on=raised)
        return risk([never], contingency=None, as_of=TODAY, limits=LIMITS)

    assert of(TODAY - timedelta(days=14)).colour is Colour.GREEN
    assert of(TODAY - timedelta(days=15)).colour is Colour.AMBER
    assert of(None).colour is Colour.GREY
    assert of(None).reasons[0].text == "1 open risk without a day of review, or since which it stands"
