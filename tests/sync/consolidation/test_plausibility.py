"""What cannot be true of a project is a reason of its colour, a finding, and a flag; never a good number."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from model import tables
from sync.consolidate import consolidate
from sync.receipts import status_document
from tests.support.rows import T0, Rows

TODAY = T0.date()


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    return rows


def standing(rows: Rows) -> dict[str, str]:
    with rows.engine.connect() as connection:
        found = connection.execute(
            text("SELECT rule, says FROM finding WHERE template = 'plausibility' AND closed_at IS NULL")
        )
        return {row.rule: row.says for row in found}


def test_impossible_inputs_are_reasons_and_findings_until_they_are_put_right(rows: Rows) -> None:
    scope = rows.register(
        "pmo-files", "APOLLO", name="Apollo", tier=3, stage="define", budget="1000000", forecast_cost="-500000",
        baseline_start=date(2026, 1, 1), baseline_finish=TODAY, forecast_finish=date(1900, 1, 1),
        percent_complete=150, reported_on=date(2099, 1, 1), rag_overall="GREEN",
    )  # fmt: skip
    for kind in ("baseline", "actual"):
        rows.cost("pmo-files", "APOLLO", kind, "1000000", period=date(2026, 5, 1))
    rows.raid("pmo-files", "APOLLO", item_id="R-1", chance=0.5, cost_impact=-1000, probability=1, impact=1)
    consolidate(rows.engine, as_of=TODAY, known_at=T0)

    with Session(rows.engine) as session:
        (document,) = status_document(session)["projects"]
    dims = document["dimensions"]
    assert [dims[name]["colour"] for name in ("schedule", "cost", "risk")] == ["GREY"] * 3
    assert document["report"] == {"reported_on": "2099-01-01", "age_days": None, "stale": None}
    assert "report_to_come" in document["flags"]
    told = standing(rows)
    assert told["reported_on"] == "The report is of 2099-01-01, which is still to come: its age is not known"
    assert {"forecast_finish", "risk R-1 cost"} <= told.keys()
    with rows.engine.connect() as connection:  # what a template finds is not said again
        named = connection.scalars(
            text("SELECT rule FROM finding WHERE kind = 'invalid' ORDER BY rule")
        ).all()
    assert [named.count(name) for name in ("forecast_cost", "percent_complete")] == [1, 1]

    rows.rewrite(scope, reported_on=TODAY, forecast_finish=TODAY)
    later = T0 + timedelta(hours=1)
    rows.run("pmo-files", at=later)
    consolidate(rows.engine, as_of=TODAY, known_at=later)
    assert standing(rows).keys() == {"risk R-1 cost"}
    with rows.engine.connect() as connection:
        why = connection.scalar(text("SELECT closed_because FROM finding WHERE rule = 'reported_on'"))
    assert why == "Fixed at the source: what is there now can be"


def test_a_register_that_is_held_to_another_finish_than_the_one_approved_is_flagged(rows: Rows) -> None:
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", baseline_start=date(2026, 1, 1), budget="100", forecast_cost="100",
        baseline_finish=date(2026, 12, 19), forecast_finish=date(2026, 12, 19),
    )  # fmt: skip
    rows.version(
        tables.Baseline, "pmo-files", "APOLLO", number=1, approved_on=date(2026, 1, 9), budget=90,
        finish=date(2026, 10, 31),
    )  # fmt: skip
    consolidate(rows.engine, as_of=TODAY, known_at=T0)
    with Session(rows.engine) as session:
        (document,) = status_document(session)["projects"]
    assert "baseline_apart" in document["flags"]
    assert document["measures"]["baseline_apart"]["value"] == 49
    said = [each["text"] for name in ("schedule", "cost") for each in document["dimensions"][name]["reasons"]]
    assert (
        "held to the finish 2026-12-19, and not to 2026-10-31 of the baseline approved on 2026-01-09" in said
    )
    assert "held to the budget 100.00, and not to 90.00 of the baseline approved on 2026-01-09" in said
