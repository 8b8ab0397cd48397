"""A project's records of every kind, as the templates get them from what is stored."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import shipped
from sync.consolidate import consolidate
from sync.facts import Asked, gather
from sync.records import Checked, background, pulled_records
from tests.support.rows import T0, Rows

TODAY = T0.date()
MONTH = TODAY.replace(day=1)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", tier=1, stage="deliver", manager="Ada Obi", budget="1000",
        forecast_finish="2027-02-10",
    )  # fmt: skip
    consolidate(engine, as_of=TODAY, known_at=T0)
    return rows


def records(rows: Rows, name: str, **asked: Any) -> list[Checked]:
    template = shipped.template(name)
    with Session(rows.engine) as session:
        facts = gather(session, Asked(None, TODAY, T0, "Europe/London", "GBP"))
        behind = background(session, facts, {}, [template])
        return pulled_records(template, facts.projects[0], facts, behind, **asked)


def costs(rows: Rows, **amounts: dict[int, str]) -> None:
    """Add amounts of a line by kind and months from this one."""
    for kind, by_month in amounts.items():
        for ahead, amount in by_month.items():
            at = MONTH.month - 1 + ahead
            rows.cost(
                "pmo-files", "APOLLO", kind, amount, category="Staff", currency="GBP",
                period=date(MONTH.year + at // 12, at % 12 + 1, 1), project_id=rows.project_id("APOLLO"),
            )  # fmt: skip


def test_every_value_of_the_report_says_where_it_is_from(rows: Rows) -> None:
    [report] = records(rows, "monthly-status")
    assert report.record["budget"] == Decimal(1000)
    assert report.receipts["budget"].source == "pmo-files"
    assert report.receipts["budget"].locator == report.locators["budget"]
    assert "rag_overall" not in report.receipts
    assert report.record["rag_overall"] is None


def test_nothing_is_judged_that_nobody_was_asked_for_yet(rows: Rows) -> None:
    for name in ("project-charter", "stage-gate-checklist", "change-request", "cost-forecast",
                 "monthly-forecast-and-work-plan", "milestone-plan"):  # fmt: skip
        assert records(rows, name) == [], name


def test_a_submission_begins_with_the_charter_and_the_criteria_of_the_stage(rows: Rows) -> None:
    [charter] = records(rows, "project-charter", blank=True)
    assert (charter.record["manager"], charter.record["purpose"]) == ("Ada Obi", None)
    gate = records(rows, "stage-gate-checklist", blank=True)
    assert {each.record["gate"] for each in gate} == {"G2"}
    assert gate[0].receipts["criterion"].source is None
    assert gate[0].receipts["criterion"].locator == "stage-gate-checklist@1.0.0"


def test_a_line_of_cost_is_made_of_the_money_month_by_month(rows: Rows) -> None:
    costs(rows, baseline={-1: "600"}, actual={-1: "100", 0: "50"}, forecast={-1: "100", 1: "80", 2: "90"})
    [line] = records(rows, "cost-forecast")
    months = [f"{day:%Y-%m}" for day in (MONTH.replace(month=12), MONTH.replace(year=2027, month=1))]
    assert (line.ref, line.record["budget"], line.record["actual"]) == ("Staff", 600, 150)
    assert line.record["months"] == dict(zip(months, (80, 90), strict=True))
    assert line.record["finish"] == date(2027, 2, 10)
    assert line.record["later"] is None


def test_money_after_the_months_asked_for_is_kept_in_one_sum(rows: Rows) -> None:
    costs(rows, forecast={1: "10", 12: "20", 13: "30", 25: "40"})
    [line] = records(rows, "cost-forecast")
    assert sum(line.record["months"].values()) == 30
    assert line.record["later"] == 70


def test_a_line_without_a_forecast_leaves_its_months_unknown(rows: Rows) -> None:
    costs(rows, actual={0: "50"})
    [line] = records(rows, "cost-forecast")
    assert (line.record["months"], line.record["later"], line.record["budget"]) == (None, None, None)


def test_the_plan_begins_with_the_month_reported_and_ends_with_the_project(rows: Rows) -> None:
    costs(rows, actual={0: "50"}, forecast={1: "80"})
    rows.milestone(
        "pmo-files", "APOLLO", "Go live", state="planned", forecast=date(2027, 1, 20),
        project_id=rows.project_id("APOLLO"),
    )  # fmt: skip
    plan = {each.ref: each.record for each in records(rows, "monthly-forecast-and-work-plan", blank=True)}
    assert list(plan) == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert plan["2026-11"] == {"month": "2026-11", "actual_cost": 50}
    assert plan["2026-12"] == {"month": "2026-12", "planned_cost": 80}
    assert plan["2027-01"] == {"month": "2027-01", "milestones": ["Go live"]}
    later = records(rows, "monthly-forecast-and-work-plan", blank=True, period="2027-01")
    assert [each.ref for each in later] == ["2027-01", "2027-02"]


def test_a_milestone_is_a_record_by_the_reference_of_its_source(rows: Rows) -> None:
    rows.milestone(
        "pmo-files", "APOLLO", "Go live", state="planned", baseline=date(2027, 1, 10), external_id="M-7",
        forecast=date(2027, 1, 20), project_id=rows.project_id("APOLLO"), locator="plan.xlsx!Milestones!A4",
    )  # fmt: skip
    [found] = records(rows, "milestone-plan")
    assert (found.ref, found.record["milestone_id"], found.record["name"]) == ("M-7", "M-7", "Go live")
    assert found.receipts["forecast"].locator == "plan.xlsx!Milestones!A4"
