"""The page of a submission's workbook: downloaded, given back, answered, conflicts settled."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from model.collection.roles import operator
from tests.support.returning import RISKS, answered, form_answers, give_back, notes_in, send
from tests.support.submissions import open_submission, speaking_for

NOW = datetime(2025, 7, 2, 9, tzinfo=UTC)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def hand_in(asking: Any, number: int, body: bytes, name: str = "PORTAL.xlsx") -> Any:
    return asking.post(f"/submissions/{number}/workbook", files={"file": (name, body, XLSX)})


def test_a_workbook_is_downloaded_given_back_and_answered_on_its_page(engine: Engine) -> None:
    number = open_submission(engine).id
    asking = speaking_for(engine)
    assert "Download the workbook" in asking.get(f"/submissions/{number}/workbook").text
    sent = asking.post(f"/submissions/{number}/workbook/download")
    assert sent.headers["content-type"] == XLSX
    shown = hand_in(
        asking, number, form_answers(sent.content, {"rag_overall": "RED", "green_by": "<b>soon</b>"})
    )
    assert shown.status_code == 200
    assert "2 cells taken" in shown.text
    assert "<b>soon" not in shown.text
    assert "Green again by</strong> (invalid)" in shown.text
    answer = shown.text.partition(f"/submissions/{number}/workbook/answered/")[2].partition('"')[0]
    copy = asking.post(f"/submissions/{number}/workbook/answered/{answer}")
    assert "green_by ~value" in notes_in(copy.content)
    assert asking.post(f"/submissions/{number}/workbook/answered/999").status_code == 404


def test_what_is_refused_is_said_on_the_page(engine: Engine) -> None:
    number = open_submission(engine).id
    other = open_submission(engine, key="LOG", template="raid-log", version="2.0.0", filled=RISKS).id
    asking = speaking_for(engine)
    wrong = hand_in(asking, number, send(engine, other, NOW).body)
    assert wrong.status_code == 422
    assert "not what it was given back as" in wrong.text
    assert "is no workbook" in hand_in(asking, number, b"nothing of the kind").text
    nothing = asking.post(f"/submissions/{number}/workbook", data={"file": "x"})
    assert nothing.status_code == 400
    assert hand_in(asking, 999, b"x").status_code == 404
    away = asking.post(f"/submissions/{number}/workbook/download", headers={"Origin": "https://evil.example"})
    assert away.status_code == 403


def test_a_conflict_is_settled_on_the_page(engine: Engine) -> None:
    number = open_submission(engine, template="raid-log", version="2.0.0", filled=RISKS).id
    sent = send(engine, number, NOW)
    give_back(engine, answered(sent.body, {("R-001", "impact"): 5}), NOW, by=operator("Ben"))
    asking = speaking_for(engine)
    shown = hand_in(asking, number, answered(sent.body, {("R-001", "impact"): 1}))
    assert "Changed twice" in shown.text
    cell = shown.text.partition(f"/submissions/{number}/workbook/settle/")[2].partition('"')[0]
    path = f"/submissions/{number}/workbook/settle/{cell}"
    assert asking.post(path, data={"keep": "neither"}).status_code == 400
    assert asking.post(path, data={"keep": "returned"}).status_code == 303
    page = asking.get(f"/submissions/{number}/workbook").text
    assert "Changed twice" not in page
    assert "What came back" in page
    assert asking.post(path, data={"keep": "returned"}).status_code == 404
