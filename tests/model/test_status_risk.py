"""F7 and F6: risks and issues."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import policy
from model.policy import Matrix
from model.records import IssueFacts, RiskFacts
from model.status.colour import Colour
from model.status.issues import issues
from model.status.risk import Risk, band, rate, risk
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

LIMITS = policy().for_tier(1)
TODAY = date(2025, 7, 15)


def of(*known: RiskFacts, contingency: int | None = None) -> Risk:
    money = None if contingency is None else Decimal(contingency)
    return risk(known, contingency=money, as_of=TODAY, limits=LIMITS)


def a_risk(probability: float | None, impact: float | None, **more: Any) -> RiskFacts:
    given_: dict[str, Any] = {"owner": "Ada", "response_due": TODAY, "reviewed_on": TODAY} | more
    return RiskFacts(name="Vendor", probability=probability, impact=impact, **given_)


@needs_shared
def test_the_worked_risks_come_out_to_the_digit() -> None:
    case = oracle("F7_risk")
    known = [
        RiskFacts(
            name=item["id"],
            probability=item["p"],
            impact=item["i"],
            chance=item["prob"],
            cost_impact=Decimal(item["cost"]),
            days_impact=item["days"],
            owner=item["owner"],
            response_due=item["response"] and date.fromisoformat(item["response"]),
        )
        for item in case["inp"]["risks"]
    ]
    found = risk(
        known,
        contingency=Decimal(case["inp"]["contingency_remaining"]),
        as_of=date.fromisoformat(case["inp"]["as_of"]),
        limits=LIMITS,
    )
    out = case["out"]
    assert {rated.risk.name: [rated.score, rated.level] for rated in found.rated} == out["scores"]
    assert (found.emv, found.expected_delay_days) == (out["EMV_cost"], out["expected_delay_days"])
    assert found.cover is not None
    assert round(found.cover, 6) == out["contingency_cover"]
    assert [item.name for item in found.overdue] == out["overdue_response"]
    assert [item.name for item in found.unowned] == out["unowned"]
    assert found.colour == out["rag"]
    assert found.reasons[0].text == "critical risk R1 has an overdue response"


@needs_shared
def test_a_matrix_of_words_rates_all_recorded_pairs_as_their_owners_did() -> None:
    words = {"Low": "low", "Moderate": "medium", "High": "critical"}
    cells: dict[str, dict[str, str]] = {}
    pairs = {
        tuple(pair.split(" / ")): word for pair, word in oracle("D1_usace_matrix")["out"]["cells"].items()
    }
    for (likelihood, severity), word in pairs.items():
        cells.setdefault(likelihood, {})[severity] = word
    matrix = Matrix.model_validate({"cells": cells, "levels": words})
    limits = LIMITS.risk.model_copy(update={"matrix": matrix})
    for (likelihood, severity), word in pairs.items():
        rated = rate(RiskFacts(name="r", likelihood=likelihood, severity=severity), limits)
        assert (rated.level, rated.score) == (words[word], None)
    assert rate(RiskFacts(name="r", likelihood="Never", severity="Crisis"), limits).level is None


def test_a_matrix_with_a_word_of_no_level_is_refused() -> None:
    with pytest.raises(ValueError, match="no level is given for High"):
        Matrix.model_validate({"cells": {"Likely": {"Crisis": "High"}}, "levels": {"Low": "low"}})


@pytest.mark.parametrize(
    ("score", "level"), [(4, "low"), (5, "medium"), (9, "medium"), (10, "high"), (14, "high"), (15, "critical")]
)  # fmt: skip
def test_a_score_falls_into_its_band(score: int, level: str) -> None:
    assert band(score, LIMITS.risk) == level


def test_a_critical_risk_that_nobody_owns_is_red() -> None:
    found = of(a_risk(5, 4, owner=None))
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "critical risk Vendor has no owner"


def test_a_critical_risk_that_is_looked_after_is_amber() -> None:
    assert of(a_risk(5, 4)).colour is Colour.AMBER


def test_a_response_due_today_is_not_overdue() -> None:
    assert of(a_risk(5, 5, response_due=TODAY)).colour is Colour.AMBER
    assert of(a_risk(5, 5, response_due=TODAY - timedelta(days=1))).colour is Colour.RED


def test_a_stale_review_is_amber_by_the_limit_of_the_tier() -> None:
    old = a_risk(1, 1, reviewed_on=TODAY - timedelta(days=8))
    assert of(old).colour is Colour.AMBER
    larger = policy().for_tier(2)
    assert risk([old], contingency=None, as_of=TODAY, limits=larger).colour is Colour.GREEN


def test_thin_cover_is_amber_and_thinner_is_red() -> None:
    priced = a_risk(1, 1, chance=0.5, cost_impact=Decimal(200))
    assert [of(priced, contingency=c).colour for c in (100, 99, 80, 79)] == ["GREEN", "AMBER", "AMBER", "RED"]


def test_risks_without_a_price_have_no_cover_rather_than_a_full_one() -> None:
    found = of(a_risk(1, 1), contingency=100)
    assert (found.emv, found.cover) == (None, None)


def test_an_expected_cost_that_nobody_knows_what_covers_is_never_green() -> None:
    priced = a_risk(1, 1, chance=0.5, cost_impact=Decimal(200))
    found = of(priced)
    assert (found.colour, found.reasons[0].text) == (
        Colour.GREY, "no contingency is on record to cover the expected cost of 100.00",
    )  # fmt: skip
    assert of(priced, contingency=100).colour is Colour.GREEN
    assert of(a_risk(1, 1, chance=0.0, cost_impact=Decimal(200))).colour is Colour.GREEN
    assert of(priced, a_risk(5, 5)).colour is Colour.AMBER  # what speaks against green still does


def test_costs_in_several_currencies_are_never_green() -> None:
    priced = a_risk(1, 1, chance=0.5, cost_impact=Decimal(200))
    apart = {"contingency": Decimal(10), "as_of": TODAY, "limits": LIMITS}
    found = risk([priced], mixed="no expected cost: amounts are in EUR and GBP", **apart)
    assert (found.colour, found.emv, found.cover) == (Colour.GREY, None, None)
    assert found.reasons[0].text == "no expected cost: amounts are in EUR and GBP"


def test_a_chance_is_assumed_only_where_the_policy_gives_one() -> None:
    limits = LIMITS.model_copy(update={"risk": LIMITS.risk.model_copy(update={"chances": {4: 0.7}})})
    priced = a_risk(4, 1, cost_impact=Decimal(100))
    assert risk([priced], contingency=None, as_of=TODAY, limits=limits).emv == Decimal(70)
    assert of(priced).emv is None


def test_an_open_risk_that_nobody_rated_is_grey_not_green() -> None:
    found = of(a_risk(1, 1), a_risk(None, 5))
    assert (found.colour, found.reasons[0].text) == (Colour.GREY, "1 open risk without a rating")


def test_an_empty_risk_log_is_grey_and_a_closed_one_is_green() -> None:
    assert of().colour is Colour.GREY
    assert risk(None, contingency=None, as_of=TODAY, limits=LIMITS).colour is Colour.GREY
    assert of(a_risk(5, 5, owner=None, state="closed")).colour is Colour.GREEN


SCORE = st.none() | st.integers(1, 5)
RISKS = st.lists(
    st.builds(
        RiskFacts, name=st.text(max_size=3), probability=SCORE, impact=SCORE, chance=st.none() | st.floats(0, 1),
        cost_impact=st.none() | st.decimals(0, 10**9, places=2), days_impact=st.none() | st.floats(0, 999),
        owner=st.none() | st.just("Ada"), response_due=st.none() | st.dates(), reviewed_on=st.none() | st.dates(),
        state=st.sampled_from([None, "open", "closed"]),
    ),
    max_size=6,
)  # fmt: skip


@given(RISKS, st.none() | st.decimals(0, 10**9, places=2))
def test_a_risk_dimension_is_green_only_where_every_open_risk_is_rated(
    known: list[RiskFacts], contingency: Decimal | None
) -> None:
    found = risk(known, contingency=contingency, as_of=TODAY, limits=LIMITS)
    assert found.reasons
    assert found.emv is None or found.emv >= 0
    if found.colour is Colour.GREEN:
        assert known
        assert found.emv in (None, 0) or found.cover is not None
        assert all(rated.level in ("low", "medium") for rated in found.rated)


def an_issue(**more: Any) -> IssueFacts:
    given_: dict[str, Any] = {"impact": 4, "raised_on": TODAY} | more
    return IssueFacts(name="Outage", **given_)


def test_a_grave_issue_overdue_by_more_than_fourteen_days_is_red() -> None:
    late = [an_issue(due=TODAY - timedelta(days=days)) for days in (14, 15)]
    assert issues(late[:1], as_of=TODAY, limits=LIMITS).colour is Colour.AMBER
    found = issues(late, as_of=TODAY, limits=LIMITS)
    assert found.colour is Colour.RED
    assert found.reasons[0].text == "issue Outage is 15 days overdue"


def test_an_overdue_issue_of_unknown_impact_is_amber_at_least() -> None:
    late = an_issue(impact=None, due=TODAY - timedelta(days=90))
    assert issues([late], as_of=TODAY, limits=LIMITS).colour is Colour.AMBER


def test_issues_that_stay_open_for_long_are_amber_by_the_limit_of_the_tier() -> None:
    old = [an_issue(raised_on=TODAY - timedelta(days=40))]
    assert issues(old, as_of=TODAY, limits=LIMITS).colour is Colour.AMBER
    assert issues(old, as_of=TODAY, limits=policy().for_tier(2)).colour is Colour.GREEN


def test_issues_without_any_date_are_grey_and_so_is_an_empty_log() -> None:
    assert issues([an_issue(raised_on=None)], as_of=TODAY, limits=LIMITS).colour is Colour.GREY
    assert issues([], as_of=TODAY, limits=LIMITS).colour is Colour.GREY
    assert issues(None, as_of=TODAY, limits=LIMITS).colour is Colour.GREY


def test_an_issue_without_a_day_is_never_green_beside_ones_with_days() -> None:
    undated = [an_issue(raised_on=None)] * 9
    found = issues([an_issue(), *undated], as_of=TODAY, limits=LIMITS)
    assert (found.colour, found.reasons[0].text) == (
        Colour.GREY, "9 issues without a day, neither raised nor due",
    )  # fmt: skip
    assert issues(
        [an_issue(), an_issue(raised_on=TODAY + timedelta(days=1))], as_of=TODAY, limits=LIMITS
    ).undated
    late = an_issue(due=TODAY - timedelta(days=1))
    assert issues([late, *undated], as_of=TODAY, limits=LIMITS).colour is Colour.AMBER
    assert (
        issues([an_issue(), an_issue(raised_on=None, state="closed")], as_of=TODAY, limits=LIMITS).colour
        is Colour.GREEN
    )


def test_a_log_of_closed_issues_is_green() -> None:
    found = issues([an_issue(state="closed")], as_of=TODAY, limits=LIMITS)
    assert (found.colour, found.reasons[0].text) == (Colour.GREEN, "no issue open")
