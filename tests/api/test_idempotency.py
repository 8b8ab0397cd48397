"""A write that is sent again under its key: carried out once, answered as before, and refused where it differs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from sync.idempotency import Key, claim
from tests.support.api_client import client

RULES = "/api/v1/settling-rules"
ASKED = {"attribute": "forecast_finish", "prefer": "latest", "because": "plan for the worst"}
OFFICER = ("Ada Byron", ["project_officer"])


def rules(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM settling_rule")) or 0)


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM kept_answer")) or 0)


def officer(engine: Engine, name: str = "office") -> TestClient:
    return client(engine, name=name, speaks_for=OFFICER)


def make(asking: TestClient, key: str | None, **more: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return asking.post(RULES, json={**ASKED, **more}, headers=headers)


def test_a_write_sent_again_is_carried_out_once_and_answered_word_for_word(engine: Engine) -> None:
    asking = officer(engine)
    first, again = make(asking, "one"), make(asking, '"one"')

    assert (first.status_code, again.status_code, rules(engine)) == (200, 200, 1)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert make(officer(engine, "another"), "one").headers.get("idempotency-replayed") is None
    assert rules(engine) == 2
    make(asking, None)
    assert rules(engine) == 3


def test_a_key_of_another_request_is_refused_whatever_differs(engine: Engine) -> None:
    asking = officer(engine)
    make(asking, "one")
    for answer in (
        make(asking, "one", prefer="earliest"),
        asking.post(f"{RULES}/try", json=ASKED, headers={"Idempotency-Key": "one"}),
    ):
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:muster:problem:key-used-otherwise"
    assert rules(engine) == 1


def test_what_is_refused_on_its_merits_is_kept_and_what_was_never_carried_out_is_not(engine: Engine) -> None:
    asking = officer(engine)
    wrong = [
        asking.post(f"{RULES}/9/end", json={"because": "x"}, headers={"Idempotency-Key": "a"}) for _ in "12"
    ]
    assert [each.status_code for each in wrong] == [404, 404]
    assert wrong[1].headers["idempotency-replayed"] == "true"
    assert wrong[1].headers["content-type"] == "application/problem+json"
    assert make(client(engine, name="looks"), "b").status_code == 403
    assert make(client(engine, token=False), "c").status_code == 401
    assert kept(engine) == 1


@pytest.mark.parametrize(
    ("before", "status", "kind"),
    [
        (timedelta(seconds=5), 409, "in-progress"),
        (timedelta(minutes=11), 409, "outcome-unknown"),
        (timedelta(hours=25), 200, None),
    ],
)
def test_a_key_whose_answer_is_not_there_yet_waits_and_is_forgotten_after_a_day(
    engine: Engine, before: timedelta, status: int, kind: str | None
) -> None:
    asking = officer(engine)
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT id FROM api_token"))
    assert claim(engine, Key(f"token {number}", "one"), b"?" * 32, now=datetime.now(UTC) - before) is None
    if before < timedelta(hours=24):
        make(asking, "other")
    with engine.begin() as connection:  # the same is asked
        connection.execute(
            text(
                "UPDATE kept_answer SET request = (SELECT request FROM kept_answer WHERE key = 'other')"
                " WHERE EXISTS (SELECT FROM kept_answer WHERE key = 'other')"
            )
        )
    answer = make(asking, "one")

    assert answer.status_code == status
    assert kind is None or answer.json()["type"] == f"urn:muster:problem:{kind}"


def test_of_many_at_once_one_is_carried_out(engine: Engine) -> None:
    asking = officer(engine)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: make(asking, "one"), range(6)))

    assert {each.status_code for each in answers} <= {200, 409}
    assert rules(engine) == 1


@pytest.mark.parametrize("key", ["", "a" * 201, "with space", 'half"quoted', "ä".encode()])
def test_a_key_that_is_none_is_refused_in_words(engine: Engine, key: str | bytes) -> None:
    headers = {b"Idempotency-Key": key.encode() if isinstance(key, str) else key}
    answer = officer(engine).post(RULES, json=ASKED, headers=headers)

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]
    assert rules(engine) == 0
