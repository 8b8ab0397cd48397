"""F16, F21, F25 and F26: behaviour, absorbed slips, contract cover, the way back to green."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.policy import BehaviourLimits
from model.status.behaviour import flags
from model.status.colour import Colour
from model.status.contract import cover
from model.status.earned_value import Values
from model.status.get_to_green import way_back
from model.status.rebaseline import absorbed
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

G, A, R, X = Colour.GREEN, Colour.AMBER, Colour.RED, Colour.GREY
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
MONEY = st.decimals(min_value=1, max_value=10**9, places=2)


def day(text: str) -> date:
    return date.fromisoformat(text)


@needs_shared
def test_the_worked_re_baseline_comes_out_to_the_digit() -> None:
    case = oracle("F21_rebaseline")
    given_ = {name: day(value) for name, value in case["inp"].items()}
    found = absorbed([given_["original_baseline"], given_["current_baseline"]], given_["forecast"])
    assert found is not None
    assert found.share is not None
    assert {
        "slip_vs_current": found.slip_current, "slip_vs_original": found.slip_original,
        "absorbed_days": found.absorbed_days, "absorbed_share": round(found.share, 6),
    } == case["out"]  # fmt: skip


def test_nothing_is_absorbed_where_nobody_approved_or_forecast_a_finish() -> None:
    assert absorbed([], day("2025-01-01")) is None
    assert absorbed([day("2025-01-01")], None) is None


def test_a_project_that_is_early_has_absorbed_no_share() -> None:
    found = absorbed([day("2025-06-30"), day("2025-07-31")], day("2025-06-01"))
    assert found is not None
    assert found.share is None


@given(first=DAYS, moved=st.integers(0, 900), late=st.integers(0, 900))
def test_what_was_absorbed_and_what_still_shows_are_the_whole_slip(
    first: date, moved: int, late: int
) -> None:
    last = first + timedelta(days=moved)
    found = absorbed([first, last], last + timedelta(days=late))
    assert found is not None
    assert found.absorbed_days + found.slip_current == found.slip_original


@needs_shared
def test_the_worked_contract_comes_out_to_the_digit() -> None:
    case = oracle("F25_contract")
    given_: dict[str, Any] = case["inp"]
    found = cover(
        value=Decimal(given_["value"]), invoiced=Decimal(given_["invoiced"]), start=day(given_["start"]),
        end=day(given_["end"]), project_finish=day(given_["project_forecast_finish"]), as_of=day(given_["as_of"]),
    )  # fmt: skip
    assert found.burn_pct is not None
    assert {
        "burn_pct": float(found.burn_pct), "elapsed_pct": found.elapsed_pct, "cover_gap_days": found.gap_days,
        "renewal_alert": found.renew,
    } == case["out"]  # fmt: skip


def test_a_contract_of_which_nothing_is_known_says_nothing() -> None:
    found = cover(
        value=None, invoiced=None, start=None, end=None, project_finish=None, as_of=day("2025-01-01")
    )
    assert (found.burn_pct, found.elapsed_pct, found.gap_days, found.renew) == (None, None, None, None)


def test_a_contract_without_a_value_or_that_ends_before_it_starts_has_no_share() -> None:
    found = cover(
        value=Decimal(0), invoiced=Decimal(1), start=day("2025-02-01"), end=day("2025-01-01"),
        project_finish=day("2024-12-01"), as_of=day("2025-01-15"),
    )  # fmt: skip
    assert (found.burn_pct, found.elapsed_pct, found.gap_days, found.renew) == (None, None, 0, False)


@given(start=DAYS, length=st.integers(1, 3000), as_of=DAYS)
def test_a_contract_is_never_less_than_not_begun_nor_more_than_over(
    start: date, length: int, as_of: date
) -> None:
    end = start + timedelta(days=length)
    found = cover(value=None, invoiced=None, start=start, end=end, project_finish=None, as_of=as_of)
    assert found.elapsed_pct is not None
    assert 0 <= found.elapsed_pct <= 100


@needs_shared
def test_the_worked_way_back_to_green_comes_out_to_the_digit() -> None:
    case = oracle("F26_get_to_green")
    given_ = case["inp"]
    now = Values(planned=Decimal(0), earned=Decimal(given_["EV"]), actual=Decimal(given_["AC"]))
    found = way_back(
        Decimal(given_["BAC"]),
        now,
        approved=Decimal(given_["budget"]),
        amber_pct=Decimal(given_["amber_pct"]),
    )
    assert found.needed is not None
    assert found.achieved is not None
    assert found.improvement_pct is not None
    assert float(found.max_cost) == case["out"]["max_EAC_for_green"]
    assert float(round(found.needed, 6)) == case["out"]["needed_TCPI"]
    assert float(found.achieved) == case["out"]["CPI_cum"]
    assert float(round(found.improvement_pct, 4)) == case["out"]["needed_improvement_pct"]
    assert found.plausible is case["out"]["plausible"]


def test_what_is_overspent_already_cannot_come_back_and_what_is_all_earned_need_not() -> None:
    spent = Values(planned=Decimal(0), earned=Decimal(50), actual=Decimal(200))
    assert way_back(Decimal(100), spent, approved=Decimal(100), amber_pct=Decimal(5)).plausible is False
    done = Values(planned=Decimal(0), earned=Decimal(100), actual=Decimal(90))
    assert way_back(Decimal(100), done, approved=Decimal(100), amber_pct=Decimal(5)).plausible is True


def test_a_project_that_has_spent_or_earned_nothing_shows_no_efficiency_to_compare_with() -> None:
    fresh = Values(planned=Decimal(0), earned=Decimal(0), actual=Decimal(0))
    found = way_back(Decimal(100), fresh, approved=Decimal(100), amber_pct=Decimal(5))
    assert (found.achieved, found.improvement_pct, found.plausible) == (None, None, None)


@given(budget=MONEY, earned=MONEY, actual=MONEY, more=MONEY)
def test_the_more_is_spent_the_better_the_rest_must_go(
    budget: Decimal, earned: Decimal, actual: Decimal, more: Decimal
) -> None:
    def needed(spent: Decimal) -> Decimal | None:
        now = Values(planned=Decimal(0), earned=min(earned, budget), actual=spent)
        return way_back(budget, now, approved=budget, amber_pct=Decimal(5)).needed

    before, after = needed(actual), needed(actual + more)
    assert after is None or (before is not None and before <= after)


@pytest.mark.parametrize(
    ("colours", "overdue", "names"),
    [
        ([G, R], False, ["cliff"]),
        ([G, A, R], False, []),
        ([G, X, R], False, ["cliff"]),
        ([A] * 6, False, ["stuck"]),
        ([A] * 3 + [X] + [A] * 3, False, []),
        ([G, A, G, A], False, ["flapping"]),
        ([G, A, G, A, A, A, A], False, []),
        ([G] * 3, True, ["belied"]),
        ([G] * 3, False, []),
        ([G, G], True, []),
        ([], True, []),
    ],
)
def test_colours_that_behave_oddly_are_flagged(
    *, colours: list[Colour], overdue: bool, names: list[str]
) -> None:
    assert [flag.name for flag in flags(colours, BehaviourLimits(), critical_overdue=overdue)] == names


def test_how_many_periods_make_a_flag_is_the_policys() -> None:
    quick = BehaviourLimits(stuck=2, flapping_changes=1, flapping_periods=2, streak=1)
    assert [flag.name for flag in flags([A, A], quick)] == ["stuck"]
    assert [flag.name for flag in flags([A, G], quick, critical_overdue=True)] == ["flapping", "belied"]
    assert flags([A] * 6, BehaviourLimits(stuck=7)) == ()
