"""Accounts and their roles: on the page, by command, and what is refused."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from sync.accounts import AccountRefused, Grant, NewAccount, add_account, disable, give_role, take_role
from sync.store import unit_of_work
from tests.support.command_line import CommandLine
from tests.support.rights import account, browser, cookie_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def recorded(engine: Engine) -> list[tuple[str, str]]:
    """Return what was recorded of accounts, in order."""
    query = "SELECT action, subject FROM audit_event WHERE action LIKE 'account.%' ORDER BY seq"
    with engine.connect() as connection:
        return [(row.action, row.subject) for row in connection.execute(text(query))]


def test_an_administrator_adds_somebody_and_gives_and_takes_roles_on_the_page(engine: Engine) -> None:
    number = account(engine, "ada", Grant("administrator"))
    visit = browser(engine, cookie_of(engine, number))
    page = visit.get("/accounts").text
    csrf = TOKEN.search(page)
    assert csrf is not None
    sent = {"csrf": csrf[1], "name": " Olu@Example.org ", "shown": "<b>Olu</b>", "person": "Olu"}
    added = visit.post("/accounts", data=sent)
    assert added.status_code == 303
    where = added.headers["location"]
    give = {"csrf": csrf[1], "act": "give", "role": "reader", "of": "everything"}
    assert visit.post(where, data=give).status_code == 303
    shown = visit.get(where).text
    assert "olu@example.org" in shown
    assert "&lt;b&gt;Olu" in shown
    assert "<b>Olu" not in shown
    assert "look at projects" in shown
    assert visit.post(where, data={**give, "act": "take"}).status_code == 303
    assert "Nothing but their own account" in visit.get(where).text
    assert recorded(engine)[-3:] == [
        ("account.added", "account olu@example.org"),
        ("account.role_given", "account olu@example.org"),
        ("account.role_taken", "account olu@example.org"),
    ]


@pytest.mark.parametrize("field", ["name", "shown", "person"])
def test_a_character_that_is_none_is_in_no_name(engine: Engine, field: str) -> None:
    visit = browser(
        engine,
        cookie_of(engine, account(engine, f"root of {field}".replace(" ", "-"), Grant("administrator"))),
    )
    csrf = TOKEN.search(visit.get("/accounts").text)
    assert csrf is not None
    sent = {"csrf": csrf[1], "name": "odd", "shown": "Odd", "person": "Odd"}
    assert visit.post("/accounts", data={**sent, field: "Odd\ufffe"}).status_code in (409, 422)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"act": "give", "role": "emperor", "of": "everything"}, "there is no role"),
        ({"act": "give", "role": "reader", "of": "programme:<i>Nope"}, "there is no programme"),
        ({"act": "give", "role": "reader", "of": "galaxy:x"}, "a role is held for"),
        ({"act": "give", "role": "administrator", "of": "project:X"}, "is held for everything"),
        ({"act": "take", "role": "administrator", "of": "everything"}, "the last administrator"),
        ({"act": "disable"}, "the last administrator"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(engine: Engine, sent: dict[str, str], says: str) -> None:
    number = account(engine, "ada", Grant("administrator"))
    headers = {"Authorization": f"Bearer {create_token(engine, 'keeping', scopes=['admin'])}"}
    with TestClient(create_app(engine), follow_redirects=False, headers=headers) as asking:
        answer = asking.post(f"/accounts/{number}", data=sent)
    assert answer.status_code == 409
    assert says in answer.text
    assert "<i>" not in answer.text


def test_the_last_administrator_stays_also_when_others_are_shut(engine: Engine) -> None:
    with unit_of_work(engine) as connection:
        ada, olu = (add_account(connection, NewAccount(name), at=NOW) for name in ("ada", "olu"))
        for each in (ada, olu):
            assert give_role(connection, each, Grant("administrator"), by="x", at=NOW)
        assert not give_role(connection, ada, Grant("administrator"), by="x", at=NOW)
        assert disable(connection, olu, at=NOW)
        assert not disable(connection, olu, at=NOW)
    with unit_of_work(engine) as connection, pytest.raises(AccountRefused, match="last administrator"):
        take_role(connection, ada, Grant("administrator"), at=NOW)


@pytest.mark.parametrize("name", ["", "two words", "a:b", "a/b", "a\nb", "x" * 201])
def test_a_name_that_cannot_be_signed_in_with_is_refused(engine: Engine, name: str) -> None:
    with unit_of_work(engine) as connection, pytest.raises(AccountRefused, match="cannot be a name"):
        add_account(connection, NewAccount(name), at=NOW)


@pytest.mark.slow
def test_accounts_are_kept_by_command(engine: Engine, database_url: str, tmp_path: Path) -> None:
    muster = CommandLine(database_url, tmp_path / "home", {})
    assert muster("account", "add", "Ada@example.org", "--person", "Ada").code == 0
    assert (
        muster("account", "role", "give", "ada@example.org", "pmo_head").out
        == "ada@example.org is pmo_head.\n"
    )
    twice = muster("account", "add", "ada@example.org")
    assert (twice.code, "there is an account" in twice.err) == (2, True)
    both = muster(
        "account", "role", "give", "ada@example.org", "reader", "--project", "A", "--programme", "B"
    )
    assert (both.code, "of one portfolio, programme or project" in both.err) == (2, True)
    assert "pmo_head (everything)" in muster("account", "list").out
    shown = muster("account", "show", "ada@example.org").out
    assert "speaks for: Ada" in shown
    assert "audit" in shown
    assert muster("account", "disable", "ada@example.org").out == "ada@example.org is shut.\n"
    assert muster("account", "show", "nobody").code == 2
    assert [action for action, _ in recorded(engine)] == [
        "account.added",
        "account.role_given",
        "account.disabled",
    ]


def test_a_program_with_a_token_of_its_own_keeps_accounts_by_rest(engine: Engine) -> None:
    number = account(engine, "ada", Grant("administrator"))
    headers = {"Authorization": f"Bearer {create_token(engine, 'keeping', scopes=['admin'])}"}
    with TestClient(create_app(engine), headers=headers, raise_server_exceptions=False) as asking:
        made = asking.post("/api/v1/accounts", json={"name": "olu", "person": "Olu"})
        assert made.status_code == 201
        where = made.headers["location"]
        given = asking.post(f"{where}/roles/give", json={"role": "pmo_head"}).json()
        assert [(held["role"], held["scope"], held["given_by"]) for held in given["roles"]] == [
            ("pmo_head", "everything", "token keeping")
        ]
        assert asking.get(where).json() == given
        assert [each["name"] for each in asking.get("/api/v1/accounts").json()["items"]] == ["ada", "olu"]
        assert asking.post(f"{where}/roles/take", json={"role": "reader"}).status_code == 409
        assert asking.post(f"{where}/disable").json()["disabled_at"] is not None
        assert asking.post(f"/api/v1/accounts/{number}/disable").status_code == 409
        assert asking.post("/api/v1/accounts/999/enable").status_code == 404
        assert asking.get("/api/v1/accounts").json()["items"][1]["roles"] == given["roles"]
        first = asking.get("/api/v1/accounts?limit=1").json()
        assert asking.post("/api/v1/accounts", json={"name": "between"}).status_code == 201
        rest = asking.get(f"/api/v1/accounts?limit=9&cursor={first['next']}").json()
        names = [each["name"] for each in (*first["items"], *rest["items"])]
        assert (names, rest["next"]) == (["ada", "olu", "between"], None)
