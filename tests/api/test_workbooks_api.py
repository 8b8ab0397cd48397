"""Workbooks through the API: written, given back, answered, and conflicts settled."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from model.collection.roles import operator
from sync.collection.answers import Change, give_answers
from tests.support.returning import RISKS, answered, form_answers, give_back, notes_in, send
from tests.support.submissions import MANAGER, open_submission, speaking_for

V1 = "/api/v1"
NOW = datetime(2025, 7, 2, 9, tzinfo=UTC)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def give(asking: Any, body: bytes, **query: Any) -> Any:
    return asking.post(f"{V1}/workbooks", params=query, content=body, headers={"Content-Type": XLSX})


def test_a_manager_downloads_fills_in_and_gives_back(engine: Engine) -> None:
    number = open_submission(engine).id
    asking = speaking_for(engine)
    sent = asking.post(f"{V1}/submissions/{number}/workbook")
    assert sent.status_code == 200, sent.text
    assert sent.headers["content-type"] == XLSX
    assert sent.headers["content-disposition"] == 'attachment; filename="PORTAL_monthly-status_2025-06.xlsx"'
    body = form_answers(sent.content, {"rag_overall": "RED", "green_by": "in spring"})
    told = give(asking, body, file="PORTAL.xlsx", submission=number).json()
    assert told["state"] == "taken"
    assert {each["cell"] for each in told["accepted"]} == {"rag_overall", "green_by"}
    [invalid] = told["not_taken"]
    assert (invalid["kind"], invalid["says"]) == (
        "invalid",
        "expected a date like 2025-06-30, is 'in spring'",
    )
    assert invalid["locator"].startswith("PORTAL.xlsx!")
    copy = asking.post(f"{V1}/workbooks/{told['id']}/answered")
    assert "expected a date" in notes_in(copy.content)["green_by ~value"]
    assert give(asking, body, file="PORTAL.xlsx").json()["state"] == "again"
    assert give(speaking_for(engine, "Mallory"), body, file="PORTAL.xlsx").status_code == 403
    given = asking.get(f"{V1}/submissions/{number}").json()
    assert "RED" in str(given)


@pytest.mark.parametrize(
    ("person", "projects", "status", "kind"),
    [("Mallory", None, 403, "not-allowed"), (MANAGER, ["OTHER"], 422, "workbook-unknown")],
)
def test_who_may_not_answer_or_see_it_is_refused(
    engine: Engine, person: str, projects: list[str] | None, status: int, kind: str
) -> None:
    number = open_submission(engine).id
    open_submission(engine, key="OTHER", name="Another")
    body = form_answers(send(engine, number, NOW).body, {"rag_overall": "RED"})
    asking = speaking_for(engine, person, **({} if projects is None else {"projects": projects}))
    answer = give(asking, body)
    assert answer.status_code == status
    assert answer.json()["type"].endswith(kind)
    assert "RED" not in str(speaking_for(engine, name="other").get(f"{V1}/submissions/{number}").json())


def test_what_is_no_workbook_or_no_longer_open_is_a_problem_in_words(engine: Engine) -> None:
    number = open_submission(engine).id
    asking = speaking_for(engine)
    assert give(asking, b"no workbook", file="a/b.xlsx").status_code == 422
    assert "b.xlsx is no workbook" in give(asking, b"no workbook", file="a/b.xlsx").json()["detail"]
    assert give(asking, b"x", submission=999).status_code == 404
    body = form_answers(send(engine, number, NOW).body, {"rag_overall": "RED"})
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET state = 'approved'")
    closed = give(asking, body)
    assert closed.status_code == 409
    assert "PORTAL 2025-06 is approved" in closed.json()["detail"]


def test_a_conflict_is_listed_and_settled(engine: Engine) -> None:
    number = open_submission(engine, template="raid-log", version="2.0.0", filled=RISKS).id
    sent = send(engine, number, NOW)
    give_back(engine, answered(sent.body, {("R-001", "impact"): 5}), NOW, by=operator("Ben"))
    asking = speaking_for(engine)
    give(asking, answered(sent.body, {("R-001", "impact"): 1}))
    [conflict] = asking.get(f"{V1}/workbook-conflicts").json()["items"]
    assert (conflict["returned"], conflict["current"]) == (1, 5)
    stranger = speaking_for(engine, "Mallory")
    path = f"{V1}/workbook-conflicts/{conflict['id']}/settle"
    assert stranger.post(path, json={"keep": "returned"}).status_code == 403
    settled = asking.post(path, json={"keep": "returned"})
    assert settled.json()["settled_by"] == MANAGER
    assert asking.get(f"{V1}/workbook-conflicts").json()["items"] == []
    assert asking.post(path, json={"keep": "current"}).status_code == 409
    missing = asking.post(f"{V1}/workbook-conflicts/999/settle", json={"keep": "current"})
    assert missing.status_code == 404
    open_submission(engine, key="OTHER", name="Another")
    elsewhere = speaking_for(engine, name="elsewhere", projects=["OTHER"])
    hidden = elsewhere.post(path, json={"keep": "current"})
    assert hidden.json()["detail"] == missing.json()["detail"].replace("999", str(conflict["id"]))
    for one in (1, 999):
        answer = elsewhere.post(f"{V1}/workbooks/{one}/answered")
        assert answer.json()["detail"] == f"There is no returned workbook {one} with cells to answer."


def test_a_conflict_shows_what_stands_and_a_third_answer_is_not_overruled_unseen(engine: Engine) -> None:
    number = open_submission(engine, template="raid-log", version="2.0.0", filled=RISKS).id
    sent = send(engine, number, NOW)
    give_back(engine, answered(sent.body, {("R-001", "impact"): 5}), NOW, by=operator("Ben"))
    asking = speaking_for(engine)
    give(asking, answered(sent.body, {("R-001", "impact"): 1}))
    held = asking.post(f"{V1}/submissions/{number}/submit", json={})
    assert (held.status_code, "was changed twice" in held.text) == (422, True), held.text
    give_answers(
        engine,
        number,
        [Change("R-001", "impact", 4)],
        actor=operator("Bea"),
        door="web",
        revision=None,
        now=NOW,
    )
    [conflict] = asking.get(f"{V1}/workbook-conflicts").json()["items"]
    assert (conflict["current"], conflict["now"], conflict["now_by"]) == (5, 4, "Bea")
    path = f"{V1}/workbook-conflicts/{conflict['id']}/settle"
    unseen = asking.post(path, json={"keep": "returned"})
    assert (unseen.status_code, "changed since by Bea" in unseen.json()["detail"]) == (409, True)
    assert asking.post(path, json={"keep": "returned", "answer": conflict["answer"]}).status_code == 200
