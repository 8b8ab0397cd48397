"""Every project held to the templates: assessments, findings, and the data quality that follows."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from sync.consolidate import consolidate
from sync.receipts import explain
from tests.support.rows import T0, Rows

TODAY = T0.date()
WEEK = timedelta(days=7)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    return rows


def at(rows: Rows, when: datetime = T0) -> None:
    consolidate(rows.engine, as_of=when.date(), known_at=when)


def ask(rows: Rows, sql: str) -> list[Any]:
    with rows.engine.connect() as connection:
        return list(connection.execute(text(sql)))


def findings(rows: Rows, template: str = "monthly-status", *, closed: bool = False) -> set[tuple[str, str]]:
    found = ask(rows, "SELECT template, rule, kind, closed_at FROM finding")
    return {(row[1], row[2]) for row in found if row[0] == template and (row[3] is not None) == closed}


def test_the_report_is_what_the_sources_say_and_gaps_are_findings(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=1, stage="deliver", forecast_finish="2026-12-18")
    at(rows)
    assert {("budget", "missing"), ("rag_overall", "missing"), ("achievements", "missing")} <= findings(rows)
    assert ("period", "missing") not in findings(rows)
    assert ("forecast_finish", "missing") not in findings(rows)
    assessed = ask(rows, "SELECT template, version, record_ref, score, grade, result FROM assessment")
    assert len(assessed) == 1
    assert assessed[0].record_ref == ""
    assert assessed[0].result["can_submit"] is False


def test_a_finding_is_closed_when_the_value_arrives_and_opened_once(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", tier=2, stage="deliver")
    at(rows)
    at(rows, T0 + WEEK)
    assert len(ask(rows, "SELECT 1 FROM finding WHERE rule = 'budget'")) == 1
    rows.rewrite(row, budget="1000")
    at(rows, T0 + 2 * WEEK)
    assert ("budget", "missing") in findings(rows, closed=True)
    found = ask(rows, "SELECT opened_at, closed_at FROM finding WHERE rule = 'budget' AND kind = 'missing'")
    assert [tuple(each) for each in found] == [(T0, T0 + 2 * WEEK)]


def test_a_look_back_leaves_the_findings_of_today_alone(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", tier=2, stage="deliver")
    at(rows)
    rows.rewrite(row, budget="1000")
    at(rows, T0 + WEEK)
    at(rows)
    assert ("budget", "missing") in findings(rows, closed=True)
    assert ("budget", "missing") not in findings(rows)


def test_an_invalid_value_is_found_in_its_cell(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=2, stage="deliver", achievements="Too short")
    at(rows)
    found = ask(rows, "SELECT locator, says FROM finding WHERE rule = 'achievements'")
    assert found[0].locator == "register.xlsx!Projects!D8"
    assert "20" in found[0].says


def test_a_register_value_is_as_old_as_the_managers_last_report(rows: Rows) -> None:
    rows.register(
        "pmo-files", "APOLLO", tier=1, stage="deliver", forecast_finish="2027-12-18", reported_on="2026-10-01"
    )
    at(rows)
    found = ask(rows, "SELECT rule FROM finding WHERE kind = 'stale'")
    assert [each.rule for each in found] == ["forecast_finish"]


def test_a_tracker_stands_by_its_value_whenever_it_is_read(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", due=date(2027, 4, 1))
    at(rows)
    later = T0 + 20 * WEEK
    rows.run("jira-cloud", at=later)
    at(rows, later)
    stale = ask(rows, "SELECT rule FROM finding WHERE kind = 'stale' AND closed_at IS NULL")
    assert [each.rule for each in stale] == []


def test_a_text_that_repeats_last_months_fails_its_check(rows: Rows) -> None:
    same = "The payments module was built and test environment two was handed over."
    row = rows.register("pmo-files", "APOLLO", tier=2, stage="deliver", achievements=same)
    at(rows)
    assert ("C07", "failed") not in findings(rows)
    at(rows, T0 + 5 * WEEK)
    assert ("C07", "failed") in findings(rows)
    rows.rewrite(row, achievements="All interfaces went through their first full rehearsal without a defect.")
    at(rows, T0 + 6 * WEEK)
    assert ("C07", "failed") in findings(rows, closed=True)


def test_the_forecast_is_held_against_the_finance_ledger(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=2, stage="deliver", forecast_cost="1100000")
    rows.cost("pmo-files", "APOLLO", "forecast", "1000000")
    at(rows)
    assert ("C10", "failed") in findings(rows)


def test_a_reported_colour_that_differs_from_the_computed_one_asks_for_a_reason(rows: Rows) -> None:
    rows.register(
        "pmo-files", "APOLLO", tier=2, stage="deliver", baseline_start="2026-01-05", rag_overall="GREEN",
        baseline_finish="2026-12-18", forecast_finish="2027-03-01", budget="1000", forecast_cost="1000",
        sponsor="Owen", manager="Maya",
    )  # fmt: skip
    at(rows)
    assert ("override_reason", "missing") in findings(rows)


def test_raid_items_are_assessed_one_by_one_with_their_rows_locator(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=1, stage="deliver")
    rows.raid(
        "pmo-files", "APOLLO", item_id="R-014", title="Vendor misses the interface delivery", probability=4,
        impact=5, raised_on=TODAY - 20 * WEEK, reviewed_on=TODAY - timedelta(days=18), action_due=TODAY - WEEK,
        action="Second supplier on standby", owner="Maya", locator="raid.xlsx!RAID!A5",
    )  # fmt: skip
    rows.raid("pmo-files", "APOLLO", item_id="R-015", title="Vendor misses the interface  delivery.")
    at(rows)
    assert {"R-014", "R-015", ""} == {each[0] for each in ask(rows, "SELECT record_ref FROM assessment")}
    found = ask(rows, "SELECT record_ref, rule, kind, locator FROM finding WHERE record_ref = 'R-014'")
    rules = {(each.rule, each.kind) for each in found}
    assert {("R02", "failed"), ("R05", "failed"), ("R07", "failed"), ("cause", "missing")} <= rules
    assert {each.locator for each in found} == {"raid.xlsx!RAID!A5"}


def test_an_empty_risk_register_is_not_a_good_sign(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=1, stage="deliver")
    rows.raid("pmo-files", "APOLLO", item_id="R-001", title="A risk all alone in its register")
    at(rows)
    assert {("minimum_risk", "missing"), ("minimum_dependency", "missing")} <= findings(rows, "raid-log")


def test_data_quality_is_seven_tenths_report_and_three_tenths_raid_items(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=2, stage="deliver")
    rows.register("pmo-files", "BARE", tier=2, stage="deliver", row=9)
    for number in (1, 2):
        rows.raid(
            "pmo-files",
            "APOLLO",
            item_id=f"R-00{number}",
            title=f"Risk of the {number}. supplier",
            owner="Maya",
        )
    at(rows)
    scores = ask(
        rows,
        "SELECT p.key, a.record_ref, a.score FROM assessment a JOIN project p ON p.id = a.project_id ORDER BY 1, 2",
    )
    report, first, second, bare = [each.score for each in scores]
    found = dict(
        ask(
            rows,
            "SELECT p.key, s.document->'data_quality' FROM snapshot s JOIN project p ON p.id = s.project_id",
        )
    )
    assert found["APOLLO"]["score"] == round(0.7 * report + 0.3 * (first + second) / 2, 2)
    assert found["BARE"]["score"] == round(bare, 2)
    assert found["APOLLO"]["templates"]["raid-log"]["records"] == 2


def test_a_tier_no_template_is_for_is_said_to_be_why_the_project_is_grey(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=9, stage="deliver", budget="1000")
    at(rows)
    with Session(rows.engine) as session:
        whole, quality = (explain(session, "APOLLO", name) for name in ("overall", "data_quality"))
    [reason] = quality["reasons"]
    for said in (reason["text"], whole["reasons"][0]["text"], quality["rules"][0]["text"]):
        assert said.startswith(
            "no template applies to tier 9 (tiers of monthly-status: 1/2/3, raid-log: 1/2/3"
        )
    assert (whole["value"], quality["rule"]["inputs"]["tier"]) == ("GREY", 9)
