"""From rows to coloured projects: the story-like cases of a portfolio."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from model import tables
from sync.consolidate import Consolidation, consolidate
from sync.receipts import status_document
from tests.support.rows import T0, Rows

TODAY = T0.date()
WEEK = timedelta(days=7)
NARRATIVE = "The service was moved to the new platform and handed over to support."


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("ado", "azure_devops")
    rows.source("pmo-files", "excel")
    return rows


def full(**changes: Any) -> dict[str, Any]:
    """A register row of a healthy project that reports all that is asked."""
    values: dict[str, Any] = {
        "name": "Apollo", "programme": "Space", "tier": 2, "stage": "deliver", "manager": "Maya", "sponsor": "Owen",
        "baseline_start": "2026-01-05", "baseline_finish": "2026-12-18", "forecast_finish": "2026-12-18",
        "budget": "1000000", "actual_cost": "400000", "forecast_cost": "1000000", "percent_complete": 60,
        "baseline_points": 400, "added_points_approved": 0, "added_points_unapproved": 0, "removed_points": 0,
        "rag_schedule": "GREEN", "rag_cost": "GREEN", "rag_scope": "GREEN", "rag_risk": "GREEN",
        "rag_benefit": "GREEN", "rag_overall": "GREEN", "achievements": NARRATIVE,
        "next_period": "Finish the end-to-end test with all interfaces.", "reported_on": TODAY.isoformat(),
    }  # fmt: skip
    return values | changes


def at(rows: Rows, when: datetime = T0, **more: Any) -> Consolidation:
    return consolidate(rows.engine, as_of=when.date(), known_at=when, **more)


def status(rows: Rows, key: str = "APOLLO", **clocks: Any) -> dict[str, Any]:
    with Session(rows.engine) as session:
        return next(each for each in status_document(session, **clocks)["projects"] if each["key"] == key)


def snapshots(rows: Rows) -> int:
    with rows.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM snapshot")).scalar_one())


def test_a_healthy_project_is_green_with_a_reason_for_each_colour(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full())
    rows.raid(
        "pmo-files", "APOLLO", item_id="R-001", probability=2, impact=2, owner="Maya", reviewed_on=TODAY
    )
    done = at(rows)
    found = status(rows)
    assert (done.projects, done.snapshots, found["overall"], found["health"]) == (1, 1, "GREEN", 100)
    assert (found["programme"], found["tier"], found["stage"]) == ("Space", 2, "deliver")
    assert found["dimensions"]["schedule"]["reasons"][0] == {
        "rule": "F1", "text": "on the baseline date", "inputs": {"slip_days": 0, "slip_pct": 0.0},
    }  # fmt: skip
    assert found["sources"] == [{"name": "pmo-files", "synced_at": "2026-11-02T02:00:00Z"}]
    assert found["trend"] == [{"as_of": "2026-11-02", "overall": "GREEN", "health": 100}]
    assert found["data_quality"]["score"] > 70


def test_a_watermelon_is_green_outside_and_red_inside_and_remembers_since_when(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full(forecast_finish="2027-01-29"))
    at(rows)
    at(rows, T0 + WEEK)
    found = status(rows)
    assert (found["overall"], found["reported"], found["watermelon"]) == ("RED", "GREEN", 2)
    assert found["watermelon_since"] == "2026-11-02"
    assert "watermelon" in found["flags"]
    assert len(found["trend"]) == 2


def test_no_approved_budget_is_grey_and_never_green(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full(budget=None))
    at(rows)
    cost = status(rows)["dimensions"]["cost"]
    assert cost["colour"] == "GREY"
    assert cost["reasons"][0]["text"] == "no approved budget"
    assert cost["reasons"][0]["inputs"]["budget"] is None


def test_amounts_in_two_currencies_are_grey_with_the_reason(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full(forecast_cost=None))
    rows.cost("pmo-files", "APOLLO", "forecast", "900000", currency="EUR")
    at(rows)
    cost = status(rows)["dimensions"]["cost"]
    assert cost["colour"] == "GREY"
    assert cost["reasons"][0]["text"].endswith("forecast cost in EUR, budget in GBP")


def test_mixed_cost_lines_are_grey_with_the_reason(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full(forecast_cost=None))
    rows.cost("pmo-files", "APOLLO", "forecast", "900000", currency="EUR")
    rows.cost("pmo-files", "APOLLO", "forecast", "100000")
    done = at(rows)
    cost = status(rows)["dimensions"]["cost"]
    assert cost["colour"] == "GREY"
    assert "EUR and GBP" in cost["reasons"][0]["text"]
    assert any("cannot be added up" in warning for warning in done.warnings)


def test_conflicting_dates_are_settled_by_precedence_and_stay_visible(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2027, 1, 12), key="APO-114")
    rows.register("pmo-files", "APOLLO", **full(bind_jira="APO"))
    done = at(rows)
    found = status(rows)
    assert found["figures"]["forecast_finish"] == "2026-12-18"
    assert found["conflicts"][0] == {
        "attribute": "forecast_finish",
        "value": "2026-12-18",
        "source": "pmo-files",
        "because": "precedence: pmo-files before jira-cloud",
        "others": [{"source": "jira-cloud", "value": "2027-01-12", "locator": "APO-114 duedate"}],
    }
    assert "conflict" in found["flags"]
    assert any(
        text.startswith("APOLLO forecast_finish: pmo-files says 2026-12-18") for text in done.conflicts
    )


def test_a_report_of_eight_weeks_ago_is_stale(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full(reported_on=(TODAY - 8 * WEEK).isoformat()))
    rows.register("pmo-files", "SILENT", row=9, name="Silent", tier=2)
    at(rows)
    assert status(rows)["report"] == {"reported_on": "2026-09-07", "age_days": 56, "stale": True}
    assert "stale_report" in status(rows)["flags"]
    assert status(rows, "SILENT")["report"] == {"reported_on": None, "age_days": None, "stale": None}


def test_an_unbound_scope_is_reported_and_its_items_colour_nobody(rows: Rows) -> None:
    rows.scope("jira-cloud", "PIT", name="Innovation pit")
    rows.item("jira-cloud", "PIT", due=date(2030, 1, 1))
    rows.register("pmo-files", "APOLLO", **full())
    done = at(rows)
    assert done.unbound == ["jira-cloud PIT (Innovation pit) is bound to no project"]
    assert [each["name"] for each in status(rows)["sources"]] == ["pmo-files"]


def test_a_project_in_two_trackers_shows_both_and_one_progress(rows: Rows) -> None:
    rows.scope("jira-cloud", "CASE")
    rows.scope("ado", "Integration", kind="ado_project")
    rows.item("jira-cloud", "CASE", points=4, status_category="done")
    rows.item("ado", "Integration", points=6)
    rows.register(
        "pmo-files", "APOLLO", **full(bind_jira="CASE", bind_ado="Integration", percent_complete=None)
    )
    at(rows)
    found = status(rows)
    assert [each["name"] for each in found["sources"]] == ["jira-cloud", "ado", "pmo-files"]
    assert found["figures"]["percent_complete"] == 40
    assert found["conflicts"] == []


def test_a_critical_risk_that_nobody_owns_is_red(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full())
    rows.raid("pmo-files", "APOLLO", item_id="R-014", probability=4, impact=5, reviewed_on=TODAY)
    at(rows)
    risk = status(rows)["dimensions"]["risk"]
    assert (risk["colour"], risk["reasons"][0]["rule"]) == ("RED", "F7")
    assert risk["reasons"][0]["text"] == "critical risk R-014 has no owner"


def test_an_overdue_critical_milestone_turns_the_schedule_red_and_the_next_is_named(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full())
    rows.milestone(
        "pmo-files", "APOLLO", "Cut-over", critical=True, baseline=TODAY - 3 * WEEK, forecast=TODAY + WEEK
    )
    rows.milestone("pmo-files", "APOLLO", "Go live", baseline=TODAY + 4 * WEEK, forecast=TODAY + 6 * WEEK)
    at(rows)
    found = status(rows)
    schedule = found["dimensions"]["schedule"]
    assert (schedule["colour"], schedule["reasons"][0]["rule"]) == ("RED", "F5")
    assert found["next_milestone"] == {
        "name": "Cut-over", "forecast": "2026-11-09", "baseline": "2026-10-12", "critical": True,
    }  # fmt: skip


def test_a_forecast_that_slips_day_for_day_is_red_before_anything_is_overdue(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full())
    for week in range(6):
        begin = T0 - (5 - week) * WEEK
        rows.milestone(
            "pmo-files", "APOLLO", "Go live", external_id="go", critical=True, baseline=TODAY + 8 * WEEK, at=begin,
            forecast=TODAY + (8 + week) * WEEK, known_to=None if week == 5 else begin + WEEK,
        )  # fmt: skip
    at(rows)
    schedule = status(rows)["dimensions"]["schedule"]
    assert schedule["colour"] == "RED"
    found = schedule["reasons"][0]["inputs"]
    assert (found["slope"], found["points"]) == (1.0, 6)
    assert list(found["forecasts"].items())[:2] == [
        ("2026-09-28", "2026-12-28"),
        ("2026-10-05", "2027-01-04"),
    ]


def test_scope_that_nobody_approved_turns_scope_red(rows: Rows) -> None:
    rows.register(
        "pmo-files", "APOLLO", **full(added_points_approved=30, added_points_unapproved=46, removed_points=16)
    )
    at(rows)
    scope = status(rows)["dimensions"]["scope"]
    assert scope["colour"] == "RED"
    assert scope["reasons"][0]["inputs"] == {"uncontrolled_pct": 11.5}


def test_a_sponsor_who_left_weeks_ago_turns_resources_red(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", **full())
    at(rows)
    rows.rewrite(row, sponsor=None)
    at(rows, T0 + WEEK)
    assert status(rows)["dimensions"]["resource"]["colour"] == "AMBER"
    at(rows, T0 + 4 * WEEK)
    resource = status(rows)["dimensions"]["resource"]
    assert (resource["colour"], resource["reasons"][0]["text"]) == (
        "RED",
        "sponsor has been vacant for 21 days",
    )


def test_a_better_colour_comes_only_after_two_better_weeks_a_worse_one_at_once(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", **full(forecast_finish="2027-01-29"))
    colours = []
    for week, finish in enumerate(("2027-01-29", "2026-12-20", "2026-12-20", "2027-01-29")):
        rows.rewrite(row, forecast_finish=finish)
        at(rows, T0 + week * WEEK)
        found = status(rows)["dimensions"]["schedule"]
        colours.append((found["computed"], found["colour"]))
    assert colours == [("RED", "RED"), ("GREEN", "RED"), ("GREEN", "GREEN"), ("RED", "RED")]


def test_the_same_inputs_and_clocks_write_no_second_snapshot(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", **full())
    at(rows)
    again = at(rows)
    assert (again.snapshots, again.unchanged, again.claims, again.findings_opened) == (0, 1, 0, 0)
    later = consolidate(rows.engine, as_of=TODAY, known_at=T0 + timedelta(hours=1))
    assert later.snapshots == 0
    rows.rewrite(row, forecast_cost="1200000")
    changed = consolidate(rows.engine, as_of=TODAY, known_at=T0 + timedelta(hours=2))
    assert (changed.snapshots, snapshots(rows)) == (1, 2)
    assert status(rows, known_at=T0 + timedelta(hours=1))["dimensions"]["cost"]["colour"] == "GREEN"
    assert status(rows)["dimensions"]["cost"]["colour"] == "RED"


def test_two_consolidations_side_by_side_write_one_snapshot(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full())
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: at(rows), range(4)))
    assert sum(each.snapshots for each in done) == snapshots(rows) == 1
    assert sorted(each.claims > 0 for each in done) == [False, False, False, True]


def test_two_changes_at_one_instant_keep_the_later(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", **full())
    at(rows)
    rows.rewrite(row, forecast_cost="1200000")
    at(rows)
    at(rows)
    assert snapshots(rows) == 2
    assert status(rows)["dimensions"]["cost"]["colour"] == "RED"


def test_a_past_day_is_computed_from_what_was_known_then(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", **full())
    rows.milestone("pmo-files", "APOLLO", "Cut-over", critical=True, baseline=TODAY - 3 * WEEK, at=T0 + WEEK)
    at(rows)
    first = status(rows)
    rows.rewrite(row, forecast_finish="2027-01-29")
    rows.run("pmo-files", at=T0 + WEEK)
    at(rows, T0 + WEEK)
    assert status(rows)["overall"] == "RED"
    assert at(rows).snapshots == 0
    assert status(rows, as_of=TODAY) == first
    found = status(rows, as_of=TODAY)
    assert (found["overall"], found["figures"]["forecast_finish"]) == ("GREEN", "2026-12-18")


def test_the_snapshot_carries_the_hash_of_its_document_and_the_policy(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full())
    at(rows)
    with rows.engine.connect() as connection:
        found = connection.execute(select(tables.Snapshot)).mappings().one()
    assert (len(found["sha256"]), found["policy"], found["as_of"]) == (64, "default@1.0.0", TODAY)
    assert set(found["receipt"]) == {"attributes", "colours", "held", "measures", "policy"}


def test_a_finished_project_is_blue(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", **full(actual_finish="2026-10-30", stage="close"))
    met = TODAY - WEEK
    rows.milestone("pmo-files", "APOLLO", "Handed over", baseline=met, actual=met, state="met")
    at(rows)
    found = status(rows)
    assert (found["overall"], found["dimensions"]["schedule"]["colour"]) == ("BLUE", "BLUE")


def test_a_project_nobody_knows_anything_of_is_grey(rows: Rows) -> None:
    rows.scope("jira-cloud", "APOLLO")
    at(rows)
    found = status(rows)
    assert (found["overall"], found["health"], found["watermelon"]) == ("GREY", None, None)
    assert {each["colour"] for each in found["dimensions"].values()} == {"GREY"}


def _say(rows: Rows, key: str, attribute: str, value: str) -> None:
    """Let a source that people answer through say something of a project, as it stands in the store."""
    with rows.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO claim (project_id, attribute, source_id, value, unit, valid_from, known_from, run_id)"
                " SELECT project_id, attribute, (SELECT id FROM source WHERE name = 'said'),"
                " CAST(:value AS jsonb), unit, valid_from, known_from, run_id FROM claim"
                " WHERE attribute = :attribute AND project_id = :project"
            ),
            {"value": value, "attribute": attribute, "project": rows.project_id(key)},
        )


def _two(rows: Rows) -> None:
    rows.source("said", "collection")
    for number, key in enumerate(("APOLLO", "BOREAS")):
        rows.register("pmo-files", key, row=8 + number, **full(name=key.title()))
    at(rows)


def test_an_amount_longer_than_any_number_is_stops_no_project(rows: Rows) -> None:
    _two(rows)
    _say(rows, "APOLLO", "budget", f'"{"9" * 40}"')
    done = at(rows, T0 + WEEK)
    assert (done.failed, done.computed) == ([], 2)
    assert "conflict" in status(rows)["flags"]


def test_a_project_that_cannot_be_computed_is_told_while_the_others_go_on(rows: Rows) -> None:
    _two(rows)
    _say(rows, "APOLLO", "baseline_finish", '"soon"')
    done = at(rows, T0 + WEEK)
    [said] = done.failed
    assert said.startswith("APOLLO was not computed, and stands as it did before: ")
    assert "'soon'" in said
    assert said in done.warnings
    assert done.computed == 1
    assert status(rows, "BOREAS")["trend"][-1]["as_of"] == (T0 + WEEK).date().isoformat()
    with rows.engine.begin() as connection:  # it is tried again without anything else having touched it
        connection.execute(text("UPDATE claim SET value = 'null' WHERE value = '\"soon\"'"))
    again = at(rows, T0 + WEEK + timedelta(hours=1))
    assert (again.failed, again.computed) == ([], 1)
