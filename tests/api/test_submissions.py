"""A submission through the API: read, answered, refused with every finding at once."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.support.api_client import client
from tests.support.store import ask
from tests.support.submissions import FILLED, Opened, open_submission, speaking_for

MINE = {
    "rag_schedule": "AMBER", "rag_cost": "RED", "rag_scope": "GREEN", "rag_risk": "AMBER", "rag_benefit": "GREEN",
    "rag_overall": "RED", "path_to_green": "A second supplier takes over the interface from August on.",
    "green_by": "2126-01-31", "variance_narrative": "Vendor rates rose by a fifth in March, and the scope stayed.",
    "decisions_needed": ["D-1"],
}  # fmt: skip


def sent(answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"answers": [{"field": field, "value": value} for field, value in answers.items()], **more}


def answer(asking: TestClient, at: Opened, answers: dict[str, Any], *, tag: str = "*", **query: Any) -> Any:
    path = f"/api/v1/submissions/{at.id}/answers"
    return asking.patch(path, json=sent(answers), headers={"If-Match": tag}, params=query)


def test_a_submission_tells_of_each_field_what_was_filled_in_and_what_is_found(engine: Engine) -> None:
    at = open_submission(engine)
    found = client(engine).get(f"/api/v1/submissions/{at.id}")
    body = found.json()
    [record] = body["records"]
    fields = {each["field"]: each for each in record["fields"]}

    assert (body["project"]["key"], body["state"], body["open"], body["can_submit"]) == (
        "PORTAL",
        "draft",
        True,
        False,
    )
    assert fields["budget"]["filled"]["locator"] == "PORTAL-12"
    assert fields["budget"]["value"] == FILLED["budget"]
    assert fields["rag_overall"]["required"] is True
    assert {"field": "rag_overall", "kind": "missing", "severity": "block",
            "says": "The whole in your view is required"} in record["check"]["findings"]  # fmt: skip
    assert body["schema"] == "/api/v1/templates/monthly-status/versions/3.1.0/schema"
    assert found.headers["link"] == f'<{body["schema"]}>; rel="describedby"'


def test_answers_are_stored_together_and_the_revision_counts_on(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    before = asking.get(f"/api/v1/submissions/{at.id}")
    after = answer(asking, at, MINE, tag=before.headers["etag"])

    assert after.status_code == 200
    assert (after.json()["revision"], after.json()["can_submit"]) == (1, True)
    assert after.headers["etag"] != before.headers["etag"]
    rows = ask(engine, 'SELECT field, value, "by", door FROM answer ORDER BY id')
    assert {row["field"]: row["value"] for row in rows} == MINE
    assert {(row["by"], row["door"]) for row in rows} == {("Ada Obi", "api")}


def test_what_could_not_be_submitted_is_refused_with_every_finding_and_stores_nothing(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    refused = answer(
        asking, at, {**MINE, "rag_overall": "greenish", "green_by": None, "variance_narrative": "Short"}
    )

    body = refused.json()
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    said = {(each["record"], each["field"], each["kind"]): each["says"] for each in body["errors"]}
    assert (
        said["", "rag_overall", "invalid"] == "expected one of GREEN, AMBER, RED, GREY, BLUE, is 'greenish'"
    )
    assert said["", "variance_narrative", "invalid"] == "at least 40 characters, has 5"
    assert "3" not in body["detail"]
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 0}]
    assert ask(engine, "SELECT revision FROM submission") == [{"revision": 0}]


def test_a_draft_keeps_what_could_not_be_submitted_as_it_was_sent(engine: Engine) -> None:
    at = open_submission(engine)
    kept = answer(speaking_for(engine), at, {"rag_overall": "greenish"}, draft=True)

    assert (kept.status_code, kept.json()["can_submit"]) == (200, False)
    assert ask(engine, "SELECT field, value FROM answer") == [{"field": "rag_overall", "value": "greenish"}]


def test_an_override_needs_a_reason_and_the_source_stays_beside_it(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    answer(asking, at, MINE)
    refused = answer(asking, at, {"budget": 900000})
    assert refused.status_code == 422
    assert "say why it is '900000'" in str(refused.json()["errors"])

    body = {"answers": [{"field": "budget", "value": 900000, "because": "The board cut it on 12 June"}]}
    path = f"/api/v1/submissions/{at.id}/answers"
    stored = asking.patch(path, json=body, headers={"If-Match": "*"}).json()
    budget = next(each for each in stored["records"][0]["fields"] if each["field"] == "budget")
    assert (budget["value"], budget["filled"]["value"], budget["answer"]["because"]) == (
        900000, 1000000, "The board cut it on 12 June",
    )  # fmt: skip


def test_what_muster_computes_and_what_is_no_field_are_refused_together(engine: Engine) -> None:
    at = open_submission(engine)
    refused = answer(speaking_for(engine), at, {"percent_complete": 99, "colour": "blue"}, draft=True)

    errors = refused.json()["errors"]
    assert refused.status_code == 422
    assert [each["field"] for each in errors if each["kind"] == "unanswerable"] == [
        "percent_complete",
        "colour",
    ]
    assert "rag_overall" in {each["field"] for each in errors if each["kind"] == "missing"}


def test_whoever_has_not_seen_the_newest_answers_is_told_what_stands_and_overwrites_nothing(
    engine: Engine,
) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    seen = asking.get(f"/api/v1/submissions/{at.id}").headers["etag"]
    answer(asking, at, {"rag_cost": "RED"}, tag=seen, draft=True)
    late = answer(asking, at, {"rag_cost": "GREEN"}, tag=seen, draft=True)

    [changed] = late.json()["errors"]
    assert late.status_code == 412
    assert (changed["field"], changed["value"], changed["by"], changed["door"]) == (
        "rag_cost",
        "RED",
        "Ada Obi",
        "api",
    )
    assert ask(engine, "SELECT value FROM answer") == [{"value": "RED"}]


def test_the_whole_takes_back_every_answer_it_does_not_name(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    answer(asking, at, {**MINE, "next_period": "Another plan than before, this one."}, draft=True)
    path = f"/api/v1/submissions/{at.id}/answers"
    whole = asking.put(path, json=sent(MINE), headers={"If-Match": "*"})

    fields = {each["field"]: each for each in whole.json()["records"][0]["fields"]}
    assert whole.status_code == 200
    assert fields["next_period"]["answer"] is None
    assert fields["next_period"]["value"] == FILLED["next_period"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 428), ({"If-Match": '"9.0"'}, 412), ({"If-Match": "abc"}, 400), ({"If-Match": '"1.7"'}, 412)],
)
def test_answers_must_say_what_they_were_made_from(
    engine: Engine, headers: dict[str, str], status: int
) -> None:
    at = open_submission(engine)
    path = f"/api/v1/submissions/{at.id}/answers"
    assert speaking_for(engine).patch(path, json=sent(MINE), headers=headers).status_code == status
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 0}]


def test_only_whoever_owes_it_or_an_officer_may_answer(engine: Engine) -> None:
    at = open_submission(engine)
    stranger = answer(speaking_for(engine, "Bo Stranger"), at, MINE)
    nobody = answer(client(engine), at, MINE)
    officer = answer(speaking_for(engine, "Olu Officer", roles=("project_officer",)), at, MINE)

    assert (stranger.status_code, nobody.status_code, officer.status_code) == (403, 403, 200)
    assert "project_manager (Ada Obi)" in stranger.json()["detail"]
    assert "--person" in nobody.json()["detail"]


def test_a_submission_of_a_hidden_project_is_as_if_it_were_not_there(engine: Engine) -> None:
    at = open_submission(engine)
    open_submission(engine, key="OTHER", name="Other")
    asking = client(engine, projects=["OTHER"])
    hidden, none = (asking.get(f"/api/v1/submissions/{number}") for number in (at.id, 99))
    assert (hidden.status_code, none.status_code) == (404, 404)
    assert hidden.json()["detail"] == none.json()["detail"].replace("99", str(at.id))
    writing = answer(speaking_for(engine, projects=["OTHER"]), at, MINE)
    assert writing.status_code == 404


def test_what_is_submitted_takes_no_answers(engine: Engine) -> None:
    at = open_submission(engine, state="submitted")
    refused = answer(speaking_for(engine), at, MINE)
    assert (refused.status_code, "returned" in refused.json()["detail"]) == (409, True)


def test_an_unchanged_submission_is_not_sent_again(engine: Engine) -> None:
    at = open_submission(engine)
    asking = client(engine)
    tag = asking.get(f"/api/v1/submissions/{at.id}").headers["etag"]
    again = asking.get(f"/api/v1/submissions/{at.id}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "value", ["a\x00b", {"a": [1, {"b": "\ud800"}]}, "\udfff", float("nan"), "x" * 60_000]
)
def test_what_no_database_can_keep_is_refused_in_words(engine: Engine, value: Any) -> None:
    at = open_submission(engine)
    body = json.dumps(
        {"answers": [{"field": "achievements", "value": value}, {"field": "rag_cost", "value": value}]}
    )
    refused = speaking_for(engine).patch(
        f"/api/v1/submissions/{at.id}/answers",
        content=body, headers={"If-Match": "*", "Content-Type": "application/json"}, params={"draft": True},
    )  # fmt: skip
    assert (refused.status_code, refused.json()["errors"][0]["kind"]) == (422, "unanswerable")
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 0}]
