"""Templates through the API: versions, schemas, and records held to them with every finding at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine, text

from model.collection.roles import Actor
from sync.collection import tailoring
from sync.collection.template_steps import keep_trial, submit, write
from sync.collection.template_trial import try_on_all
from sync.collection.waivers import Wish, ask, grant
from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.template_samples import SMALL

NOW = datetime.now(UTC)
IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
OLE = Actor("Ole Brandt", frozenset(["pmo_head"]))
RISK = {"kind": "risk", "title": "The vendor misses the interface", "owner": "Maya", "state": "open"}


def test_templates_are_listed_with_the_version_that_judges_today(engine: Engine) -> None:
    found = client(engine).get("/api/v1/templates").json()
    by_id = {each["id"]: each for each in found["items"]}
    assert (by_id["raid-log"]["judges"], by_id["raid-log"]["record"]) == ("2.0.0", "raid_item")
    assert [each["version"] for each in by_id["monthly-status"]["versions"]] == ["3.1.0", "3.2.0"]
    assert client(engine, name="b").get("/api/v1/templates/raid-log").json() == by_id["raid-log"]


def test_a_version_is_answered_whole_with_its_rules_and_its_text(engine: Engine) -> None:
    found = client(engine).get("/api/v1/templates/raid-log/versions/2.0.0").json()
    assert (found["state"], found["judges"], found["trial"]) == ("approved", True, None)
    assert {each["id"] for each in found["rules"]["checks"]} >= {"R01", "R07"}
    assert found["text"].splitlines()[0].startswith("#")


def test_the_schema_refuses_what_the_check_refuses_and_takes_the_rest(engine: Engine) -> None:
    asking = client(engine)
    schema = asking.get("/api/v1/templates/raid-log/versions/2.0.0/schema").json()
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema)
    assert valid.is_valid(RISK)
    for wrong in ({**RISK, "probability": 6}, {**RISK, "kind": "worry"}):
        assert not valid.is_valid(wrong)
        assert asking.post("/api/v1/templates/raid-log/check", json={"record": wrong}).status_code == 422


@pytest.mark.parametrize("path", ["templates/raid-log/check", "templates/raid-log/versions/2.0.0/check"])
def test_a_record_that_can_be_submitted_is_answered_with_its_findings_and_score(
    engine: Engine, path: str
) -> None:
    answer = client(engine).post(f"/api/v1/{path}", json={"record": RISK})
    assert answer.status_code == 200
    found = answer.json()
    assert found["can_submit"] is True
    assert {"cause", "effect"} <= {each["field"] for each in found["findings"]}
    assert found["score"] is not None


def test_a_record_that_cannot_is_refused_with_every_finding_at_once(engine: Engine) -> None:
    record = {"tier": 7, "stage": "delivr", "budget": "much", "nonsense": 1}
    answer = client(engine).post("/api/v1/templates/monthly-status/check", json={"record": record})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    kinds = {(each["field"], each["kind"]) for each in found["errors"]}
    assert {
        ("tier", "invalid"),
        ("stage", "invalid"),
        ("budget", "invalid"),
        ("rag_overall", "missing"),
    } <= kinds
    assert (found["type"], found["not_asked"]) == ("urn:muster:problem:cannot-be-submitted", ["nonsense"])
    assert len(found["errors"]) == len(found["findings"])
    assert found["can_submit"] is False


def test_the_day_decides_which_version_judges(engine: Engine) -> None:
    asking = client(engine)
    for given, params in (({"as_of": "2025-06-30"}, {}), ({}, {"as_of": "2025-06-30"})):
        body = {"record": {}, "context": given}
        found = asking.post("/api/v1/templates/monthly-status/check", json=body, params=params).json()
        assert found["version"] == "3.1.0"
    assert (
        asking.post("/api/v1/templates/monthly-status/check", json={"record": {}}).json()["version"]
        == "3.2.0"
    )


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "record"),
        ({"record": []}, "record"),
        ({"record": {}, "age_days": {}}, "age_days"),
        ({"record": {}, "ages_days": {"budget": "old"}}, "budget"),
        ({"record": {}, "context": {"as_of": "soon"}}, "as_of"),
        ({"record": {}, "context": {"taken": 3}}, "taken"),
        ({"record": {}, "context": {"tier": 7}}, "tier"),
        ({"record": {}, "context": {"stage": "delivr"}}, "define, deliver, close"),
        ({"record": {}, "context": {"nonsense": 1}}, "no rule knows 'nonsense'"),
    ],
)
def test_a_body_that_is_no_record_is_refused_with_its_place(engine: Engine, body: Any, named: str) -> None:
    answer = client(engine).post("/api/v1/templates/raid-log/check", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:muster:problem:invalid-parameter"
    assert named in answer.text


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("templates/weekly", "There is no template weekly; there are"),
        ("templates/raid-log/versions/9.9.9", "there is no version 9.9.9 of raid-log; there are 2.0.0"),
        ("templates/raid-log/versions/9.9.9/schema", "there is no version 9.9.9"),
    ],
)
def test_what_is_not_there_is_a_404_that_says_what_is(engine: Engine, path: str, says: str) -> None:
    answer = client(engine).get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert says in answer.json()["detail"]


def test_an_answer_changes_its_tag_when_a_template_does(engine: Engine) -> None:
    asking = client(engine)
    before = asking.get("/api/v1/templates")
    same = asking.get("/api/v1/templates", headers={"If-None-Match": before.headers["etag"]})
    with engine.begin() as connection:
        write(connection, SMALL, where="small.yaml", actor=IDA, now=NOW)
    after = asking.get("/api/v1/templates", headers={"If-None-Match": before.headers["etag"]})
    assert (same.status_code, after.status_code) == (304, 200)
    assert "small" in {each["id"] for each in after.json()["items"]}


def test_a_trial_names_projects_only_to_who_may_see_them_all(engine: Engine) -> None:
    seed(engine)
    with engine.begin() as connection:
        write(connection, SMALL, where="small.yaml", actor=IDA, now=NOW)
        known = submit(connection, "small", "1.0.0", actor=IDA, now=NOW)
        found = try_on_all(connection, known, now=NOW).to_json()
        keep_trial(connection, known, found)
    assert found["projects"] > 2
    path = "/api/v1/templates/small/versions/1.0.0"
    assert client(engine).get(path).json()["trial"]["projects"] == found["projects"]
    assert client(engine, name="some", projects=["PORTAL"]).get(path).json()["trial"] is None


def test_waivers_are_listed_for_the_projects_one_may_see(engine: Engine) -> None:
    seed(engine)
    with engine.begin() as connection:
        for key in ("PORTAL", "LEDGER"):
            wish = Wish(key, "monthly-status", "budget", "Set in March", (NOW + timedelta(days=60)).date())
            number = ask(connection, wish, actor=Actor("Maya"), now=NOW)
        grant(connection, number, actor=OLE, now=NOW)
    both = client(engine).get("/api/v1/waivers").json()["items"]
    mine = client(engine, name="some", projects=["PORTAL"]).get("/api/v1/waivers").json()["items"]
    assert [(each["project"], each["state"]) for each in both] == [
        ("LEDGER", "standing"),
        ("PORTAL", "waiting"),
    ]
    assert [each["project"] for each in mine] == ["PORTAL"]
    assert (
        client(engine, name="c").get("/api/v1/waivers", params={"project": "LEDGER"}).json()["items"]
        == both[:1]
    )


def test_tailorings_are_listed_with_whose_rules_they_change(engine: Engine) -> None:
    written = {"template": "monthly-status", "applies": {"tiers": [3]}, "because": "Small ones",
               "changes": {"checks": {"C06": {"off": True}}}}  # fmt: skip
    with engine.begin() as connection:
        number = tailoring.ask(connection, tailoring.parse(written, where="t"), actor=IDA, now=NOW)
        tailoring.approve(connection, number, actor=OLE, now=NOW)
    asking = client(engine)
    [found] = asking.get("/api/v1/tailorings").json()["items"]
    assert (found["state"], found["applies"], found["approved_by"]) == ("in force", {"tiers": [3]}, OLE.name)
    late = {"record": {"tier": 3, "stage": "deliver", "forecast_finish": "2020-01-01"}}
    answer = asking.post("/api/v1/templates/monthly-status/check", json=late).json()
    assert "C06" not in {each["field"] for each in answer["errors"]}


def test_a_version_that_cannot_be_read_any_more_is_still_listed(engine: Engine) -> None:
    with engine.begin() as connection:
        write(connection, SMALL, where="small.yaml", actor=IDA, now=NOW)
        connection.execute(text("UPDATE template_version SET text = 'old: words' WHERE template = 'small'"))
    asking = client(engine)
    listed = {each["id"]: each for each in asking.get("/api/v1/templates").json()["items"]}
    assert (listed["small"]["title"], listed["small"]["versions"][0]["state"]) == (None, "draft")
    assert asking.get("/api/v1/templates/small/versions/1.0.0").status_code == 404
