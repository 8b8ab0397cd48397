"""What status says of sources that are read just now, overdue, or no longer to be seen."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from model import tables
from sync.consolidate import consolidate
from sync.policy.backtest import stored_days
from sync.receipts import explain, status_document
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira", "jira", schedule="0 2 * * *")
    rows.source("files", "excel", schedule="0 2 * * *")
    rows.register("files", "APOLLO", name="Apollo", bind_jira="APO", budget="1000000")
    rows.scope("jira", "APO")
    return rows


def status(rows: Rows, *, days: float = 0) -> dict[str, Any]:
    now = T0 + days * DAY
    consolidate(rows.engine, as_of=now.date(), known_at=now)
    with Session(rows.engine) as session:
        [found] = status_document(session)["projects"]
        return dict(found)


def test_a_source_that_is_being_read_is_looked_at_as_it_was_before(rows: Rows) -> None:
    rows.milestone("files", "APOLLO", "Go live", forecast=date(2026, 12, 1), baseline=date(2026, 12, 1))
    number = rows.run("files", at=T0 + DAY)
    rows.change(tables.Run, number, state="running", finished_at=None)
    rows.milestone("files", "APOLLO", "Half read", forecast=date(2026, 11, 20), at=T0 + DAY)

    half = status(rows, days=1.01)
    rows.change(tables.Run, number, state="succeeded", finished_at=T0 + 1.02 * DAY)
    with Session(rows.engine) as session:
        [(_, replayed)] = stored_days(session, None, None)
    assert [row["name"] for row in replayed.projects[0].milestones] == ["Go live"]
    whole = status(rows, days=1.03)

    assert half["next_milestone"]["name"] == "Go live"
    assert whole["next_milestone"]["name"] == "Half read"


def test_records_out_of_sight_are_counted_beside_the_project_and_keep_counting_in_it(rows: Rows) -> None:
    rows.item("jira", "APO", external_id="1", fate="access_lost")
    rows.item("jira", "APO", external_id="2")
    rows._add(
        tables.Absence, source_id=rows.sources["jira"], run_id=rows.runs["jira"], stream="issues", slice="APO",
        entity="work_item", external_id="1", found_at=T0, found_by="census", fate="access_lost", says="403",
        settled_at=T0,
    )  # fmt: skip

    found = status(rows)

    assert (found["out_of_sight"], found["held_back"]) == (1, 0)
    assert "out_of_sight" in found["flags"]


def test_an_overdue_source_is_flagged_and_its_claims_are_stale(rows: Rows) -> None:
    fresh = status(rows, days=1)
    late = status(rows, days=2)

    assert "stale_data" not in fresh["flags"]
    assert "stale_data" in late["flags"]
    assert {source["name"]: source.get("overdue") for source in late["sources"]} == {
        "files": True,
        "jira": True,
    }
    with Session(rows.engine) as session:
        [claim] = explain(session, "APOLLO", "budget")["claims"]
    assert claim["stale"] is True


def test_a_claim_turns_stale_while_nobody_computes_anything(rows: Rows) -> None:
    status(rows)

    with Session(rows.engine) as session:
        [then] = explain(session, "APOLLO", "budget", now=T0 + DAY)["claims"]
        [later] = explain(session, "APOLLO", "budget", now=T0 + 2 * DAY)["claims"]

    assert ("stale" in then, later["stale"]) == (False, True)
