"""Programmes out of a register's cell, and money by a rate of a stated day."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.currency import Rate, Rates
from model.membership import Membership, divided, memberships

DAY = date(2026, 11, 2)
NAMES = st.text(alphabet="abc XYZ,%-é", min_size=1, max_size=12).map(str.strip).filter(bool)


def rate(base: str, quote: str, number: str, *, day: date = DAY) -> Rate:
    return Rate(day, base, quote, Decimal(number), "central bank")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, ()),
        (" ; ", ()),
        ("Space", (Membership("Space"),)),
        ("Health, digital; Space", (Membership("Health, digital"), Membership("Space"))),
        ("Space\nAir", (Membership("Space"), Membership("Air"))),
        ("Space; Space (40 %)", (Membership("Space"),)),
        ("Space (60 %); Air (40%)", (Membership("Space", Decimal(60)), Membership("Air", Decimal(40)))),
        ("Space (12,5 %, critical)", (Membership("Space", Decimal("12.5"), critical=True),)),
        ("Space (Critical)", (Membership("Space", critical=True),)),
        ("Space (phase 2)", (Membership("Space (phase 2)"),)),
        ("Space (150 %)", (Membership("Space", refused="150 %"),)),
        ("Air (-5 %, critical)", (Membership("Air", critical=True, refused="-5 %"),)),
        ("Space (phase 2) (60 %)", (Membership("Space (phase 2)", Decimal(60)),)),
    ],
)
def test_a_cell_names_programmes_with_what_stands_in_brackets(
    cell: str | None, expected: tuple[Membership, ...]
) -> None:
    assert memberships(cell) == expected


@settings(max_examples=30)
@given(st.lists(NAMES, max_size=4, unique=True), st.integers(0, 100))
def test_no_name_of_a_cell_is_lost(names: list[str], share: int) -> None:
    found = memberships("; ".join(f"{name} ({share} %)" for name in names))
    assert found == tuple(Membership(name, Decimal(share)) for name in names)


def test_shares_over_the_whole_are_said() -> None:
    assert divided(memberships("Space (60 %); Air (40 %)")) is None
    assert "Space (150 %): a share from 0 to 100 % was expected" in str(divided(memberships("Space (150 %)")))
    assert "carry 110 % of its budget together" in str(divided(memberships("Space (60 %); Air (50 %)")))


def test_the_newest_rate_up_to_the_day_counts_whichever_way_it_is_told() -> None:
    told = [
        rate("EUR", "GBP", "0.5", day=date(2026, 1, 1)),
        rate("GBP", "EUR", "4", day=date(2026, 2, 1)),
        rate("EUR", "GBP", "0.9", day=date(2027, 1, 1)),
    ]
    found = Rates(told, on=DAY).convert(Decimal(100), "EUR", "GBP")
    assert found is not None
    assert (found.amount, found.by) == (Decimal(25), (told[1],))


def test_two_currencies_without_a_rate_are_never_converted() -> None:
    rates = Rates([rate("EUR", "GBP", "0.86", day=date(2027, 1, 1)), rate("USD", "JPY", "150")], on=DAY)
    assert rates.convert(Decimal(1), "EUR", "GBP") is None
    assert rates.convert(Decimal(1), "USD", "GBP") is None


def test_a_third_currency_leads_there_and_both_rates_are_named() -> None:
    by_euro = [rate("EUR", "USD", "1.25"), rate("EUR", "GBP", "0.75")]
    found = Rates(by_euro).convert(Decimal(100), "USD", "GBP")
    assert found is not None
    assert (found.amount, set(found.by)) == (Decimal(60), set(by_euro))


@settings(max_examples=30)
@given(st.decimals("0.01", 10**9, places=2), st.decimals("0.001", 1000, places=3))
def test_there_and_back_is_the_same_money(amount: Decimal, number: Decimal) -> None:
    rates = Rates([Rate(DAY, "EUR", "GBP", number, "central bank")])
    there = rates.convert(amount, "EUR", "GBP")
    assert there is not None
    back = rates.convert(there.amount, "GBP", "EUR")
    assert back is not None
    assert abs(back.amount - amount) < Decimal("0.000001")
    same = rates.convert(amount, "EUR", "EUR")
    assert same is not None
    assert (same.amount, same.by) == (amount, ())
