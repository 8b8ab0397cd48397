from datetime import timedelta

from sqlalchemy import Engine

from tests.support.api_client import client
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.store import ask

ANSWER = {"by": "Ada", "because": "phase 2 was cancelled"}


def asked(engine: Engine) -> int:
    """Leave a question: half of what was there is gone."""
    configure(engine)
    source = FakeTracker({"APO": [issue(n) for n in range(1, 41)]}, counts=True)
    run_once(engine, source)
    del source.issues["APO"][20:]
    run_once(engine, source, full=True, at=T0 + timedelta(days=1))
    [question] = ask(engine, "SELECT id FROM question")
    return int(question["id"])


def test_questions_rejects_and_absences_are_listed(engine: Engine) -> None:
    number = asked(engine)
    asking = client(engine)

    [question] = asking.get("/api/v1/questions", params={"open": True}).json()["items"]
    assert (question["id"], question["state"], question["kind"]) == (number, "open", "mass_loss")
    assert len(asking.get("/api/v1/absences", params={"source": "fake"}).json()["items"]) == 20
    assert asking.get("/api/v1/rejects").json()["items"] == []
    [source] = asking.get("/api/v1/sources").json()["items"]
    assert (source["questions"], source["absent"]) == (1, {"held": 20})


def test_an_answer_takes_the_scope_sync_and_is_kept_with_its_token(engine: Engine) -> None:
    number = asked(engine)
    path = f"/api/v1/sources/fake/questions/{number}/accept"

    assert client(engine).post(path, json=ANSWER).status_code == 403
    assert client(engine, token=False).post(path, json=ANSWER).status_code == 401
    office = client(engine, scopes=["read", "sync"], name="office")
    answer = office.post(path, json=ANSWER)

    assert answer.json()["then"] == "the next run takes these 20 records for gone"
    [row] = ask(engine, "SELECT accepted_by, because FROM question")
    assert row == {"accepted_by": "Ada (token office)", "because": ANSWER["because"]}
    again = office.post(path, json=ANSWER)
    assert (again.status_code, "none is open" in again.json()["detail"]) == (404, True)


def test_an_answer_without_a_reason_is_refused(engine: Engine) -> None:
    number = asked(engine)
    path = f"/api/v1/sources/fake/questions/{number}/accept"

    answer = client(engine, scopes=["read", "sync"]).post(path, json={"by": "Ada", "because": " "})

    assert answer.status_code == 400
    assert ask(engine, "SELECT accepted_at FROM question") == [{"accepted_at": None}]


def test_the_pages_show_the_question_and_take_the_answer(engine: Engine) -> None:
    number = asked(engine)
    asking = client(engine, scopes=["read", "sync"])

    page = asking.get("/sources", headers={"Accept": "text/html"}).text
    assert "20 of 40 records would vanish at once" in page
    assert f'action="/sources/fake/questions/{number}/accept"' in page
    assert "asks 1 question" in asking.get("/", headers={"Accept": "text/html"}).text
    run = asking.get("/runs/2", headers={"Accept": "text/html"}).text
    assert "20 held back" in run
    assert "APO-40" in run

    sent = asking.post(
        f"/sources/fake/questions/{number}/accept",
        content="by=Ada&because=cancelled",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (sent.status_code, sent.headers["location"]) == (303, "/sources#questions")
    elsewhere = asking.post(
        f"/sources/fake/questions/{number}/accept",
        content="by=Ada&because=cancelled",
        headers={"Origin": "https://elsewhere.example"},
    )
    assert elsewhere.status_code == 403
    assert "Accepted by Ada" in asking.get("/sources", headers={"Accept": "text/html"}).text
