"""Re-baselines, scope against what a baseline froze, and forecasts from past weeks, for a project with a tracker."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from model import tables
from sync.consolidate import consolidate
from sync.receipts import explain, status_document
from tests.support.oracles import oracle
from tests.support.rows import T0, Rows
from tests.support.shared import needs_shared

TODAY = T0.date()  # a Monday
FIRST, LAST = TODAY - timedelta(days=300), TODAY - timedelta(days=60)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APO")
    return rows


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def baseline(rows: Rows, number: int, **more: Any) -> None:
    rows.version(tables.Baseline, "pmo-files", "APOLLO", number=number, **more)


def item(rows: Rows, created: date, **more: Any) -> None:
    given = {"created_at": noon(created), "updated_at": noon(created), "points": 5.0}
    rows.item("jira-cloud", "APO", **(given | more))


def found(rows: Rows, **values: Any) -> dict[str, Any]:
    rows.register("pmo-files", "APOLLO", **({"name": "Apollo", "bind_jira": "APO", "tier": 1} | values))
    consolidate(rows.engine, as_of=TODAY, known_at=T0)
    with Session(rows.engine) as session:
        return dict(status_document(session)["projects"][0])


def ask(rows: Rows, name: str) -> dict[str, Any]:
    with Session(rows.engine) as session:
        return explain(session, "APOLLO", name)


@needs_shared
def test_the_worked_re_baseline_comes_out_of_a_projects_own_baselines(rows: Rows) -> None:
    case = oracle("F21_rebaseline")
    given = {name: date.fromisoformat(day) for name, day in case["inp"].items()}
    baseline(rows, 1, approved_on=FIRST, approved_by="Board", finish=given["original_baseline"])
    baseline(
        rows,
        2,
        approved_on=LAST,
        change_request="CR-7",
        reason="New supplier",
        finish=given["current_baseline"],
    )
    baseline(rows, 3, finish=given["forecast"])  # proposed, never approved
    baseline(rows, 1, approved_on=FIRST, finish=given["original_baseline"])  # the same in another sheet
    document = found(rows, forecast_finish=given["forecast"])
    measures = document["measures"]
    assert {
        "slip_vs_current": measures["slip_current"]["value"], "slip_vs_original": measures["slip_original"]["value"],
        "absorbed_days": measures["slip_absorbed"]["value"],
        "absorbed_share": measures["slip_absorbed_share"]["value"],
    } == case["out"]  # fmt: skip
    assert measures["baselines_approved"]["value"] == 2
    assert measures["baselines_approved"]["says"].endswith(f"baseline 2 of {LAST} under CR-7 (New supplier)")
    receipt = ask(rows, "slip_absorbed_share")
    assert [record["name"] for record in receipt["records"]] == ["baseline 1", "baseline 2"]
    assert all(record["raw"]["sha256"] for record in receipt["records"])
    assert receipt["claims"][0]["attribute"] == "forecast_finish"


def test_a_project_is_held_against_what_was_last_approved_where_no_register_says(rows: Rows) -> None:
    baseline(rows, 1, approved_on=FIRST, start=FIRST, finish=TODAY, budget=100)
    baseline(rows, 2, approved_on=LAST, finish=TODAY + timedelta(days=30))
    baseline(rows, 3, finish=TODAY + timedelta(days=90))
    document = found(rows, forecast_finish=TODAY + timedelta(days=50), budget="200")
    assert document["figures"]["baseline_finish"] == (TODAY + timedelta(days=30)).isoformat()
    assert document["figures"]["baseline_start"] == FIRST.isoformat()  # the last approval left it as it was
    assert document["figures"]["budget"] == "200.00"
    claim = ask(rows, "baseline_finish")["claims"][0]
    assert claim["valid_from"] == LAST.isoformat()
    assert claim["raw"]["sha256"]


def test_without_an_approved_baseline_nothing_is_absorbed_and_the_reason_is_said(rows: Rows) -> None:
    baseline(rows, 1, finish=TODAY)
    measures = found(rows, forecast_finish=TODAY)["measures"]
    assert measures["slip_current"]["value"] is None
    assert measures["slip_current"]["says"] == "no baseline was approved, 1 are not yet"


def test_scope_is_held_against_the_items_the_last_baseline_froze_and_what_changes_allow(rows: Rows) -> None:
    baseline(rows, 1, approved_on=LAST)
    for _ in range(20):
        item(rows, FIRST)
    item(rows, FIRST, status_category="dropped", updated_at=noon(TODAY - timedelta(days=5)))
    item(rows, FIRST, status_category="dropped", updated_at=noon(LAST - timedelta(days=5)))  # was never in it
    item(rows, FIRST, deleted_at=noon(TODAY - timedelta(days=3)), fate="deleted")
    item(rows, TODAY - timedelta(days=9), points=8.0, key="APO-NEW")
    item(rows, TODAY - timedelta(days=9), points=6.0, hub_type="epic")
    item(rows, TODAY - timedelta(days=8), points=None, hub_type="task")
    for state, day, points in (
        ("approved", TODAY - timedelta(days=10), 3.0),
        ("approved", LAST - timedelta(days=1), 50.0),  # before the baseline: it is in there
        ("raised", None, 50.0),
    ):
        rows.version(
            tables.ChangeRequest, "pmo-files", "APOLLO", request_id="CR", state=state, decided_on=day,
            scope_points=points,
        )  # fmt: skip
    document = found(rows)
    scope = document["dimensions"]["scope"]
    size = 22 * 5.0
    assert scope["reasons"][0]["inputs"]["churn_pct"] == pytest.approx(100 * (8 + 10) / size, abs=1e-6)
    assert document["measures"]["scope_uncontrolled"]["value"] == pytest.approx(100 * 5 / size, abs=1e-6)
    assert document["measures"]["scope_net"]["value"] == pytest.approx(100 * (8 - 10) / size, abs=1e-6)
    receipt = ask(rows, "scope_uncontrolled")
    inputs = receipt["rule"]["inputs"]
    assert (inputs["counted_in"], inputs["allowed_by_changes"], inputs["change_requests"]) == (
        "points",
        3,
        ["CR"],
    )
    assert [record["entity"] for record in receipt["records"]] == [
        "baseline", "change_request", "work_item", "work_item",
    ]  # fmt: skip
    assert all(record["raw"]["page"] for record in receipt["records"])


def test_what_the_register_says_of_the_size_goes_before_what_items_show(rows: Rows) -> None:
    baseline(rows, 1, approved_on=LAST)
    item(rows, TODAY - timedelta(days=9), points=8.0)
    item(rows, FIRST)
    given = {
        "baseline_points": 400,
        "added_points_approved": 30,
        "added_points_unapproved": 46,
        "removed_points": 16,
    }
    measures = found(rows, **given)["measures"]
    assert [measures[f"scope_{name}"]["value"] for name in ("net", "churn", "uncontrolled")] == [15, 23, 11.5]


def test_items_without_points_are_counted_and_no_change_request_covers_them(rows: Rows) -> None:
    baseline(rows, 1, approved_on=LAST)
    for created in (FIRST, FIRST, TODAY - timedelta(days=9)):
        item(rows, created, points=None)
    rows.version(
        tables.ChangeRequest, "pmo-files", "APOLLO", state="approved", decided_on=TODAY, scope_points=5.0
    )
    assert found(rows)["measures"]["scope_uncontrolled"]["value"] == 50
    assert ask(rows, "scope_uncontrolled")["rule"]["inputs"]["counted_in"] == "items"


@needs_shared
def test_the_worked_forecast_comes_out_of_the_weeks_in_which_items_were_done(rows: Rows) -> None:
    case = oracle("F17_throughput")["inp"]
    weekly = case["weekly_throughput"]
    for place, done in enumerate(weekly):
        week = TODAY - timedelta(days=7 * (len(weekly) - place))
        for _ in range(done):
            item(
                rows,
                FIRST,
                status_category="done",
                started_at=noon(week),
                done_at=noon(week + timedelta(days=2)),
            )
    for _ in range(case["remaining_items"]):
        item(rows, FIRST)
    measures = found(rows)["measures"]
    out = oracle("F17_throughput")["out"]
    for name in ("P50", "P85", "P95"):
        expected = (TODAY + timedelta(days=7 * out[name])).isoformat()
        assert measures[f"done_{name.lower()}"]["value"] == expected
    assert measures["throughput"]["value"] == out["mean"]
    assert measures["done_p50"]["says"].endswith("a guess, of fewer than 12 weeks")
    receipt = ask(rows, "done_p85")
    assert receipt["rule"]["inputs"]["weekly"] == weekly
    assert len(receipt["records"]) == len(weekly) + 1
    assert all(record["raw"]["sha256"] for record in receipt["records"])


def test_weeks_in_which_nothing_was_done_are_kept_and_less_than_eight_forecast_nothing(rows: Rows) -> None:
    began = TODAY - timedelta(days=7 * 5)
    item(rows, FIRST, status_category="done", started_at=noon(began), done_at=noon(began + timedelta(days=1)))
    item(rows, FIRST, status_category="doing", started_at=noon(TODAY))
    measures = found(rows)["measures"]
    assert measures["throughput"]["value"] == 0.2
    assert measures["done_p50"]["value"] is None
    assert measures["done_p50"]["says"] == "5 whole weeks of history, at least 8 are needed"
    assert measures["items_left"]["value"] == 1


def test_a_project_without_a_tracker_forecasts_nothing(rows: Rows) -> None:
    measures = found(rows, bind_jira=None)["measures"]
    assert (measures["items_left"]["value"], measures["items_left"]["says"]) == (None, "no tracker")


def test_items_of_which_nobody_knows_whether_they_are_done_leave_no_forecast(rows: Rows) -> None:
    for back in range(1, 12):
        week = TODAY - timedelta(days=7 * back)
        item(
            rows, FIRST, status_category="done", started_at=noon(week), done_at=noon(week + timedelta(days=2))
        )
    item(rows, FIRST, status_category=None)
    measures = found(rows)["measures"]
    assert measures["done_p85"]["value"] is None
    assert measures["done_p85"]["says"] == "1 item of unknown state, so that nobody can say what is left"
    assert measures["throughput"]["value"] == 1


def test_a_baseline_that_is_approved_only_later_counts_from_that_day(rows: Rows) -> None:
    baseline(rows, 1, approved_on=FIRST, finish=TODAY)
    baseline(rows, 2, approved_on=TODAY + timedelta(days=7), finish=TODAY + timedelta(days=100))
    forecast = TODAY + timedelta(days=60)
    assert found(rows, forecast_finish=forecast)["measures"]["slip_current"]["value"] == 60
    later = T0 + timedelta(days=7)
    consolidate(rows.engine, as_of=later.date(), known_at=later)
    with Session(rows.engine) as session:
        document = status_document(session)["projects"][0]
    measures = document["measures"]
    assert (measures["slip_current"]["value"], measures["slip_absorbed"]["value"]) == (-40, 100)
    assert document["figures"]["baseline_finish"] == (TODAY + timedelta(days=100)).isoformat()
