"""The pages for heads, over one seeded portfolio."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.pages.charts_columns import curve, stacks
from api.pages.charts_heat import axes, heat, place_of
from api.pages.charts_time import scale, spans
from api.pages.compare import paired
from api.pages.money import line_of, total_of
from api.pages.portfolio import ages
from api.pages.trend import days_of
from api.signin.tokens import create_token
from config.database import open_engine
from config.shipped import policy
from model.currency import Rate, Rates
from model.policy import Matrix
from model.records import CLOSED_STATES, RiskFacts
from model.status.risk import rate
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.pages import assert_runs_nothing
from tests.support.portfolio_rows import seed

TODAY = date(2026, 11, 22)
DAYS = st.none() | st.dates(date(2025, 1, 1), date(2029, 1, 1))


@pytest.fixture(scope="module")
def portfolio(template_url: str) -> Iterator[Engine]:
    """An engine on the demo's twelve projects; what a test changes it says."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def everything(portfolio: Engine) -> TestClient:
    return client(portfolio, name="everything")


@pytest.fixture(scope="module")
def one(portfolio: Engine, everything: TestClient) -> TestClient:
    made = create_token(portfolio, "one", projects=["PORTAL"], scopes=("read",))
    return TestClient(
        everything.app, headers={"Authorization": f"Bearer {made}"}, raise_server_exceptions=False
    )


@settings(max_examples=40)
@given(st.lists(st.tuples(DAYS, DAYS), max_size=12))
def test_no_milestone_covers_another_of_its_lane_and_none_leaves_the_track(
    pairs: list[tuple[date | None, date | None]],
) -> None:
    on = scale([], TODAY, first=TODAY - timedelta(days=200), last=TODAY + timedelta(days=400))
    laid, lanes = spans(pairs, on)
    taken: dict[int, list[tuple[float, float]]] = {}
    for found in laid:
        seen = [x for x in (found.baseline, found.expected, found.left, found.right) if x is not None]
        assert all(0 <= x <= 100 for x in seen)
        if seen:
            assert found.lane < lanes
            taken.setdefault(found.lane, []).append((min(seen), max(seen)))
    for places in taken.values():
        assert all(right < left for (_, right), (left, _) in pairwise(places))


def test_only_the_milestones_of_visible_projects_are_shown_and_counted(
    portfolio: Engine, everything: TestClient, one: TestClient
) -> None:
    assert "Network refresh" in everything.get("/milestones").text
    mine = one.get("/milestones").text
    assert "Network refresh" not in mine
    count = "SELECT count(*) FROM milestone m JOIN project p ON p.id = m.project_id WHERE p.key = 'PORTAL'"
    with portfolio.begin() as connection:
        number = connection.scalar(text(count))
    assert f"<b>{number}</b> all" in mine


def test_a_programme_a_name_and_a_kind_narrow_the_time_line(everything: TestClient) -> None:
    page = everything.get("/milestones?programme=Digital+services&show=critical&span=whole&sort=name").text
    assert "Citizen portal" in page
    assert "Network refresh" not in page
    assert "No milestone matches" in everything.get("/milestones?q=nothing+of+that+name").text
    assert everything.get("/milestones?show=wrong").status_code == 422


LIMITS = policy().limits.risk
WORDS = LIMITS.model_copy(
    update={
        "matrix": Matrix(
            cells={
                "Rare": {"Minor": "Fine", "Grave": "Bad"},
                "Likely": {"Minor": "Bad", "Grave": "Awful"},
            },
            levels={"Fine": "low", "Bad": "medium", "Awful": "critical"},
        )
    }
)


def test_the_heat_map_is_the_matrix_of_the_policy_the_gravest_corner_at_the_top_right() -> None:
    assert axes(LIMITS) == (("5", "4", "3", "2", "1"), ("1", "2", "3", "4", "5"))
    assert axes(WORDS) == (("Likely", "Rare"), ("Minor", "Grave"))
    found = heat(WORDS, {("LIKELY", "grave"): 3}, {("Likely", "Grave"): 1})
    corner = found.rows[0][1][-1]
    assert (corner.level, corner.count, corner.change) == ("critical", 3, 2)


def test_a_risk_lies_in_a_cell_by_its_words_or_its_numbers_and_in_none_when_nobody_rated_it() -> None:
    words = RiskFacts("a", likelihood="likely", severity="grave")
    assert place_of(rate(words, WORDS), WORDS) == ("likely", "grave")
    assert place_of(rate(words, LIMITS), LIMITS) is None
    assert place_of(rate(RiskFacts("b", probability=3.5, impact=2), LIMITS), LIMITS) == ("4", "2")
    assert place_of(rate(RiskFacts("c", probability=3), LIMITS), LIMITS) is None


def test_the_heat_map_counts_the_open_risks_of_visible_projects_only(
    portfolio: Engine, everything: TestClient, one: TestClient
) -> None:
    said = text(
        "SELECT count(*) AS every, count(*) FILTER (WHERE p.key = 'PORTAL') AS mine FROM raid_item r JOIN project p"
        " ON p.id = r.project_id WHERE r.kind = 'risk' AND coalesce(r.state, '') <> ALL(:closed)"
    )
    with portfolio.begin() as connection:
        every, mine = connection.execute(said, {"closed": sorted(CLOSED_STATES)}).one()
    assert every
    assert f"<b>{every}</b> open" in everything.get("/risks").text
    assert f"<b>{mine}</b> open" in one.get("/risks").text


def test_a_cell_leads_to_its_risks_and_a_level_to_its_receipt(everything: TestClient) -> None:
    page = everything.get("/risks").text
    assert "likelihood=" in page
    assert "/receipt/risk" in page
    assert "No risk matches" in everything.get("/risks?likelihood=5&impact=1").text


def test_the_trend_counts_every_project_of_its_day_and_no_hidden_one(
    everything: TestClient, one: TestClient
) -> None:
    page = everything.get("/trend").text
    assert page.count('class="foot"') == 1
    assert ">12<" in page  # projects of the newest day
    mine = one.get("/trend?by=month").text
    assert "Estates and network" not in mine
    assert '<td class="n">12</td>' not in mine


def test_a_trend_goes_back_by_weeks_or_months_and_never_before_the_first_snapshot() -> None:
    days = [TODAY - timedelta(days=7 * week) for week in range(11)]
    assert days_of(TODAY, days, "snapshot") == days[::-1]
    assert days_of(TODAY, days, "week") == days[::-1]
    assert days_of(TODAY, days, "month") == [date(2026, 9, 30), date(2026, 10, 31), TODAY]
    assert days_of(TODAY, [], "week") == []


@settings(max_examples=40)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["RED", "AMBER", "GREEN", "GREY"]), st.integers(0, 900)), max_size=13
    )
)
def test_columns_stand_on_the_ground_and_none_is_higher_than_the_chart(counts: list[dict[str, int]]) -> None:
    for column, each in zip(stacks(counts, 190), counts, strict=True):
        assert sum(block.count for block in column.blocks) == sum(each.values())
        assert all(block.y >= -0.2 and block.y + block.height <= 190.3 for block in column.blocks)
        assert 0 <= column.x <= column.x + column.width <= 100.01


def test_what_nobody_knows_is_a_gap_in_the_curve() -> None:
    found = curve([10.0, None, 30.0, 40.0], 100, 0, 100)
    assert len(found.dots) == 3
    assert len(found.pieces) == 1


def test_two_days_are_compared_by_colour_health_dates_and_money(
    everything: TestClient, one: TestClient
) -> None:
    page = everything.get("/compare?from=2026-10-25&to=2026-11-22").text
    assert "Where colours went" in page
    assert "receipt/overall" in page
    assert "0</b> changed" in everything.get("/compare?from=2026-11-22&to=2026-11-22").text
    mine = one.get("/compare?from=2026-09-06&show=all").text
    assert "Citizen portal" in mine
    assert "Network refresh" not in mine
    assert "went back in time" in everything.get("/compare?from=2026-11-22&to=2026-10-25").text


def test_what_is_unknown_at_one_of_both_days_is_neither_better_nor_worse() -> None:
    was: dict[str, Any] = {
        "key": "A",
        "name": "A",
        "overall": "GREY",
        "health": None,
        "reported": None,
        "dimensions": {},
        "figures": {},
    }
    now = was | {
        "overall": "RED",
        "health": 10.0,
        "figures": {"budget": "100", "forecast_finish": "2027-01-01"},
    }
    (pair,) = paired([was], [now])
    assert (pair.step, pair.health, pair.changed) == (None, None, True)
    assert {figure.name: figure.by for figure in pair.figures} == {"forecast_finish": None, "budget": None}
    (new,) = paired([], [now])
    assert new.was is None
    assert new.changed


RATES = Rates([Rate(TODAY, "EUR", "GBP", Decimal("0.5"), "made up")])


def told(key: str, **figures: Any) -> dict[str, Any]:
    return {"key": key, "name": key, "programme": "P", "figures": figures}


def test_money_is_carried_over_by_a_rate_and_is_unknown_without_one() -> None:
    euros = line_of(told("A", budget="100", forecast_cost="120", currency="EUR"), RATES, "GBP")
    assert [euros.budget, euros.forecast, euros.over, euros.percent] == [50, 60, 10, 20]
    yen = line_of(told("B", budget="100", forecast_cost="120", currency="JPY"), RATES, "GBP")
    assert (yen.budget, yen.over, yen.left_out) == (None, None, "JPY")


def test_a_sum_holds_budgets_against_forecasts_of_the_same_projects_only() -> None:
    both = line_of(told("A", budget="100", forecast_cost="90", currency="GBP"), RATES, "GBP")
    half = line_of(told("B", budget="1000", currency="GBP"), RATES, "GBP")
    total = total_of("", [both, half])
    assert [total.budget, total.forecast, total.over, total.actual, total.without] == [100, 90, -10, None, 1]
    assert total_of("", [half]).budget is None


def test_the_money_page_shows_amounts_with_their_receipts_of_visible_projects_only(
    everything: TestClient, one: TestClient
) -> None:
    page = everything.get("/money").text
    assert "/projects/PORTAL/receipt/budget" in page
    assert "Estates and network" in page
    mine = one.get("/money?sort=share").text
    assert "/projects/PORTAL/receipt/budget" in mine
    assert "NETWORK" not in mine


def test_the_portfolio_is_shown_whole_by_programme_and_as_a_pack_to_print(everything: TestClient) -> None:
    page = everything.get("/portfolio").text
    for heading in ("Programmes", "Needs attention", "Trend", "Milestones that are late", "Risks", "Money"):
        assert f">{heading}</h2>" in page
    assert "/receipt/schedule" in page
    assert 'class="sheet-of"' in everything.get("/portfolio?pack=1").text
    own = everything.get("/portfolio?programme=Digital+services").text
    assert ">Programmes</h2>" not in own
    assert "Network refresh" not in own


def test_a_programme_one_may_not_see_is_told_like_one_that_is_not_there(one: TestClient) -> None:
    hidden, missing = (one.get(f"/portfolio?programme={name}") for name in ("Core+systems", "No+such"))
    assert (hidden.status_code, missing.status_code) == (404, 404)
    page = one.get("/portfolio").text
    assert "Citizen portal" in page
    assert "Network refresh" not in page
    assert "Core systems" not in page


def test_the_age_of_what_was_never_read_is_not_nought_and_comes_first() -> None:
    read = {"name": "A", "sources": [{"name": "jira", "synced_at": "2026-11-20T10:00:00Z"}]}
    never = {"name": "B", "sources": [{"name": "ado", "synced_at": None}]}
    first, second = ages([read, never], TODAY)
    assert (first.source, first.days, first.report, first.stale) == ("ado", None, None, True)
    assert (second.source, second.days, second.stale) == ("jira", 2, False)


@pytest.mark.parametrize("path", ["/portfolio", "/milestones", "/risks", "/money", "/trend", "/compare"])
def test_pages_for_heads_run_nothing_inline_on_any_day(everything: TestClient, path: str) -> None:
    day = "to" if path == "/compare" else "as_of"
    for asked in ("", f"?{day}=2026-10-25", f"?{day}=1999-01-01", "?programme=Digital+services"):
        answer = everything.get(path + asked)
        assert answer.status_code == 200, asked
        assert_runs_nothing(answer.text)
