"""Earned value from money by month and progress, through collection and consolidation."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from model.status.phased import months_before
from sync.asking import asking
from sync.consolidate import consolidate
from sync.facts import gather
from sync.receipts import explain, status_document
from tests.support.oracles import oracle
from tests.support.rows import T0, Rows
from tests.support.shared import needs_shared

TODAY = T0.date()  # the second of November
START = date(2026, 5, 1)  # so that six months are over
PLAN = (50, 70, 90, 100, 100, 90, 100, 100, 90, 80, 70, 60)
SPENT = (70, 70, 70, 90, 90, 90)
EARNED = (73, 73, 74, 67, 67, 66)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    return rows


def months(rows: Rows, key: str, kind: str, amounts: Sequence[int], **more: Any) -> None:
    for place, amount in enumerate(amounts):
        period = months_before(START, -place)
        rows.cost("pmo-files", key, kind, str(amount * 1000), period=period, **more)


def project(rows: Rows, key: str = "APOLLO", row: int = 8, **values: Any) -> None:
    given = {
        "name": key,
        "tier": 1,
        "budget": "1000000",
        "forecast_cost": "1000000",
        "reported_on": TODAY,
    } | values
    rows.register("pmo-files", key, row=row, **given)


def found(rows: Rows, key: str = "APOLLO") -> dict[str, Any]:
    consolidate(rows.engine, as_of=TODAY, known_at=T0)
    with Session(rows.engine) as session:
        return next(each for each in status_document(session)["projects"] if each["key"] == key)


def value(document: dict[str, Any], name: str) -> Any:
    return document["measures"][name]["value"]


@needs_shared
def test_the_worked_numbers_come_out_of_a_projects_own_cost_lines(rows: Rows) -> None:
    project(rows)
    for kind, amounts in (("baseline", PLAN), ("actual", SPENT), ("earned", EARNED)):
        months(rows, "APOLLO", kind, amounts)
    document = found(rows)
    names = {
        "SV": "schedule_variance", "CV": "cost_variance", "SPI": "spi", "CPI": "cpi", "EAC_cpi": "eac",
        "EAC_remaining_at_plan": "eac_at_plan", "EAC_cpi_spi": "eac_cpi_spi", "EAC_80_20": "eac_weighted",
        "VAC_cpi": "vac", "TCPI_bac": "tcpi_budget", "TCPI_eac": "tcpi_eac", "percent_spent": "percent_spent",
    }  # fmt: skip
    worked = oracle("F2_evm")["out"]
    for theirs, ours in names.items():
        assert round(value(document, ours), 2 if abs(worked[theirs]) > 100 else 6) == worked[theirs], ours
    in_time = oracle("F2_earned_schedule")["out"]
    assert value(document, "earned_schedule") == in_time["ES"]
    assert value(document, "schedule_variance_time") == in_time["SV_t"]
    assert value(document, "spi_time") == in_time["SPI_t"]
    assert round(value(document, "earned_schedule_months"), 4) == in_time["IEAC_t"]
    assert value(document, "tspi") == in_time["TSPI"]
    recent = oracle("F3_recency")["out"]
    assert (value(document, "cpi_recent"), value(document, "spi_recent")) == (
        recent["CPI_3"],
        recent["SPI_3"],
    )
    back = oracle("F26_get_to_green")["out"]
    assert value(document, "green_cost_limit") == back["max_EAC_for_green"]
    assert value(document, "green_efficiency") == back["needed_TCPI"]
    assert round(value(document, "green_improvement"), 4) == back["needed_improvement_pct"]
    assert value(document, "green_plausible") is back["plausible"]
    assert value(document, "earned_schedule_finish") == "2027-07-03"  # 14.087 months after the plan begins
    cost = document["dimensions"]["cost"]
    assert cost["colour"] == "RED"  # though the forecast still equals the budget
    assert cost["reasons"][0] == {
        "rule": "F3", "text": "cost performance of the recent periods is 0.74",
        "inputs": {"index": "CPI", "cumulative": 0.875, "recent": 0.740741},
    }  # fmt: skip
    assert document["dimensions"]["schedule"]["reasons"][0]["text"] == (
        "schedule performance of the recent periods is 0.69"
    )


def test_every_number_of_earned_value_leads_to_the_lines_and_the_months_it_is_of(rows: Rows) -> None:
    project(rows, percent_complete=42)
    months(rows, "APOLLO", "baseline", PLAN)
    months(rows, "APOLLO", "actual", SPENT)
    document = found(rows)
    with Session(rows.engine) as session:
        for name, shown in document["measures"].items():
            receipt = explain(session, "APOLLO", name)
            assert receipt["value"] == shown["value"]
            if (
                shown["value"] is not None
            ):  # how colours behave rests on the colours of the weeks, in its inputs
                assert receipt["records"] or receipt["claims"] or receipt["rule"]["inputs"]["weeks"], name
        earned = explain(session, "APOLLO", "earned_value")
        spi = explain(session, "APOLLO", "spi")
    assert earned["rule"]["inputs"]["earned_from"].startswith("percent complete x budget")
    assert {claim["attribute"] for claim in earned["claims"]} == {"percent_complete", "budget"}
    assert len(spi["records"]) == 2 * 9  # each month's line, of the plan and of what was spent
    assert all(record["raw"]["sha256"] for record in spi["records"])
    assert spi["rule"]["inputs"]["earned"] == 420_000


def test_progress_is_held_against_the_plan_and_the_cost_of_its_own_day(rows: Rows) -> None:
    """A report of eight weeks ago says nothing of what has been planned and spent since."""
    said = TODAY - timedelta(days=56)
    project(rows, percent_complete=31, reported_on=said)
    months(rows, "APOLLO", "baseline", PLAN)
    months(rows, "APOLLO", "actual", SPENT)
    document = found(rows)
    with Session(rows.engine) as session:
        inputs = explain(session, "APOLLO", "spi")["rule"]["inputs"]
    assert inputs["day"] == said.isoformat() == "2026-09-07"
    assert inputs["planned"] == pytest.approx(310_000 + 100_000 * 7 / 30)
    assert value(document, "spi") == pytest.approx(310 / (310 + 70 / 3), abs=1e-6)
    assert document["dimensions"]["schedule"]["reasons"][0]["text"] == "schedule performance to date is 0.93"


def test_the_window_begins_with_what_was_reported_three_months_before(rows: Rows) -> None:
    project(rows, percent_complete=42)
    months(rows, "APOLLO", "baseline", PLAN)
    months(rows, "APOLLO", "actual", SPENT)
    found(rows)
    with rows.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO claim (project_id, attribute, value, unit, source_id, valid_from, known_from, run_id)"
                " SELECT project_id, attribute, CAST(said.value AS jsonb), unit, source_id,"
                " CAST(said.day AS date), known_from - interval '90 days', run_id FROM claim,"
                " (VALUES ('22', '2026-07-31'), ('40', '2026-10-31')) AS said(value, day)"
                " WHERE attribute = 'percent_complete'"
            )
        )
    later = T0 + timedelta(minutes=5)
    consolidate(rows.engine, as_of=TODAY, known_at=later)
    with Session(rows.engine) as session:
        document = status_document(session)["projects"][0]
    assert value(document, "spi") == 0.8
    assert value(document, "spi_recent") == pytest.approx((400 - 220) / (500 - 210), abs=1e-6)
    assert value(document, "cpi_recent") == pytest.approx((400 - 220) / (480 - 210), abs=1e-6)


WITHOUT: dict[str, tuple[dict[str, Any], Sequence[int], Sequence[int], str]] = {
    "PROGRESS": ({}, PLAN, SPENT, "no percent complete"),
    "OVER": ({"percent_complete": 140}, PLAN, SPENT, "percent complete is 140, not between 0 and 100"),
    "ZERO": ({"percent_complete": 42, "budget": "0"}, PLAN, SPENT, "the approved budget is not positive"),
    "BUDGET": ({"percent_complete": 42, "budget": None}, (), SPENT, "no approved budget"),
    "MONEY": ({"percent_complete": 42}, (), (), "no cost lines by month"),
    "HALF": ({"percent_complete": 42}, PLAN[:6], SPENT, "adds up to 500,000.00, the budget is 1,000,000.00"),
    "BACK": ({"percent_complete": 42}, (*PLAN[:-1], -60), SPENT, "takes money back"),
    "PLAN": ({"percent_complete": 42}, (), SPENT, "no planned cost by month"),
    "NOTHING": ({"percent_complete": 0}, (0, 0), SPENT, "adds up to 0.00"),
}


LACKING = ("PROGRESS", "BUDGET", "MONEY", "PLAN")  # nothing is there; of the others what is there is refused


def test_without_its_inputs_there_is_no_index_and_the_reason_is_said(rows: Rows) -> None:
    for row, (key, (given, plan, spent, _)) in enumerate(WITHOUT.items(), 8):
        project(rows, key, row, **given)
        months(rows, key, "baseline", plan)
        months(rows, key, "actual", spent)
    consolidate(rows.engine, as_of=TODAY, known_at=T0)
    with Session(rows.engine) as session:
        documents = {each["key"]: each for each in status_document(session)["projects"]}
    assert documents.keys() == WITHOUT.keys()
    for key, (*_, why) in WITHOUT.items():
        shown = documents[key]["measures"]["spi"]
        assert shown["value"] is None, key
        assert why in shown["says"], key
        told = [
            each["text"]
            for each in documents[key]["dimensions"]["schedule"]["reasons"]
            if each["rule"] == "F2"
        ]
        assert told == ([] if key in LACKING else [f"no earned value: {shown['says']}"]), key


def test_cost_without_a_plan_still_has_its_index(rows: Rows) -> None:
    project(rows, percent_complete=42)
    months(rows, "APOLLO", "actual", SPENT)
    document = found(rows)
    assert value(document, "cpi") == 0.875
    assert (value(document, "spi"), value(document, "planned_value")) == (None, None)
    assert value(document, "eac_weighted") is None


def test_two_currencies_are_refused_and_not_added(rows: Rows) -> None:
    project(rows, percent_complete=42)
    months(rows, "APOLLO", "baseline", PLAN)
    months(rows, "APOLLO", "actual", SPENT, currency="EUR")
    shown = found(rows)["measures"]["cpi"]
    assert (shown["value"], shown["says"]) == (
        None, "budget and cost lines are in EUR and GBP: they cannot be held against each other",
    )  # fmt: skip


def test_money_that_came_back_leaves_the_index_undefined(rows: Rows) -> None:
    project(rows, percent_complete=42)
    months(rows, "APOLLO", "baseline", PLAN)
    months(rows, "APOLLO", "actual", (70, -120, 0, 0, 0, 0))
    document = found(rows)
    why = "actual cost adds up to -50,000.00 by 2026-11-02, less than nothing"
    told = document["measures"]
    for name in ("spent_value", "cpi", "eac_at_plan", "cost_variance", "percent_spent", "tcpi_budget"):
        assert (told[name]["value"], told[name]["says"]) == (None, why), name
    assert told["green_efficiency"]["value"] is None
    reasons = document["dimensions"]["cost"]["reasons"]
    assert [each["text"] for each in reasons if each["rule"] == "F2"] == [f"no earned value: {why}"]


def test_the_same_money_in_two_sources_is_counted_once(rows: Rows) -> None:
    rows.source("finance", "excel")
    project(rows, percent_complete=42)
    months(rows, "APOLLO", "baseline", PLAN)
    months(rows, "APOLLO", "actual", SPENT)
    for place, amount in enumerate(SPENT):
        period = months_before(START, -place)
        rows.cost("finance", "APOLLO", "actual", str(amount * 1000), period=period)
    document = found(rows)
    assert value(document, "spent_value") == Decimal(480_000)
    with Session(rows.engine) as session:
        inputs = explain(session, "APOLLO", "spent_value")["rule"]["inputs"]
    assert (inputs["actual_source"], inputs["actual_also_in"]) == ("pmo-files", ["finance"])


def test_months_after_the_plans_end_make_no_fully_earned_plan_look_faster(rows: Rows) -> None:
    for key, row, plan in (("APOLLO", 8, PLAN[:4]), ("GEMINI", 9, (*PLAN[:4], 0, 0, 0))):
        project(rows, key, row, budget="310000", percent_complete=100, reported_on=TODAY)
        months(rows, key, "baseline", plan)
        months(rows, key, "actual", SPENT)
    plain = found(rows)
    with Session(rows.engine) as session:
        padded, own = (explain(session, key, "schedule")["rules"] for key in ("GEMINI", "APOLLO"))
    assert [each["text"] for each in padded] == [each["text"] for each in own]
    [text_] = [each["text"] for each in own if each["id"] == "F2"]
    assert text_ == f"schedule performance to date is {value(plain, 'spi_time'):.2f}"


def test_the_ledgers_of_two_sources_are_not_added_up(rows: Rows) -> None:
    rows.source("finance", "excel")
    project(rows)
    for source, amount in (("finance", "900"), ("pmo-files", "400"), ("pmo-files", "600")):
        rows.cost(source, "APOLLO", "forecast", amount, currency="GBP")
    consolidate(rows.engine, as_of=TODAY, known_at=T0)
    with Session(rows.engine) as session:
        [apollo] = gather(session, asking(session, None, TODAY, T0)).projects
    assert apollo.ledger_eac == Decimal(1000)
    assert apollo.sources == {rows.sources["pmo-files"], rows.sources["finance"]}
