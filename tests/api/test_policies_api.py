"""Policies through the API and on the command line: read, planned, proposed, approved, replayed."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app, described
from config.database import open_engine
from tests.support.api_client import client
from tests.support.command_line import CommandLine
from tests.support.databases import cloned
from tests.support.policies import STRICT, history, tolerance, written

HEAD = ("Ole Brandt", ("pmo_head",))
FAR = date(2999, 1, 1)  # the API goes by the clock on the wall


@pytest.fixture(scope="module")
def url(template_url: str) -> Iterator[str]:
    with cloned(template_url) as url:
        yield url


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    """Three projects over five weeks."""
    engine = open_engine(url)
    history(engine)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def as_it_was(engine: Engine) -> Iterator[None]:
    """What a test proposes is gone after it."""
    yield
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM policy_version WHERE version <> '1.0.0'"))


@pytest.fixture(scope="module")
def asking(engine: Engine) -> TestClient:
    """A specialist, who may propose."""
    return client(engine, name="writer", speaks_for=("Ida Lindqvist", ("specialist",)))


@pytest.fixture(scope="module")
def deciding(engine: Engine) -> TestClient:
    """The head of the office, who may approve."""
    return client(engine, name="head", speaks_for=HEAD)


def strict(**more: Any) -> str:
    return written(*STRICT, begins=FAR, **more)


def test_policies_are_listed_with_the_one_in_force_and_answered_whole(asking: TestClient) -> None:
    (found,) = asking.get("/api/v1/policies").json()["items"]
    assert (found["policy"], found["in_force"], found["state"]) == ("default@1.0.0", True, "approved")
    whole = asking.get("/api/v1/policies/default@1.0.0").json()
    assert whole["limits"]["schedule"]["red_days"] == 30
    assert whole["tiers"]["3"]["issues"] == {"open_age_days": 60}
    missing = asking.get("/api/v1/policies/default@9.0.0")
    assert (missing.status_code, missing.json()["detail"]) == (
        404, "there is no policy default@9.0.0; there are default@1.0.0.",
    )  # fmt: skip


def test_an_unchanged_list_is_answered_by_its_etag_and_a_proposal_changes_it(asking: TestClient) -> None:
    tag = asking.get("/api/v1/policies").headers["etag"]
    assert asking.get("/api/v1/policies", headers={"If-None-Match": tag}).status_code == 304
    assert asking.post("/api/v1/policies", json={"text": strict()}).status_code == 200
    assert asking.get("/api/v1/policies", headers={"If-None-Match": tag}).status_code == 200


def test_a_plan_says_who_would_turn_and_stores_nothing(asking: TestClient) -> None:
    found = asking.post("/api/v1/policies/plan", json={"text": strict()}).json()
    assert [each["project"] for each in found["turning"]] == ["ONCE"]
    assert found["turning"][0]["overall"] == {"from": "GREEN", "to": "RED", "then": "RED"}
    assert len(asking.get("/api/v1/policies").json()["items"]) == 1


def test_one_person_proposes_another_approves_what_was_planned_and_a_project_is_held_to_it(
    asking: TestClient, deciding: TestClient
) -> None:
    made = strict(more=tolerance("ONCE", "{schedule: {red_days: 90, amber_days: 60}}"))
    given = asking.post("/api/v1/policies", json={"text": made, "because": "The board asked"})
    assert (given.status_code, given.json()["state"], given.json()["plan"]) == (200, "proposed", None)
    planned = deciding.post("/api/v1/policies/plan", json={"text": made}).json()["plan"]
    own = asking.post("/api/v1/policies/default@1.1.0/approve", json={"because": "x"})
    assert (own.status_code, "takes pmo_head" in own.json()["detail"]) == (409, True)
    other = deciding.post("/api/v1/policies/default@1.1.0/approve", json={"because": "x", "plan": "0" * 64})
    assert (other.status_code, other.json()["type"]) == (409, "urn:muster:problem:not-now")
    done = deciding.post(
        "/api/v1/policies/default@1.1.0/approve", json={"because": "Agreed", "plan": planned}
    )
    assert (done.status_code, done.json()["approved_by"], done.json()["plan"]["plan"]) == (
        200,
        "Ole Brandt",
        planned,
    )
    assert done.json()["in_force"] is False
    now = asking.get("/api/v1/projects/ONCE/policy").json()
    then = asking.get("/api/v1/projects/ONCE/policy", params={"on": FAR.isoformat()}).json()
    assert (now["policy"], now["limits"]["schedule"]["red_days"]) == ("default@1.0.0", 30)
    assert (then["policy"], then["limits"]["schedule"]["red_days"]) == ("default@1.1.0", 90)
    assert then["layers"][-1] == {"of": "project", "name": "ONCE", "because": "agreed by the board"}
    known = {"on": FAR.isoformat(), "known_at": "2026-01-01T00:00:00Z"}  # before it was approved
    assert asking.get("/api/v1/projects/ONCE/policy", params=known).json()["policy"] == "default@1.0.0"
    known["known_at"] = "2001-01-01T00:00:00Z"
    assert asking.get("/api/v1/projects/ONCE/policy", params=known).status_code == 404
    for day in ("0001-01-01", "9999-12-31"):
        assert asking.get("/api/v1/projects/ONCE/policy", params={"on": day}).status_code == 200
    gone = deciding.post("/api/v1/policies/default@1.1.0/withdraw", json={"because": "A mistake"}).json()
    assert (gone["state"], gone["withdrawn_by"]) == ("withdrawn", "Ole Brandt")


def test_a_text_that_is_no_policy_is_answered_with_every_complaint_and_its_line(asking: TestClient) -> None:
    broken = strict(more=tolerance("NOBODY", "{hysteresis: 3}")).replace(
        "min_dimensions: 3", "min_dimensions: 9"
    )
    line = broken[: broken.index("min_dimensions")].count("\n") + 1
    for path in ("policies/plan", "policies/backtest", "policies"):
        answer = asking.post(f"/api/v1/{path}", json={"text": broken})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:muster:problem:invalid-policy")
        says = [each["says"] for each in answer.json()["errors"]]
        assert says[0].startswith(f"text:{line}:")
        assert "min_dimensions asks for 9 dimensions and there are 6" in says[0]
        assert "there is no project 'NOBODY'; there are ONCE, SLIPS, STEADY" in says[1]


def test_a_backtest_is_answered_and_days_nobody_knows_are_a_conflict(asking: TestClient) -> None:
    asked = {"text": strict(), "slip_days": 10, "horizon_days": 14}
    found = asking.post("/api/v1/policies/backtest", json=asked).json()
    assert (found["turn"], found["before"]["alarms"], found["after"]["alarms"]) == (2, 1, 2)
    assert (found["after"]["false"], found["otherwise"]["count"]) == (1, 0)
    none = asking.post("/api/v1/policies/backtest", json=asked | {"since": "2030-01-01"})
    assert (none.status_code, "the history goes from 2025-11-03" in none.json()["detail"]) == (409, True)


def test_a_token_of_some_projects_reads_its_own_limits_and_no_others_names(engine: Engine) -> None:
    asking = client(engine, name="few", projects=["ONCE"], speaks_for=HEAD)
    whole = asking.get("/api/v1/policies/default@1.0.0").json()
    assert (whole["text"], whole["tolerances"], whole["plan"]) == (None, None, None)
    assert asking.get("/api/v1/projects/ONCE/policy").status_code == 200
    assert asking.get("/api/v1/projects/SLIPS/policy").status_code == 404
    for path in ("policies/plan", "policies/backtest", "policies"):
        assert asking.post(f"/api/v1/{path}", json={"text": strict()}).status_code == 403
    assert (
        client(engine, name="mute").post("/api/v1/policies/plan", json={"text": strict()}).status_code == 403
    )


def test_answers_have_the_names_of_their_documented_shapes(asking: TestClient, engine: Engine) -> None:
    schemas = described(create_app(engine))["components"]["schemas"]
    asked = {"text": strict()}
    for shape, answer in (
        ("PolicyListed", asking.get("/api/v1/policies").json()["items"][0]),
        ("PolicyWhole", asking.get("/api/v1/policies/default@1.0.0").json()),
        ("HeldShape", asking.get("/api/v1/projects/ONCE/policy").json()),
        ("PlanShape", asking.post("/api/v1/policies/plan", json=asked).json()),
        ("BacktestShape", asking.post("/api/v1/policies/backtest", json=asked).json()),
    ):
        assert set(schemas[shape]["properties"]) == set(answer), shape
        assert set(schemas[shape]["examples"][0]) == set(answer), shape


def test_the_pages_show_limits_tolerances_and_what_a_policy_turned_and_hide_others_projects(
    engine: Engine, asking: TestClient, deciding: TestClient
) -> None:
    hostile = "<script>alert(1)</script>"
    more = tolerance("ONCE", "{hysteresis: 3}", because=f'"{hostile}"')
    made = strict(more=more).replace("title: Default status policy", f'title: "{hostile}"')
    assert asking.post("/api/v1/policies", json={"text": made, "because": hostile}).status_code == 200
    done = deciding.post("/api/v1/policies/default@1.1.0/approve", json={"because": hostile})
    assert done.status_code == 200
    listed, shown = (asking.get(path).text for path in ("/policies", "/policies/default@1.1.0"))
    assert "<script>alert" not in listed + shown
    assert 'href="/policies/default%401.1.0"' in listed
    assert "1 of 3 projects turned" in shown
    assert "hysteresis: 3" in shown.lower()
    assert asking.get("/policies/default@9.0.0").status_code == 404
    few = client(engine, name="page", projects=["SLIPS"]).get("/policies/default@1.1.0").text
    assert "ONCE" not in few
    receipt = asking.get("/projects/ONCE/receipt/schedule").text
    assert 'href="/policies/default%401.0.0"' in receipt


@pytest.fixture
def muster(engine: Engine, url: str, tmp_path: Path) -> CommandLine:
    """A command line on the same store."""
    engine.dispose()
    return CommandLine(url, tmp_path / "home", {})


@pytest.mark.slow
def test_the_command_line_goes_from_a_file_to_an_approved_policy(muster: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "strict.yaml"
    file.write_text(strict())
    assert muster("policy", "check", str(file)).out.startswith(
        "default@1.1.0 holds: from 2999-01-01, 3 tiers"
    )
    plan = muster("policy", "plan", str(file)).out
    assert "1 of 3 projects would turn." in plan
    assert "limits.schedule.red_days: 30 -> 15" in plan
    assert re.search(r"ONCE +GREEN -> RED \(health [\d.]+ -> [\d.]+\): schedule red, health [\d.]+", plan)
    assert "schedule AMBER -> RED: 20 days late, 5.8 % of the plan" in plan
    hash_ = plan.splitlines()[-1].removeprefix("Plan ")
    by_file = muster("policy", "apply", str(file), "--by", "Ole Brandt", "--because", "agreed")
    assert (by_file.code, "say who wrote it with --written-by NAME" in by_file.err) == (2, True)
    assert muster("policy", "propose", str(file), "--by", "Ida Lindqvist").code == 0
    own = muster("policy", "apply", "default@1.1.0", "--by", "Ida Lindqvist", "--because", "x")
    assert (own.code, "somebody else has to approve it" in own.err) == (2, True)
    done = muster(
        "policy", "apply", "default@1.1.0", "--by", "Ole Brandt", "--because", "agreed", "--plan", hash_
    )
    assert (done.code, "approved by Ole Brandt and in force from 2999-01-01 on" in done.out) == (0, True)
    listed = muster("policy", "list").out.splitlines()
    assert [line.split()[:2] for line in listed] == [["default@1.0.0", "in"], ["default@1.1.0", "approved"]]
    assert "2000-01-01 to 2998-12-31;" in listed[0]
    held = muster("policy", "show", "--project", "ONCE", "--on", "2999-02-01").out
    assert held.splitlines()[:2] == ["ONCE on 2999-02-01 is held to default@1.1.0.", "  tier 2"]
    assert muster("policy", "show", "default@1.1.0").out == strict()


def test_the_command_line_says_what_is_wrong_with_its_line_and_replays(
    muster: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(written(("red_days: 30", "red_days: 3"), begins=FAR))
    said = muster("policy", "check", str(file))
    assert (said.code, "wrong.yaml:8:" in said.err) == (2, True)
    file.write_text(strict())
    terms = ("--slip-days", "10", "--horizon-days", "14")
    told = muster("policy", "backtest", str(file), *terms).out
    assert "2 of 3 projects turn on other days: 1 earlier, 0 later, 1 only now, 0 not any more." in told
    assert "SLIPS        first alarm 2025-11-24 -> 2025-11-17, 0.23 months earlier" in told
    assert "ONCE         first alarm never -> 2025-11-10" in told
    assert "the history goes from" in muster("policy", "backtest", str(file), "--since", "2030-01-01").err
    assert "expected AMBER or RED" in muster("policy", "backtest", str(file), "--alarm", "blue").err


def test_a_policy_that_another_only_interrupts_is_listed_with_both_of_its_times(
    url: str, engine: Engine, asking: TestClient, tmp_path: Path
) -> None:
    """One that was promised some days leaves them again to the one before."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO policy_version (name, version, state, text, sha256, effective_from, effective_to,"
                " written_at, written_by, approved_at, approved_by) SELECT name, '1.5.0', state,"
                " replace(replace(text, 'version: 1.0.0', 'version: 1.5.0'), 'effective_from: ' || effective_from,"
                " 'effective_from: 2030-01-01'), 'x',"
                " '2030-01-01', '2030-03-31', now(), 'Ida',"
                " now(), 'Ole' FROM policy_version WHERE version = '1.0.0'"
            )
        )
    heads = {each["version"]: each for each in asking.get("/api/v1/policies").json()["items"]}
    assert heads["1.5.0"]["holds"] == [{"from": "2030-01-01", "to": "2030-03-31"}]
    assert [(each["from"], each["to"]) for each in heads["1.0.0"]["holds"]] == [
        (heads["1.0.0"]["effective_from"], "2029-12-31"), ("2030-04-01", None),
    ]  # fmt: skip
    assert heads["1.0.0"]["holds_until"] is None
    told = CommandLine(url, tmp_path / "home", {})("policy", "list").out
    assert "to 2029-12-31, again 2030-04-01 to further notice;" in " ".join(told.split())
