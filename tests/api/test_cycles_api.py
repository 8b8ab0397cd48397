"""Cycles, steps, comments and events over REST, by whom they may be done."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from model.collection.roles import Actor
from tests.support.api_client import client
from tests.support.cycles import HEAD, MANAGER, OFFICER, REPORT, SPONSOR, STRANGER, Office, office

V1 = "/api/v1"


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.project("BORA", manager="Bo Other", sponsor=None)
    found.open()
    return found


def as_(office: Office, actor: Actor | None, projects: Collection[str] | None = None) -> TestClient:
    name = actor.name if actor else "nobody"
    speaks = (actor.name, sorted(actor.roles)) if actor else (None, ())
    return client(office.engine, name=f"{name} {projects}", speaks_for=speaks, projects=projects)


def step(office: Office, actor: Actor | None, verb: str, **more: Any) -> Any:
    asking = as_(office, actor)
    return asking.post(f"{V1}/submissions/{office.head().id}/{verb}", json=more or None)


def test_a_submission_goes_all_the_way_and_its_hash_can_be_recomputed(apollo: Office) -> None:
    apollo.answer(REPORT)
    sentence = apollo.sentence()
    assert step(apollo, MANAGER, "submit", attest=sentence).json()["state"] == "submitted"
    for actor, verb, state in ((OFFICER, "review", "in_review"), (SPONSOR, "approve", "approved"),
                               (HEAD, "publish", "published")):  # fmt: skip
        assert step(apollo, actor, verb).json()["state"] == state
    found = as_(apollo, None).get(f"{V1}/submissions/{apollo.head().id}/publication").json()
    written = json.dumps(found["document"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(written.encode()).hexdigest() == found["sha256"]
    budget = found["document"]["records"][0]["values"]["budget"]
    assert budget["filled"]["source"] == "pmo-files"
    assert budget["filled"]["locator"]


@pytest.mark.parametrize(
    ("actor", "status", "says"),
    [
        (None, 403, "speaks for no person"),
        (STRANGER, 403, "Nobody Here may not submit this: that takes the project_manager (Mira Manager)"),
        (SPONSOR, 403, "may not submit"),
    ],
)
def test_who_has_no_right_is_refused_and_told_who_has(
    apollo: Office, actor: Actor | None, status: int, says: str
) -> None:
    answer = step(apollo, actor, "submit")
    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert apollo.head().state == "draft"


def test_what_blocks_comes_back_all_at_once(apollo: Office) -> None:
    answer = step(apollo, MANAGER, "submit", attest=apollo.sentence())
    assert answer.status_code == 422
    rules = {each["field"] for each in answer.json()["errors"]}
    assert {"rag_overall", "rag_schedule", "achievements", "next_period"} <= rules


def test_the_sentence_is_asked_for_and_said(apollo: Office) -> None:
    apollo.answer(REPORT)
    answer = step(apollo, MANAGER, "submit", attest="Fine")
    assert answer.status_code == 409
    assert apollo.sentence() in answer.json()["detail"]


def test_a_step_that_is_none_now_says_which_there_are(apollo: Office) -> None:
    answer = step(apollo, OFFICER, "approve")
    assert answer.status_code == 409
    assert "it is draft: what can be done now is: submit" in answer.json()["detail"]


def test_the_board_says_who_is_to_act_and_adds_up(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.move("submit", MANAGER)
    board = as_(apollo, None).get(f"{V1}/cycles/{apollo.cycle.id}").json()  # type: ignore[union-attr]
    by_key = {line["project"]["key"]: line for line in board["submissions"]}
    assert by_key["APOLLO"]["next"] == {"role": "project_officer", "person": None}
    assert by_key["BORA"]["next"] == {"role": "project_manager", "person": "Bo Other"}
    assert board["measures"]["owed"] == 2
    assert board["measures"]["submitted"] == 1
    assert by_key["BORA"]["effort"]["open"] > 0
    assert 0 < by_key["BORA"]["effort"]["automatic"] <= 1


def test_a_token_for_some_projects_sees_and_measures_these(apollo: Office) -> None:
    board = as_(apollo, None, ["BORA"]).get(f"{V1}/cycles/{apollo.cycle.id}").json()  # type: ignore[union-attr]
    assert [line["project"]["key"] for line in board["submissions"]] == ["BORA"]
    assert board["measures"]["owed"] == 1
    events = as_(apollo, OFFICER, ["BORA"]).get(f"{V1}/outbox").json()["items"]
    assert {event["project"] for event in events} == {"BORA"}
    hidden = apollo.head("APOLLO").id
    found = as_(apollo, MANAGER, ["BORA"]).post(f"{V1}/submissions/{hidden}/submit")
    assert found.status_code == 404


def test_cycles_are_opened_and_closed_by_officers_only(apollo: Office) -> None:
    body = {"template": "monthly-status", "period": "2026-09"}
    assert as_(apollo, MANAGER).post(f"{V1}/cycles", json=body).status_code == 403
    officer = as_(apollo, OFFICER)
    made = officer.post(f"{V1}/cycles", json=body)
    assert made.status_code == 201
    assert made.headers["Location"] == f"{V1}/cycles/{made.json()['id']}"
    again = officer.post(f"{V1}/cycles", json=body)
    assert (again.status_code, "open already" in again.json()["detail"]) == (409, True)
    closed = officer.post(f"{V1}/cycles/{made.json()['id']}/close")
    assert closed.json()["state"] == "closed"
    listed = officer.get(f"{V1}/cycles", params={"state": "closed"}).json()["items"]
    assert [each["period"] for each in listed] == ["2026-09"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"template": "monthly-status", "period": "2026-13"}, 400, "is no period"),
        ({"template": "monthly-status", "period": "2026-Q3"}, 400, "is collected every month"),
        ({"template": "no-such", "period": "2026-09"}, 404, "no template"),
        (
            {"template": "monthly-status", "period": "2026-09", "projects": ["NOPE"]},
            409,
            "no open project NOPE",
        ),
    ],
)
def test_a_cycle_that_cannot_be_is_refused_in_words(
    apollo: Office, body: dict[str, Any], status: int, says: str
) -> None:
    answer = as_(apollo, OFFICER).post(f"{V1}/cycles", json=body)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_a_reviewer_comments_and_the_manager_settles_it(apollo: Office) -> None:
    path = f"{V1}/submissions/{apollo.head().id}"
    made = as_(apollo, OFFICER).post(
        f"{path}/comments", json={"says": "Which test?", "field": "achievements"}
    )
    assert made.status_code == 201
    assert as_(apollo, STRANGER).post(f"{path}/comments", json={"says": "Me too"}).status_code == 403
    odd = as_(apollo, MANAGER).post(f"{path}/comments", json={"says": "?", "field": "nope"})
    assert odd.status_code == 422
    settled = client(apollo.engine, speaks_for=(MANAGER.name, ())).post(
        f"{path}/comments/{made.json()['id']}/settle"
    )
    assert settled.json()["settled_by"] == MANAGER.name
    course = as_(apollo, None).get(f"{path}/moves").json()
    assert [each["says"] for each in course["comments"]] == ["Which test?"]
    assert course["can"] == ["submit"]
    assert course["moves"][0]["to_state"] == "draft"


def test_events_are_delivered_once(apollo: Office) -> None:
    looking = as_(apollo, None)
    waiting = looking.get(f"{V1}/outbox", params={"waiting": "true"}).json()["items"]
    ids = [event["id"] for event in waiting]
    assert len(ids) == 2
    assert looking.post(f"{V1}/outbox/delivered", json={"events": ids}).status_code == 403
    channel = client(apollo.engine, name="channel", scopes=("read", "sync"))
    assert channel.post(f"{V1}/outbox/delivered", json={"events": ids}).json() == {"delivered": 2}
    assert channel.post(f"{V1}/outbox/delivered", json={"events": ids}).json() == {"delivered": 0}
    assert channel.get(f"{V1}/outbox", params={"waiting": "true"}).json()["items"] == []


def test_an_unchanged_board_is_not_sent_again(apollo: Office) -> None:
    asking = as_(apollo, None)
    first = asking.get(f"{V1}/cycles/{apollo.cycle.id}")  # type: ignore[union-attr]
    again = asking.get(str(first.url), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
