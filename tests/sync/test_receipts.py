"""Every number and colour leads back to the cell or item it came from."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from sync.consolidate import consolidate
from sync.json import instant_text
from sync.receipts import NotKnown, explain, status_document
from sync.rollup.rollup import rollups
from tests.support.rows import T0, Rows
from tests.support.shared import SHARED, needs_shared

TODAY = T0.date()


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2025, 12, 31), key="APO-114", points=None)
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", programme="Space", tier=1, stage="deliver", bind_jira="APO",
        baseline_start="2025-01-06", baseline_finish="2025-12-19", forecast_finish="2026-01-30",
        budget="1000000", forecast_cost="1000000", rag_overall="GREEN", reported_on="2026-11-01",
    )  # fmt: skip
    rows.milestone("pmo-files", "APOLLO", "Go live", baseline=TODAY + timedelta(days=30))
    rows.raid("pmo-files", "APOLLO", item_id="R-014", probability=4, impact=5)
    consolidate(engine, as_of=TODAY, known_at=T0)
    return rows


def ask(rows: Rows, attribute: str, key: str = "APOLLO", **clocks: Any) -> dict[str, Any]:
    with Session(rows.engine) as session:
        return explain(session, key, attribute, **clocks)


def keys_missing(shape: Any, found: Any, path: str = "") -> list[str]:
    """Name the keys of a contract's example that an answer does not have."""
    if isinstance(shape, dict):
        assert isinstance(found, dict), path
        missing = [f"{path}.{name}" for name in shape if name not in found]
        for name in shape.keys() & found.keys():
            if found[name] is not None and name != "inputs":
                missing += keys_missing(shape[name], found[name], f"{path}.{name}")
        return missing
    if isinstance(shape, list) and shape and found:
        return keys_missing(shape[0], found[0], f"{path}[0]")
    return []


@needs_shared
def test_the_answers_have_the_shapes_other_programs_rely_on(rows: Rows) -> None:
    contract = SHARED / "contract"
    assert keys_missing(json.loads((contract / "explain.json").read_text()), ask(rows, "schedule")) == []
    with Session(rows.engine) as session:
        document = status_document(session)
    shape = json.loads((contract / "status.json").read_text())
    del shape["projects"][0]["dimensions"]["schedule"]["reasons"][0]["inputs"]
    assert keys_missing(shape, document) == []
    assert json.loads(json.dumps(document)) == document


def test_a_colour_names_its_rule_its_inputs_and_the_winning_claim_first(rows: Rows) -> None:
    found = ask(rows, "schedule")
    assert (found["value"], found["rule"]["id"], found["rule"]["policy"]) == ("RED", "F1", "default@1.0.0")
    assert found["rule"]["inputs"] == {
        "baseline_start": "2025-01-06", "baseline_finish": "2025-12-19", "forecast_finish": "2026-01-30",
    }  # fmt: skip
    first, second = found["claims"][:2]
    assert (first["attribute"], first["value"], first["wins"]) == ("forecast_finish", "2026-01-30", True)
    assert first["because"] == "precedence: pmo-files before jira-cloud"
    assert first["raw"]["locator"] == "register.xlsx!Projects!I8"
    assert first["raw"]["run"] == rows.runs["pmo-files"]
    assert len(first["raw"]["sha256"]) == 64
    assert (second["wins"], second["source"], second["raw"]["locator"]) == (
        False, "jira-cloud", "APO-114 duedate",
    )  # fmt: skip
    assert {each["attribute"] for each in found["claims"]} >= {"baseline_finish", "baseline_start"}
    assert found["records"][0]["name"] == "Go live"


def test_a_risk_colour_leads_to_the_row_of_the_risk(rows: Rows) -> None:
    found = ask(rows, "risk")
    assert found["value"] == "RED"
    assert found["records"][0]["name"] == "R-014"
    assert found["records"][0]["raw"]["locator"].startswith("sheet.xlsx!Sheet!A")


def test_an_attribute_is_explained_by_name_by_path_and_by_its_word_in_the_document(rows: Rows) -> None:
    by_name, by_path = ask(rows, "forecast_finish"), ask(rows, "project.forecast_finish")
    assert by_name["value"] == by_path["value"] == "2026-01-30"
    assert [each["wins"] for each in by_name["claims"]] == [True, False]
    budget = ask(rows, "budget")
    assert (budget["value"], budget["unit"]) == ("1000000.00", "GBP")
    assert ask(rows, "reported")["claims"][0]["attribute"] == "rag_overall"


def test_overall_health_and_data_quality_are_explained_too(rows: Rows) -> None:
    overall = ask(rows, "overall")
    assert (overall["value"], overall["rule"]["id"]) == ("RED", "F13")
    assert overall["rule"]["inputs"]["dimensions"]["schedule"] == "RED"
    assert overall["claims"][0]["attribute"] == "forecast_finish"
    assert isinstance(ask(rows, "health")["value"], float)
    quality = ask(rows, "data_quality")
    assert (quality["rule"]["id"], set(quality["rule"]["inputs"]["templates"])) == (
        "F12", {"monthly-status", "raid-log"},
    )  # fmt: skip


def test_a_value_that_nobody_gives_has_no_claims(rows: Rows) -> None:
    found = ask(rows, "benefit_target")
    assert (found["value"], found["claims"]) == (None, [])


def test_what_does_not_exist_is_answered_with_what_does(rows: Rows) -> None:
    with pytest.raises(NotKnown, match="there are: APOLLO"):
        ask(rows, "schedule", "ARTEMIS")
    with pytest.raises(NotKnown, match=r"forecast_finish.*besides.*schedule"):
        ask(rows, "colour_of_the_sky")
    with pytest.raises(NotKnown, match="no snapshot of APOLLO of 2020-01-01"):
        ask(rows, "schedule", as_of=date(2020, 1, 1))


def test_a_past_receipt_shows_the_claims_of_then(rows: Rows) -> None:
    later = T0 + timedelta(days=7)
    with rows.engine.connect() as connection:
        scope = connection.exec_driver_sql("SELECT id FROM scope WHERE kind = 'register_row'").scalar_one()
    rows.rewrite(scope, forecast_finish="2025-12-19")
    rows.run("pmo-files", at=later)
    consolidate(rows.engine, as_of=later.date(), known_at=later)
    assert ask(rows, "forecast_finish")["value"] == "2025-12-19"
    assert ask(rows, "forecast_finish", as_of=TODAY)["value"] == "2026-01-30"
    assert ask(rows, "forecast_finish", known_at=T0)["value"] == "2026-01-30"


def test_only_visible_projects_are_in_the_status_document(rows: Rows) -> None:
    with Session(rows.engine) as session:
        assert status_document(session, visible=["OTHER"])["projects"] == []
        assert len(status_document(session, visible=["APOLLO"])["projects"]) == 1
        empty = status_document(session, as_of=date(2020, 1, 1))
    assert empty == {
        "as_of": "2020-01-01", "known_at": None, "policy": None, "projects": [], "snapshot_as_of": None,
        "history": {"first": TODAY.isoformat(), "last": TODAY.isoformat()},
        "note": f"the history begins {TODAY}",
    }  # fmt: skip


def test_a_day_after_the_history_says_which_day_the_newest_snapshot_is_of(rows: Rows) -> None:
    later = TODAY + timedelta(days=400)
    with Session(rows.engine) as session:
        found = status_document(session, as_of=later)
    assert (found["as_of"], found["note"]) == (later.isoformat(), f"newest snapshot is of {TODAY}")
    assert found["projects"][0]["snapshot_as_of"] == TODAY.isoformat()
    assert ask(rows, "schedule", as_of=later)["note"] == f"newest snapshot is of {TODAY}"
    with pytest.raises(NotKnown, match=f"the history begins {TODAY}"):
        ask(rows, "schedule", as_of=date(2020, 1, 1))


def test_a_dimension_of_two_rules_gives_each_with_its_inputs_and_records(rows: Rows) -> None:
    found = ask(rows, "schedule")
    assert [rule["id"] for rule in found["rules"]] == ["F1", "F5"]
    assert found["rule"]["id"] == "F1"
    finish, milestones = found["rules"]
    assert finish["policy"] == milestones["policy"] == found["rule"]["policy"]
    assert finish["inputs"] == found["rule"]["inputs"]
    assert "42 days late" in finish["text"]
    assert finish["from"][0] == "forecast_finish"
    assert milestones["inputs"]["milestones"] == 1
    assert [record["name"] for record in milestones["records"]] == ["Go live"]
    assert [rule["id"] for rule in ask(rows, "risk")["rules"]] == ["F7", "F6"]
    assert [rule["id"] for rule in ask(rows, "overall")["rules"]] == ["F13"]


def test_an_instant_before_anything_was_known_is_said_to_be_one(rows: Rows) -> None:
    early = T0 - timedelta(days=400)
    says = f"was known at {instant_text(early)}: the first snapshot is known since {instant_text(T0)}"
    with pytest.raises(NotKnown, match=f"nothing of APOLLO {says}"):
        ask(rows, "overall", known_at=early)
    with Session(rows.engine) as session:
        told = status_document(session, known_at=early)["note"]
        whole = rollups(session, known_at=early)[0]["cost_weighted"]
    assert told.startswith(f"nothing of any project {says}")
    assert whole["says"] == told
