"""Bad input of the status rules, each kind once: the rest goes on, the bad is grey and says why, nothing is altered."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from config import shipped
from config.database import open_engine
from model.declaration import InvalidDeclaration
from model.policies import overlap
from model.policy_faults import read_policy
from sync.consolidate import Consolidation, consolidate
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)
FIRST = T0 - 40 * DAY  # then nothing for five weeks
PLAN = {"baseline_start": "2026-01-05", "baseline_finish": "2026-12-18", "forecast_finish": "2026-12-18"}
MONEY = {"budget": "1000", "forecast_cost": "1000"}
PROJECTS: dict[str, dict[str, Any]] = {
    "FINE": {**PLAN, **MONEY, "percent_complete": 80},
    "NOBASE": {"forecast_finish": "2026-12-18", **MONEY},
    "AFTER": {**PLAN, "baseline_start": "2027-03-01", **MONEY},
    "ZERO": {**PLAN, "budget": "0", "forecast_cost": "10"},
    "NEGATIVE": {**PLAN, **MONEY, "percent_complete": 50},
    "TWO": {**PLAN, "budget": "1000"},
    "EUROS": {**PLAN, **MONEY, "currency": "EUR"},
    "OVER": {**PLAN, **MONEY, "percent_complete": 140},
    "TIER": {**PLAN, **MONEY, "tier": 9},
}


class Seeded:
    """The projects above, consolidated on two days five weeks apart."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        rows.source("pmo-files", "excel", at=FIRST)
        rows.source("finance", "excel", at=FIRST)
        for number, (key, values) in enumerate(PROJECTS.items(), 8):
            rows.register("pmo-files", key, row=number, **values)
        for key, amount in (("FINE", "400"), ("NEGATIVE", "-400"), ("OVER", "400")):
            for month in range(1, 13):
                rows.cost("finance", key, "baseline", "83.33", period=date(2026, month, 1), at=FIRST)
            rows.cost("finance", key, "actual", amount, period=date(2026, 9, 1), at=FIRST)
        rows.cost("finance", "TWO", "forecast", "900", currency="EUR", at=FIRST)
        consolidate(rows.engine, as_of=FIRST.date(), known_at=FIRST)
        # A clock that runs an hour ahead of ours: what it says is not known yet.
        rows.raid("pmo-files", "FINE", item_id="R-1", probability=5, impact=5, at=T0 + timedelta(hours=1))
        self.done: Consolidation = consolidate(rows.engine, as_of=T0.date(), known_at=T0)


@pytest.fixture(scope="module")
def seeded(template_url: str) -> Iterator[Seeded]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield Seeded(Rows(engine))
        engine.dispose()


@pytest.fixture(scope="module")
def api(seeded: Seeded) -> Iterator[TestClient]:
    with client(seeded.rows.engine) as asked:
        yield asked


def entry(api: TestClient, key: str, **clocks: str) -> dict[str, Any]:
    projects = api.get("/api/v1/status", params=clocks).json()["projects"]
    return next(each for each in projects if each["key"] == key)


def colour(api: TestClient, key: str, dimension: str) -> tuple[str, str]:
    found = entry(api, key)["dimensions"][dimension]
    return found["colour"], found["reasons"][0]["text"]


def test_a_good_project_among_bad_ones_has_its_colours_and_numbers(api: TestClient) -> None:
    found = entry(api, "FINE")
    assert (found["dimensions"]["schedule"]["colour"], found["dimensions"]["cost"]["colour"]) == (
        "GREEN",
        "GREEN",
    )
    assert found["measures"]["cpi"]["value"] > 1
    assert len(api.get("/api/v1/status").json()["projects"]) == len(PROJECTS)


@pytest.mark.parametrize(
    ("key", "dimension", "says"),
    [
        ("NOBASE", "schedule", "no baseline finish"),
        ("AFTER", "schedule", "the baseline finish is not after the baseline start"),
        ("ZERO", "cost", "the approved budget is not positive, so there is nothing to compare with"),
        (
            "TWO",
            "cost",
            "amounts in different currencies cannot be compared: forecast cost in EUR, budget in GBP",
        ),
    ],
)
def test_what_cannot_be_compared_is_grey_and_says_why(
    api: TestClient, key: str, dimension: str, says: str
) -> None:
    assert colour(api, key, dimension) == ("GREY", says)


def test_negative_actuals_give_no_index_and_stay_as_they_were_booked(api: TestClient) -> None:
    found = entry(api, "NEGATIVE")
    assert (found["measures"]["cpi"]["value"], found["figures"]["actual_cost"]) == (None, "-400.00")
    assert "less than nothing" in found["measures"]["cpi"]["says"]


def test_a_percent_over_100_earns_nothing_and_is_shown_as_it_was_given(api: TestClient) -> None:
    found = entry(api, "OVER")
    assert (found["measures"]["earned_value"]["value"], found["figures"]["percent_complete"]) == (None, 140)
    assert "140" in found["measures"]["earned_value"]["says"]


def test_a_budget_in_a_currency_without_a_rate_is_in_no_share_and_named(api: TestClient) -> None:
    weighted = api.get("/api/v1/portfolio/status").json()["cost_weighted"]
    why = {each["key"]: each["why"] for each in weighted["left_out"]}
    assert why == {"EUROS": "its budget is in EUR, and no rate to GBP is known on that day"}


def test_a_tier_that_nobody_defined_holds_to_the_general_limits_and_the_consolidation_says_so(
    seeded: Seeded, api: TestClient
) -> None:
    assert seeded.done.warnings == [
        "default@1.0.0 does not define tier 9: TIER held to the limits without a tier"
    ]
    held = api.get("/api/v1/projects/TIER/explain/schedule").json()["held_to"]
    assert (
        held["layers"][0]["because"] == "default@1.0.0 does not define it, so the limits without a tier hold"
    )


def test_a_gap_in_the_history_is_no_week_of_any_colour(api: TestClient) -> None:
    inputs = api.get("/api/v1/projects/FINE/explain/behaviour").json()["rule"]["inputs"]
    assert (len(inputs["weeks"]), inputs["weeks"][0], inputs["weeks"][-1]) == (7, "2026-09-21", "2026-11-02")
    assert inputs["computed"][1:-1] == ["GREY"] * 5
    between = api.get("/api/v1/status", params={"as_of": "2026-10-20"}).json()
    assert {each["snapshot_as_of"] for each in between["projects"]} == {"2026-09-23"}


def test_a_day_outside_the_history_is_said_and_never_made_up(api: TestClient) -> None:
    before = api.get("/api/v1/status", params={"as_of": "2020-01-01"}).json()
    assert (before["projects"], before["note"]) == ([], "the history begins 2026-09-23")
    assert api.get("/api/v1/projects/FINE/explain/overall", params={"as_of": "2020-01-01"}).status_code == 404
    assert api.get("/api/v1/portfolio/explain/health", params={"as_of": "2020-01-01"}).json()["value"] is None
    later = api.get("/api/v1/status", params={"as_of": "2031-01-01"}).json()
    assert (later["note"], len(later["projects"])) == ("newest snapshot is of 2026-11-02", len(PROJECTS))


def test_two_clocks_that_disagree_give_what_was_known_and_say_of_which_day(api: TestClient) -> None:
    clocks = {"as_of": "2026-11-02", "known_at": (FIRST + DAY).isoformat()}
    found = entry(api, "FINE", **clocks)
    assert (found["as_of"] if "as_of" in found else found["snapshot_as_of"]) == "2026-09-23"
    nothing = {"as_of": "2026-11-02", "known_at": (FIRST - DAY).isoformat()}
    assert api.get("/api/v1/status", params=nothing).json()["projects"] == []


def test_what_a_clock_that_runs_ahead_says_counts_when_its_hour_has_come(
    seeded: Seeded, api: TestClient
) -> None:
    assert entry(api, "FINE")["dimensions"]["risk"]["colour"] == "GREY"
    with seeded.rows.engine.connect() as connection:
        known = connection.execute(text("SELECT known_from FROM raid_item")).scalar_one()
    assert known > T0


def test_a_claim_without_a_source_cannot_be_stored(seeded: Seeded) -> None:
    with seeded.rows.engine.connect() as connection, pytest.raises(IntegrityError, match="source_id"):
        connection.execute(
            text(
                "INSERT INTO claim (project_id, attribute, source_id, value, valid_from, known_from, locator, run_id)"
                " SELECT project_id, attribute, NULL, value, valid_from, known_from, locator, run_id FROM claim LIMIT 1"
            )
        )


def test_policies_of_overlapping_days_and_colours_nobody_could_see_are_refused() -> None:
    written = shipped.text("policies", "default")
    first = read_policy(written.replace("2000-01-01", "2026-01-01\neffective_to: 2026-06-30"), "a.yaml")
    second = read_policy(written.replace("2000-01-01", "2026-03-01").replace("1.0.0", "1.1.0"), "b.yaml")
    found = overlap(second, [first])
    assert found is not None
    assert found[1] == "default@1.0.0 is in force until 2026-06-30; begin after that day"
    with pytest.raises(InvalidDeclaration, match="amber would never be shown"):
        read_policy(written.replace("amber_days: 14, red_days: 30", "amber_days: 30, red_days: 30"), "c.yaml")
