"""A program that has the answer already: a 304 without a statement of ours, and never one too many."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from api.wire.version import SEEN
from sync.tokens import revoke_token
from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.undisturbed import fewest

PATH = "/api/v1/status"


def held(asking: TestClient) -> dict[str, str]:
    """Ask until the 304 is one that is given again."""
    tag = {"If-None-Match": asking.get(PATH).headers["etag"]}
    assert asking.get(PATH, headers=tag).status_code == 304
    return tag


def test_an_unchanged_answer_is_given_again_and_no_longer_than_it_is_true(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    tag = held(asking)
    statements: list[Any] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    again, asked = fewest(statements, lambda: asking.get(PATH, headers=tag))

    assert (again.status_code, asked) == (304, [])
    assert again.headers["etag"] == tag["If-None-Match"]
    assert again.headers["x-content-type-options"] == "nosniff"
    assert asking.head(PATH, headers=tag).status_code == 304
    with engine.begin() as connection:
        connection.execute(text("UPDATE source SET updated_at = clock_timestamp()"))
    assert asking.get(PATH, headers=tag).status_code == 200


def test_a_token_that_ended_is_not_told_that_nothing_changed(engine: Engine) -> None:
    seed(engine)
    asking = client(engine, name="ending")
    tag = held(asking)
    assert revoke_token(engine, "ending", at=datetime.now(UTC))
    assert asking.get(PATH, headers=tag).status_code == 401

    short = create_token(engine, "short", lives=timedelta(seconds=2))
    brief = TestClient(create_app(engine), headers={"Authorization": f"Bearer {short}"})
    tag = held(brief)
    until = datetime.now(UTC) + timedelta(seconds=10)
    while brief.get(PATH, headers=tag).status_code == 304:
        assert datetime.now(UTC) < until
    assert brief.get(PATH, headers=tag).status_code == 401


def test_what_commits_late_makes_another_state(engine: Engine) -> None:
    def state() -> str:
        with engine.connect() as connection:
            return str(connection.scalar(text(f"SELECT {SEEN}")))

    assert any(state() == state() for _ in range(60))  # but for who writes elsewhere on the same server
    seen = [state()]
    write = text("UPDATE portfolio SET name = name || '!'")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE early (x int)"))
    seen.append(state())
    with engine.connect() as slow:
        slow.execute(text("INSERT INTO early VALUES (1)"))
        seen.append(state())
        with engine.begin() as quick:
            quick.execute(write)
            quick.execute(text("INSERT INTO early VALUES (2)"))
        seen.append(state())
        slow.commit()
    seen.append(state())

    assert len(set(seen)) >= 4
    assert seen[3] != seen[4]
