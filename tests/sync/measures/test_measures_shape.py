"""Measures: numbers beside the colours, each in the document and with a receipt."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from model.attributes import REGISTER
from sync.consolidate import consolidate
from sync.dimensions import DIMENSIONS
from sync.receipts import explain, status_document
from tests.support.rows import T0, Rows

TODAY = T0.date()


@pytest.fixture
def found(engine: Engine) -> tuple[Rows, dict[str, Any]]:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register("pmo-files", "APOLLO", name="Apollo")
    day = TODAY - timedelta(days=40)
    rows.milestone(
        "pmo-files", "APOLLO", "Design", baseline=day, actual=day + timedelta(days=10), state="met"
    )
    rows.milestone("pmo-files", "APOLLO", "Build", baseline=day, weight=3.0)
    consolidate(engine, as_of=TODAY, known_at=T0)
    with Session(engine) as session:
        return rows, status_document(session)["projects"][0]


def test_every_measure_of_the_document_has_a_receipt_with_the_same_value(
    found: tuple[Rows, dict[str, Any]],
) -> None:
    rows, document = found
    assert document["measures"]
    with Session(rows.engine) as session:
        for name, shown in document["measures"].items():
            receipt = explain(session, "APOLLO", name)
            assert (receipt["value"], receipt["unit"]) == (shown["value"], shown["unit"]), name
            assert receipt["reasons"][0]["text"] == shown["says"] != "", name
            assert receipt["rule"]["policy"] == "default@1.0.0"


def test_a_measure_leads_to_the_rows_it_was_computed_from(found: tuple[Rows, dict[str, Any]]) -> None:
    rows, document = found
    assert document["measures"]["milestones_on_time"]["value"] == 0
    assert document["measures"]["milestone_lateness"]["value"] == (10 + 3 * 40) / 4
    with Session(rows.engine) as session:
        records = explain(session, "APOLLO", "milestone_lateness")["records"]
    assert {record["name"] for record in records} == {"Design", "Build"}
    assert all(record["raw"]["sha256"] and record["raw"]["locator"] for record in records)


def test_what_cannot_be_computed_is_unknown_with_the_reason_and_never_zero(
    found: tuple[Rows, dict[str, Any]],
) -> None:
    slope = found[1]["measures"]["milestone_slope"]
    assert slope["value"] is None
    assert slope["says"] == "no open milestone has been forecast in 4 weeks or more"


def test_no_measure_has_the_name_of_an_attribute_or_of_a_dimension(
    found: tuple[Rows, dict[str, Any]],
) -> None:
    taken = {*REGISTER["project"], *DIMENSIONS, "overall", "health", "data_quality", "watermelon"}
    assert not taken & found[1]["measures"].keys()


def test_forecasts_that_lead_to_a_day_gone_by_lead_to_none(engine: Engine) -> None:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register("pmo-files", "APOLLO", name="Apollo")
    begun = T0 - timedelta(days=70)
    for week in range(10):
        late = TODAY - timedelta(days=30 - week)
        rows.milestone(
            "pmo-files", "APOLLO", "Cut-over", baseline=late, forecast=late, external_id="M",
            at=begun + timedelta(days=7 * week), known_to=begun + timedelta(days=7 * week + 7) if week < 9 else None,
        )  # fmt: skip
    consolidate(engine, as_of=TODAY, known_at=T0)
    with Session(engine) as session:
        measures = status_document(session)["projects"][0]["measures"]
    assert 0 < measures["milestone_slope"]["value"] < 1
    assert measures["milestone_trend_finish"]["value"] is None
    assert measures["milestone_trend_finish"]["says"].endswith("which has passed without it")
