from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.access.csrf import SESSION
from api.app import create_app
from api.signin.tokens import BadToken, account_link, create_token, list_tokens, sign_in_link, token_commands
from model.tables import AccountSession, ApiToken
from sync.accounts import Grant, NewAccount, add_account, give_role
from sync.store import unit_of_work
from sync.tokens import revoke_token
from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.signing import follow, post_form, sign_in

PAGE = {"Accept": "text/html"}


@lru_cache(maxsize=1)
def application(engine: Engine) -> FastAPI:
    """One a test: its visitors share it."""
    return create_app(engine)


def browser(engine: Engine, base: str = "http://testserver") -> TestClient:
    app = application(engine)
    return TestClient(app, base_url=base, raise_server_exceptions=False, follow_redirects=False)


def test_a_stranger_is_shown_the_form(engine: Engine) -> None:
    answer = browser(engine).get("/projects/PORTAL?as_of=2026-11-22", headers=PAGE)
    assert answer.status_code == 401
    assert 'name="token"' in answer.text
    assert 'value="/projects/PORTAL?as_of=2026-11-22"' in answer.text


def test_a_link_signs_in_once(engine: Engine) -> None:
    seed(engine)
    link = sign_in_link(engine, "http://testserver")
    first = browser(engine)
    answer = follow(first, link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert first.get("/", headers=PAGE).status_code == 200
    second = browser(engine)
    assert second.get(link).status_code == 401
    ticket = link.rpartition("=")[2]
    assert post_form(second, "/sign-in", "/sign-in/link", ticket=ticket).status_code == 401
    assert second.get("/", headers=PAGE).status_code == 401
    assert first.get("/", headers=PAGE).status_code == 200


def test_an_old_link_signs_nobody_in(engine: Engine) -> None:
    link = sign_in_link(engine, "http://testserver", now=datetime.now(UTC) - timedelta(hours=2))
    assert browser(engine).get(link).status_code == 401


def test_a_link_is_no_bearer_token(engine: Engine) -> None:
    ticket = sign_in_link(engine, "http://testserver").rpartition("=")[2]
    answer = browser(engine).get("/api/v1/status", headers={"Authorization": f"Bearer {ticket}"})
    assert answer.status_code == 403


def test_a_pasted_token_signs_in_and_goes_where_it_was_headed(engine: Engine) -> None:
    seed(engine)
    visitor = browser(engine)
    token = create_token(engine, "mine", projects=["PORTAL"])
    answer = sign_in(visitor, token, "/projects/PORTAL")
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects/PORTAL")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert token not in cookie
    assert visitor.get("/projects/PORTAL", headers=PAGE).status_code == 200
    assert visitor.get("/projects/LEDGER", headers=PAGE).status_code == 404
    encrypted = sign_in(browser(engine, "https://testserver"), token).headers["set-cookie"]
    assert encrypted.startswith(f"__Host-{SESSION}=")
    assert "Secure" in encrypted
    assert "Path=/" in encrypted
    assert "Domain" not in encrypted


@pytest.mark.parametrize("token", ["", "wrong", "\x00", "a" * 5000])
def test_a_wrong_token_signs_nobody_in(engine: Engine, token: str) -> None:
    answer = sign_in(browser(engine), token)
    assert answer.status_code in (400, 401)
    assert "set-cookie" not in answer.headers


def test_a_token_without_read_signs_nobody_in(engine: Engine) -> None:
    token = create_token(engine, "sync only", scopes=["sync"])
    assert sign_in(browser(engine), token).status_code == 401


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_is_refused(engine: Engine, headers: dict[str, str]) -> None:
    token = create_token(engine, "mine")
    assert sign_in(browser(engine), token, headers=headers).status_code == 403


def test_a_cookie_dies_with_its_token(engine: Engine) -> None:
    visitor = browser(engine)
    token = create_token(engine, "mine")
    sign_in(visitor, token)
    assert visitor.get("/", headers=PAGE).status_code == 200
    revoke_token(engine, "mine", datetime.now(UTC))
    assert visitor.get("/", headers=PAGE).status_code == 401


def test_revoking_ends_the_sessions_of_its_links(engine: Engine) -> None:
    create_token(engine, "head")
    link = sign_in_link(engine, "http://testserver", name="head")
    visitor = browser(engine)
    follow(visitor, link)
    assert visitor.get("/", headers=PAGE).status_code == 200
    revoke_token(engine, "head", datetime.now(UTC))
    assert visitor.get("/", headers=PAGE).status_code == 401


@pytest.mark.parametrize("forged", ["", "a.b.c", "9" * 43, "x" * 9000, "caf\u00e9", "1.2"])
def test_a_forged_cookie_is_refused(engine: Engine, forged: str) -> None:
    headers = {**PAGE, "Cookie": f"{SESSION}={forged}".encode()}
    assert browser(engine).get("/", headers=headers).status_code == 401


def test_signing_out_ends_the_session_here_and_there(engine: Engine) -> None:
    visitor = browser(engine)
    sign_in(visitor, create_token(engine, "mine"))
    held = visitor.cookies[SESSION]
    assert post_form(visitor, "/", "/sign-out").status_code == 303
    assert visitor.get("/", headers=PAGE).status_code == 401
    again = {**PAGE, "Cookie": f"{SESSION}={held}"}
    assert browser(engine).get("/", headers=again).status_code == 401


def test_a_session_ends_when_it_is_not_used_and_when_it_is_old(engine: Engine) -> None:
    visitor = browser(engine)
    sign_in(visitor, create_token(engine, "mine"))
    now = datetime.now(UTC)
    for column, at in (("seen_at", now - timedelta(hours=9)), ("ends_at", now - timedelta(seconds=1))):
        with engine.begin() as connection:
            before = connection.execute(select(AccountSession)).mappings().one()
            connection.execute(update(AccountSession).values({column: at}))
        assert visitor.get("/", headers=PAGE).status_code == 401
        with engine.begin() as connection:
            connection.execute(update(AccountSession).values({column: before[column]}))
    assert visitor.get("/", headers=PAGE).status_code == 200


def test_a_session_that_is_used_is_seen(engine: Engine) -> None:
    visitor = browser(engine)
    sign_in(visitor, create_token(engine, "mine"))
    before = datetime.now(UTC) - timedelta(hours=7)
    with engine.begin() as connection:
        connection.execute(update(AccountSession).values(seen_at=before))
    assert visitor.get("/", headers=PAGE).status_code == 200
    with engine.connect() as connection:
        assert connection.scalar(select(AccountSession.seen_at)) > before + timedelta(hours=6)


def test_signing_in_again_ends_the_session_before(engine: Engine) -> None:
    visitor = browser(engine)
    token = create_token(engine, "mine")
    sign_in(visitor, token)
    held = visitor.cookies[SESSION]
    sign_in(visitor, token)
    assert visitor.cookies[SESSION] != held
    again = {**PAGE, "Cookie": f"{SESSION}={held}"}
    assert browser(engine).get("/", headers=again).status_code == 401


def test_only_the_hash_of_a_token_is_stored(engine: Engine) -> None:
    token = create_token(engine, "mine")
    with engine.connect() as connection:
        row = connection.execute(select(ApiToken.hash, ApiToken.name)).one()
    assert token not in row
    assert len(row.hash) == 64


def test_a_token_for_a_project_that_is_not_there_is_refused_in_words(engine: Engine) -> None:
    with pytest.raises(BadToken, match="no such project: NOPE"):
        create_token(engine, "mine", projects=["NOPE"])
    with pytest.raises(BadToken, match="no such scope"):
        create_token(engine, "mine", scopes=["write"])


def test_a_name_can_be_used_again_once_it_is_revoked(engine: Engine) -> None:
    create_token(engine, "mine")
    with pytest.raises(BadToken, match="already"):
        create_token(engine, "mine")
    assert revoke_token(engine, "mine", datetime.now(UTC))
    create_token(engine, "mine")


def test_the_command_prints_a_token_once_and_never_lists_it(engine: Engine) -> None:
    run = CliRunner()
    commands = token_commands(lambda: engine)
    made = run.invoke(commands, ["create", "reports", "--scope", "read", "--days", "30"])
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert client(engine, token=False).get(
        "/api/v1/sources", headers={"Authorization": f"Bearer {token}"}
    ).status_code == 200  # fmt: skip
    listed = run.invoke(commands, ["list"]).stdout
    assert "reports\tread\tall projects" in listed
    assert token not in listed
    assert run.invoke(commands, ["revoke", "reports"]).exit_code == 0
    assert run.invoke(commands, ["revoke", "reports"]).exit_code == 2
    assert list_tokens(engine)[0].revoked_at
    assert "/sign-in?token=" in run.invoke(commands, ["link"]).stdout


def test_a_preview_of_a_link_does_not_use_it_up(engine: Engine) -> None:
    seed(engine)
    link = sign_in_link(engine, "http://testserver")

    assert browser(engine).head(link).status_code == 200
    assert browser(engine).get(link).status_code == 200
    assert follow(browser(engine), link).status_code == 303


def test_a_form_larger_than_a_token_is_refused_before_it_is_read_whole(engine: Engine) -> None:
    answer = browser(engine).post(
        "/sign-in",
        content=b"token=" + b"x" * 100_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 403  # the form's token has not come by then
    assert sign_in(browser(engine), "x" * 100_000).status_code == 400


def test_a_link_of_an_account_signs_in_with_all_that_the_account_may(engine: Engine) -> None:
    seed(engine)
    with unit_of_work(engine) as connection:
        number = add_account(connection, NewAccount("visitor"), at=datetime.now(UTC))
        give_role(connection, number, Grant("administrator"), by="test", at=datetime.now(UTC))
    first, second = browser(engine), browser(engine)

    assert follow(first, sign_in_link(engine, "http://testserver")).status_code == 303
    assert follow(second, account_link(engine, "http://testserver", number)).status_code == 303

    assert first.get("/accounts", headers=PAGE).status_code == 403
    assert second.get("/accounts", headers=PAGE).status_code == 200
