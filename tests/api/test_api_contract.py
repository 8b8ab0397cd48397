import json
import re
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.shared import SHARED, needs_shared

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
WORK_ITEM = {
    "source", "external_id", "key", "project", "type", "title", "status", "status_category", "points", "assignee",
    "parent_key", "created_at", "updated_at", "deleted_at", "url",
}  # fmt: skip


def missing(contract: Any, given: Any, where: str = "") -> list[str]:
    """Names the contract has and an answer has not; of a list, the first entry speaks."""
    if isinstance(contract, dict) and isinstance(given, dict):
        found = [f"{where}.{name}" for name in contract if name not in given]
        for name in contract.keys() & given.keys():
            found += missing(contract[name], given[name], f"{where}.{name}")
        return found
    if isinstance(contract, list) and isinstance(given, list) and contract and given:
        return missing(contract[0], given[0], f"{where}[]")
    return []


@needs_shared
@pytest.mark.parametrize(
    ("name", "path", "own"),
    [
        ("status", "/api/v1/status", {"slip_days", "slip_pct", "budget"}),
        ("runs", "/api/v1/runs", set()),
        ("explain", "/api/v1/projects/PORTAL/explain/schedule", {"baseline_finish", "forecast_finish"}),
    ],
)
def test_answers_have_every_name_of_the_contract(engine: Engine, name: str, path: str, own: set[str]) -> None:
    seed(engine)
    contract = json.loads((SHARED / "contract" / f"{name}.json").read_text())
    absent = missing(contract, client(engine).get(path).json())
    assert [each for each in absent if each.rpartition(".")[2] not in own] == []


def test_work_items_have_every_name_of_the_contract_and_utc_instants(engine: Engine) -> None:
    seed(engine, work_items=60)
    answer = client(engine).get("/api/v1/work-items", params={"source": "ado"}).json()
    assert set(answer) == {"items", "next"}
    assert answer["items"]
    for item in answer["items"]:
        assert set(item) >= WORK_ITEM
        assert item["source"] == "ado"
        assert INSTANT.fullmatch(item["created_at"])
        assert item["points"] is None or item["points"] >= 0


def test_what_nobody_knows_is_null(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    found = {item["key"]: item for item in asking.get("/api/v1/status").json()["projects"]}
    assert found["NOTIFY"]["dimensions"]["cost"]["colour"] == "GREY"
    assert found["ARCHIVE"]["next_milestone"] is None
    dependency = asking.get("/api/v1/raid-items", params={"kind": "dependency"}).json()["items"][0]
    assert dependency["owner"] is None
    assert dependency["score"] is None


def test_status_of_an_earlier_day_is_what_it_was_then(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    now = asking.get("/api/v1/status").json()
    then = asking.get("/api/v1/status", params={"as_of": "2026-08-30"}).json()
    assert then["as_of"] == "2026-08-30"
    portal = {
        each["as_of"]: next(p for p in each["projects"] if p["key"] == "PORTAL") for each in (now, then)
    }
    assert portal["2026-08-30"]["overall"] == "GREEN"
    assert portal["2026-11-22"]["overall"] == "RED"


def test_a_milestone_carries_its_slip_and_its_cell(engine: Engine) -> None:
    seed(engine)
    answer = client(engine).get("/api/v1/milestones", params={"project": "PORTAL"}).json()
    live = next(item for item in answer["items"] if item["name"] == "Go live")
    assert live["slip_days"] == 42
    assert live["locator"] == "plan.xlsx!Milestones!B6"


def test_the_portfolio_counts_colours_and_watermelons(engine: Engine) -> None:
    seed(engine)
    answer = client(engine).get("/api/v1/portfolio").json()
    assert answer["projects"] == 12
    assert sum(answer["overall"].values()) == 12
    assert answer["watermelons"] == 1
    assert {entry["name"] for entry in answer["programmes"]} == {
        "Digital services", "Core systems", "Estates and network"
    }  # fmt: skip


def test_a_receipt_names_the_winner_first_and_the_conflicting_loser(engine: Engine) -> None:
    seed(engine)
    answer = client(engine).get("/api/v1/projects/PAYROLL/explain/forecast_finish").json()
    assert [claim["wins"] for claim in answer["claims"]] == [True, False]
    assert answer["claims"][0]["raw"]["locator"] == "register.xlsx!Projects!E13"
    assert answer["claims"][1]["raw"]["locator"] == "PAY-114 duedate"


def test_a_ledger_that_is_off_says_so(engine: Engine) -> None:
    seed(engine)
    lines = client(engine).get("/api/v1/runs").json()["runs"][0]["ledger"]
    assert {line["stream"]: line["balanced"] for line in lines} == {
        "projects": True, "issues": True, "versions": False
    }  # fmt: skip


def test_metrics_count_runs_records_waits_and_freshness(engine: Engine) -> None:
    seed(engine)
    text = client(engine).get("/metrics").text
    assert 'muster_runs_total{source="jira-dc",state="failed"} 1.0' in text
    assert 'muster_records_total{outcome="rejected",source="ado",stream="issues"} 6.0' in text
    assert 'muster_wait_seconds_total{source="ado"} 37.2' in text
    assert 'muster_last_success_age_seconds{source="ado"}' in text


def test_health_and_readiness_need_no_token(engine: Engine) -> None:
    asking = client(engine, token=False)
    assert asking.get("/healthz").status_code == 200
    assert asking.get("/readyz").status_code == 200


def test_head_answers_as_get_without_a_body(engine: Engine) -> None:
    seed(engine)
    answer = client(engine).head("/api/v1/status")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["etag"]


def test_a_run_carries_its_rejected_records_with_place_and_reason(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    newest = asking.get("/api/v1/runs", params={"source": "ado", "limit": 1}).json()["runs"][0]
    assert newest["rejected"] == [
        {"locator": "ADO-10", "reason": "no key: a register row needs a project key in column Project ID"}
    ]
    assert asking.get(f"/api/v1/runs/{newest['id']}").json() == newest


def test_rows_of_records_name_their_project_as_the_source_does(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    for noun in ("milestones", "raid-items", "costs"):
        rows = asking.get(f"/api/v1/{noun}", params={"project": "PORTAL"}).json()["items"]
        assert {row["project_ref"] for row in rows} == {"PORTAL"}, noun
