"""How colours behave over the weeks, by the snapshots there are."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config import shipped
from model.policy import Policy
from model.policy_faults import read_policy
from sync.consolidate import consolidate
from sync.receipts import explain, status_document
from tests.support.rows import T0, Rows

TODAY = T0.date()


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    return rows


def remembered(rows: Rows, overall: str, reported: str | None, weeks: int) -> None:
    """Give the weeks since the first snapshot others, in these colours."""
    with rows.engine.begin() as connection:
        connection.execute(
            text("UPDATE snapshot SET overall = :overall, reported = :reported"),
            {"overall": overall, "reported": reported},
        )
        connection.execute(
            text(
                "INSERT INTO snapshot (project_id, as_of, known_at, policy, overall, reported, document, receipt,"
                " sha256) SELECT project_id, as_of + 7 * step, known_at + step * interval '7 days', policy, overall,"
                " reported, document, receipt, sha256 FROM snapshot, generate_series(1, :weeks) AS step"
            ),
            {"weeks": weeks - 1},
        )


def found(
    rows: Rows, overall: str, reported: str | None, weeks: int, policy: Policy | None = None
) -> dict[str, Any]:
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", rag_overall="GREEN", reported_on=TODAY,
        baseline_start="2026-01-05", baseline_finish="2026-12-18", forecast_finish="2027-06-18",
        budget="100", forecast_cost="100", tier=1, stage="deliver",
    )  # fmt: skip
    rows.milestone("pmo-files", "APOLLO", "Cut-over", baseline=TODAY - timedelta(days=30), critical=True)
    back = timedelta(days=7 * weeks)
    consolidate(rows.engine, as_of=TODAY - back, known_at=T0 - back)
    remembered(rows, overall, reported, weeks)
    consolidate(rows.engine, as_of=TODAY, known_at=T0, policy=policy)
    with Session(rows.engine) as session:
        return dict(status_document(session)["projects"][0])


def test_reports_that_stay_green_over_an_overdue_critical_milestone_are_belied(rows: Rows) -> None:
    document = found(rows, "AMBER", "GREEN", 3)
    assert document["measures"]["behaviour"]["value"] == ["belied"]
    assert "belied" in document["flags"]
    with Session(rows.engine) as session:
        receipt = explain(session, "APOLLO", "behaviour")
    assert receipt["rule"]["inputs"]["reported"] == ["GREEN"] * 4
    assert [record["name"] for record in receipt["records"]] == ["Cut-over"]


def test_a_run_of_amber_weeks_that_has_ended_is_not_stuck(rows: Rows) -> None:
    document = found(rows, "AMBER", "AMBER", 11)
    says = document["measures"]["behaviour"]["says"]
    assert document["overall"] != "AMBER"
    assert says == "nothing odd in 12 of 13 weeks"


def test_the_running_week_counts_with_the_colours_of_the_day_itself(rows: Rows) -> None:
    document = found(rows, "GREEN", None, 1)
    with Session(rows.engine) as session:
        inputs = explain(session, "APOLLO", "behaviour")["rule"]["inputs"]
    assert inputs["weeks"] == ["2026-10-26", "2026-11-02"]
    assert inputs["computed"] == ["GREEN", document["overall"]]


def test_periods_are_as_long_as_the_policy_says(rows: Rows) -> None:
    monthly = read_policy(
        shipped.text("policies", "default").replace("period: week, stuck: 6", "period: month, stuck: 3"),
        "x.yaml",
    )
    document = found(rows, "AMBER", "AMBER", 16, monthly)
    with Session(rows.engine) as session:
        inputs = explain(session, "APOLLO", "behaviour")["rule"]["inputs"]
    assert inputs["months"] == ["2026-07-01", "2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01"]
    assert inputs["computed"] == ["AMBER"] * 4 + [document["overall"]]
    assert document["measures"]["behaviour"]["says"] == "nothing odd in 5 of 13 months"
