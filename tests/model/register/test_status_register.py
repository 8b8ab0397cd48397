"""F7 by words, F8 by unit, F10 by week, F11 and F25: the rules of what a project's office keeps."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import shipped
from model.policy import Limits, Matrix
from model.records import BenefitFacts, ContractFacts, ReviewFacts, RiskFacts, WeekFacts
from model.status.benefit import benefits
from model.status.colour import Colour, order
from model.status.contract import contracts, cover
from model.status.quality import quality
from model.status.resource import weekly_utilisation
from model.status.risk import rate, risk
from model.status.risk_matrix import matrix_of

AS_OF = date(2025, 7, 15)  # a Tuesday
MONDAY = date(2025, 7, 14)
LIMITS: Limits = shipped.policy().limits
AMOUNT = st.decimals(min_value=1, max_value=10**7, places=2)
MATRIX = Matrix(
    cells={"Likely": {"Minor": "Moderate", "Grave": "High"}, "Unlikely": {"Minor": "Low", "Grave": "Top"}},
    levels={"Low": "low", "Moderate": "medium", "High": "high", "Top": "critical"},
)
WORDS = LIMITS.model_copy(update={"risk": LIMITS.risk.model_copy(update={"matrix": MATRIX})})


def weeks(*shares: float | None) -> list[WeekFacts]:
    last = len(shares) - 1
    return [WeekFacts(MONDAY - timedelta(days=7 * (last - n)), percent=one) for n, one in enumerate(shares)]


def percents(known: list[WeekFacts]) -> list[float]:
    return list((weekly_utilisation(known, as_of=AS_OF) or {}).values())


# --- risks by words


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ({"likelihood": "Likely", "severity": "Minor"}, "medium"),
        ({"likelihood": "LIKELY", "severity": "minor"}, "medium"),
        ({"likelihood": "Unlikely", "severity": "Minor", "schedule_likelihood": "Likely",
          "schedule_severity": "Grave"}, "high"),
        ({"schedule_likelihood": "Unlikely", "schedule_severity": "Grave"}, "critical"),
        ({"likelihood": "Likely", "severity": "Unheard of"}, None),
        ({"likelihood": "Likely"}, None),
        ({}, None),
        # A pair the table lacks might be the worst, unless the other one is that already.
        ({"likelihood": "Likely", "severity": "Grave", "schedule_likelihood": "Likely"}, None),
        ({"likelihood": "Unlikely", "severity": "Grave", "schedule_likelihood": "Likely"}, "critical"),
    ],
)  # fmt: skip
def test_a_matrix_of_words_rates_a_risk_by_the_worst_of_its_pairs(
    words: dict[str, Any], level: str | None
) -> None:
    assert rate(RiskFacts("R-1", **words), WORDS.risk).level == level


NUMBERS = Matrix(cells={"4": {"1": "Low", "5": "Top"}}, levels={"Low": "low", "Top": "critical"})


@pytest.mark.parametrize(
    ("matrix", "level"), [(MATRIX, "low"), (NUMBERS, "low"), (None, "low")], ids=["words", "numbers", "none"]
)
def test_numbers_are_rated_by_a_matrix_of_numbers_or_else_multiplied(
    matrix: Matrix | None, level: str
) -> None:
    limits = LIMITS.risk.model_copy(update={"matrix": matrix})
    assert rate(RiskFacts("R-1", probability=4, impact=1), limits).level == level
    assert rate(RiskFacts("R-2", probability=4, impact=5), limits).level == "critical"
    missing = rate(RiskFacts("R-3", probability=2, impact=2), limits)
    assert (missing.score, missing.level) == (4, None if matrix is NUMBERS else "low")


def test_a_register_that_rates_otherwise_than_the_matrix_is_told_so() -> None:
    known = [
        RiskFacts(
            "R-1", likelihood="Likely", severity="Minor", rating="moderate", owner="Ada", reviewed_on=AS_OF
        ),
        RiskFacts("R-2", likelihood="Likely", severity="Grave", rating="Low", owner="Ada", state="closed"),
    ]
    found = risk(known, contingency=None, as_of=AS_OF, limits=WORDS)

    assert found.colour is Colour.GREEN
    assert (found.inputs["rated_by_register"], found.inputs["rated_otherwise"]) == (2, 1)
    assert found.reasons[-1].text == (
        "the register rates 1 of 2 pairs otherwise than the policy's matrix: R-2 cost: Low, by the matrix High"
    )


# --- benefits


def test_benefits_of_different_units_never_meet() -> None:
    known = [
        BenefitFacts("savings", Decimal(100), Decimal(99), "GBP"),
        BenefitFacts("more savings", Decimal(100), Decimal(99), "GBP"),
        BenefitFacts("calls", Decimal(1000), Decimal(700), "calls a month"),
        BenefitFacts("dollars", Decimal(10), None, "USD"),
        BenefitFacts("nobody promised it", None, Decimal(5), "EUR"),
    ]
    found = benefits(known, limits=LIMITS)

    assert {unit: one.colour.value for unit, one in found.items()} == {
        "GBP": "GREEN", "calls a month": "RED", "USD": "GREY",
    }  # fmt: skip
    assert found["GBP"].variance_pct == -1
    assert found["USD"].reasons[0].text == "1 benefit without a forecast"


@settings(max_examples=30)
@given(target=AMOUNT, worse=AMOUNT, better=AMOUNT)
def test_a_better_forecast_never_gives_a_worse_colour(
    target: Decimal, worse: Decimal, better: Decimal
) -> None:
    low, high = sorted([worse, better])
    colours = [
        order(benefits([BenefitFacts("b", target, each, "GBP")], limits=LIMITS)["GBP"].colour)
        for each in (low, high)
    ]
    assert None not in colours
    assert (colours[0] or 0) >= (colours[1] or 0)


# --- utilisation


def test_utilisation_ends_at_a_week_nobody_gave() -> None:
    assert percents(weeks(90, 120, None, 115, 116)) == [115, 116]


def test_utilisation_of_long_ago_says_nothing_of_today() -> None:
    assert weekly_utilisation(weeks(120, 120), as_of=AS_OF + timedelta(days=21)) is None
    assert weekly_utilisation([], as_of=AS_OF) is None


def test_weeks_to_come_are_not_counted_yet() -> None:
    assert weekly_utilisation([WeekFacts(AS_OF + timedelta(days=1), percent=200)], as_of=AS_OF) is None


def test_hours_weigh_teams_and_a_team_without_figures_leaves_the_week_unknown() -> None:
    big, small = WeekFacts(MONDAY, booked=90, capacity=100), WeekFacts(MONDAY, booked=20, capacity=10)
    assert percents([big, small]) == [100]
    assert weekly_utilisation([big, WeekFacts(MONDAY)], as_of=AS_OF) is None
    assert weekly_utilisation([WeekFacts(MONDAY, booked=5, capacity=0)], as_of=AS_OF) is None


# --- quality reviews


def test_reviews_overdue_and_failed_criteria_are_counted() -> None:
    known = [
        ReviewFacts("design", due=date(2025, 7, 1)),
        ReviewFacts("build", due=date(2025, 7, 1), held_on=date(2025, 7, 2), failed=False),
        ReviewFacts("security", due=date(2025, 6, 1), held_on=date(2025, 6, 1), failed=True, open_criteria=3),
        ReviewFacts("data", due=date(2025, 6, 1), held_on=date(2025, 6, 1), failed=True),
        ReviewFacts("put right", held_on=date(2025, 6, 1), failed=True, open_criteria=2, closed_on=date(2025, 7, 1)),
        ReviewFacts("handover", due=date(2025, 9, 1)),
    ]  # fmt: skip
    found = quality(known, gates_failed=2, as_of=AS_OF)

    assert [(each.name, days) for each, days in found.overdue or ()] == [("design", 14)]
    assert found.failed_open == 3 + 1 + 2
    assert found.next_due is not None
    assert found.next_due.name == "handover"


def test_no_review_on_record_is_unknown_and_not_none_overdue() -> None:
    found = quality([], gates_failed=None, as_of=AS_OF)
    assert (found.overdue, found.failed_open) == (None, None)
    undated = quality([ReviewFacts("design")], gates_failed=None, as_of=AS_OF)
    assert (undated.overdue, undated.failed_open) == (None, None)


# --- contracts


def test_the_contract_that_leaves_most_days_uncovered_comes_first() -> None:
    known = [
        ContractFacts("long", end=date(2026, 1, 1), state="active"),
        ContractFacts("short", end=date(2025, 8, 1)),
        ContractFacts("over", end=date(2024, 8, 1), state="ended"),
    ]
    found = contracts(known, project_finish=date(2025, 9, 1), as_of=AS_OF)

    assert found.worst is not None
    assert (found.worst[0].name, found.worst[1].gap_days, found.worst[1].renew) == ("short", 31, True)
    assert [each.name for each, _ in found.covers] == ["short", "long"]


@pytest.mark.parametrize(
    "given_",
    [
        {"value": Decimal(0), "invoiced": Decimal(5)},
        {"value": Decimal(5), "invoiced": Decimal(-1)},
        {"value": None, "invoiced": Decimal(5)},
        {"start": date(2025, 7, 1), "end": date(2025, 6, 1)},
    ],
)
def test_what_cannot_be_is_unknown_and_no_number(given_: dict[str, Any]) -> None:
    none: dict[str, Any] = dict.fromkeys(("value", "invoiced", "start", "end", "project_finish"))
    found = cover(**none | given_, as_of=AS_OF)
    assert (found.burn_pct, found.elapsed_pct) == (None, None)


@settings(max_examples=30)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 2000), st.integers(0, 2000))
def test_a_later_finish_never_leaves_fewer_days_uncovered(end: date, sooner: int, later: int) -> None:
    none: dict[str, Any] = dict.fromkeys(("value", "invoiced", "start"))
    gaps = [
        cover(**none, end=end, project_finish=end + timedelta(days=days - 1000), as_of=AS_OF).gap_days
        for days in sorted([sooner, later])
    ]
    assert 0 <= (gaps[0] or 0) <= (gaps[1] or 0)


# --- the matrix of a register


def test_a_matrix_is_read_off_ratings_and_says_where_they_contradict_each_other() -> None:
    known = [
        RiskFacts("R-1", likelihood="Likely", severity="Minor", rating="Moderate"),
        RiskFacts("R-2", likelihood="likely", severity="Minor", rating="Moderate", state="closed"),
        RiskFacts("R-3", likelihood="Likely", severity="Minor", rating="High", schedule_likelihood="Unlikely",
                  schedule_severity="Minor", schedule_rating="Low"),
        RiskFacts("R-4", likelihood="Likely", severity="Grave"),
        RiskFacts("R-5"),
    ]  # fmt: skip
    found = matrix_of(known)

    assert found.pairs == 4
    assert found.cells == {"Likely": {"Minor": "Moderate"}, "Unlikely": {"Minor": "Low"}}
    assert found.contradictions == {("Likely", "Minor"): {"Moderate": 2, "High": 1}}
    assert found.words == ("Low", "Moderate")
