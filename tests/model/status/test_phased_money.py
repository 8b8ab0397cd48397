"""Money by month up to any day, and indices that move as they must."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.shipped import policy
from model.status.colour import Colour, order
from model.status.earned_value import earned_schedule, performance
from model.status.phased import after, cumulative, month_end, months_before, periods, until

LIMITS = policy().for_tier(1)
MONTHS = st.dictionaries(
    st.builds(lambda year, month: date(year, month, 1), st.integers(2020, 2024), st.integers(1, 12)),
    st.decimals(0, 10**6, places=2),
    min_size=1,
    max_size=12,
)
DAYS = st.dates(date(2019, 1, 1), date(2026, 1, 1))
MONEY = st.decimals(1, 10**6, places=2)


@given(months=MONTHS, day=DAYS, more=st.integers(0, 400))
@settings(max_examples=50)
def test_what_is_due_by_a_later_day_is_never_less_and_never_more_than_all(
    months: dict[date, Decimal], day: date, more: int
) -> None:
    now, later = until(months, day), until(months, day + timedelta(days=more))
    assert 0 <= now <= later <= sum(months.values(), Decimal(0))


@given(months=MONTHS)
@settings(max_examples=50)
def test_the_sums_by_month_are_what_is_due_at_each_months_end(months: dict[date, Decimal]) -> None:
    sums, month = cumulative(months), min(months)
    for value in sums:
        assert value == until(months, month_end(month))
        month = months_before(month, -1)
    assert sums[-1] == sum(months.values(), Decimal(0))


@given(start=st.dates(date(2000, 1, 1), date(2050, 1, 1)), days=st.integers(0, 2000))
def test_a_day_that_is_so_many_months_on_is_that_day(start: date, days: int) -> None:
    first = start.replace(day=1)
    day = first + timedelta(days=days)
    assert after(first, periods(first, day)) == day


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 10, 31), 3, date(2026, 7, 31)),
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2026, 2, 28), 3, date(2025, 11, 30)),
        (date(2026, 3, 15), 3, date(2025, 12, 15)),
        (date(2026, 3, 30), 1, date(2026, 2, 28)),
    ],
)
def test_the_end_of_a_month_stays_one_three_months_before(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


def test_a_pace_that_leads_past_the_calendar_leads_to_no_day() -> None:
    assert after(date(2026, 1, 1), 10.0**6) is None


@given(earned=MONEY, more=MONEY, against=MONEY)
@settings(max_examples=50)
def test_more_earned_for_the_same_is_never_a_worse_colour(
    earned: Decimal, more: Decimal, against: Decimal
) -> None:
    less = order(performance("cost", earned, against, LIMITS).colour)
    better = order(performance("cost", earned + more, against, LIMITS).colour)
    assert less is not None
    assert better is not None
    assert better <= less


@given(earned=MONEY, against=MONEY, before=st.tuples(MONEY, MONEY))
@settings(max_examples=50)
def test_the_recent_window_never_makes_a_colour_better(
    earned: Decimal, against: Decimal, before: tuple[Decimal, Decimal]
) -> None:
    alone = order(performance("schedule", earned, against, LIMITS).colour)
    both = order(performance("schedule", earned, against, LIMITS, before).colour)
    assert alone is not None
    assert both is not None
    assert both >= alone


@given(earned=MONEY, against=st.decimals(-(10**6), 0, places=2))
@settings(max_examples=30)
def test_nothing_spent_or_money_that_came_back_is_grey(earned: Decimal, against: Decimal) -> None:
    found = performance("cost", earned, against, LIMITS)
    assert (found.colour, found.index) == (Colour.GREY, None)


@given(months=MONTHS, share=st.decimals(0, 1, places=3), more=st.decimals(0, 1, places=3))
@settings(max_examples=50)
def test_more_earned_is_never_less_of_the_schedule(
    months: dict[date, Decimal], share: Decimal, more: Decimal
) -> None:
    planned = cumulative(months)
    all_ = planned[-1]
    first = earned_schedule(planned, all_ * share, at=3.5, duration=len(planned))
    second = earned_schedule(planned, all_ * min(Decimal(1), share + more), at=3.5, duration=len(planned))
    assert first is not None
    assert second is not None
    assert 0 <= first.earned <= second.earned <= len(planned)
