"""Whose rows somebody sees: those of the portfolios, programmes and projects their roles are for, on every route."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.access.route_rights import ROUTES
from api.app import create_app
from api.signin.tokens import Groups, create_token
from config.database import open_engine
from model.rights import Permission
from sandbox.story import PROJECTS
from sync.accounts import Grant, disable, take_role
from sync.store import unit_of_work
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.rights import (
    account,
    add_programme,
    browser,
    cookie_of,
    path_of,
    token_of,
)

MINE = ("PORTAL", "CAMPUS")
CIVIC = "Civic"
# Whose examples are the same for whoever asks.
OF_NOBODY = {"GET /api/v1/openapi.json"}


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """The demo's portfolio, with a programme of two projects that are in others too."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        add_programme(engine, CIVIC, *MINE)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def asking(engine: Engine) -> Iterator[TestClient]:
    """One application for all of them: who asks is said with each request."""
    with TestClient(create_app(engine), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def bearer(engine: Engine, name: str, *grants: Grant) -> dict[str, str]:
    """Return the headers of a token of a new account."""
    return {"Authorization": f"Bearer {token_of(engine, name, account(engine, name, *grants))}"}


def seen(asking: TestClient, headers: dict[str, str]) -> set[str]:
    """Return the keys of the projects that somebody sees."""
    answer = asking.get("/api/v1/projects?limit=1000", headers=headers)
    assert answer.status_code == 200, answer.text
    return {each["key"] for each in answer.json()["items"]}


def hidden_words() -> set[str]:
    """Return words that stand in rows of projects that are hidden, and nowhere else."""
    hidden = [project for project in PROJECTS if project.key not in MINE]
    words = {word for project in hidden for word in (project.key, project.name, project.manager)}
    mine = {project.manager for project in PROJECTS if project.key in MINE}
    return words | {each.key for project in hidden for each in project.tracked if each.key != "SSO"} - mine


def test_an_officer_of_a_programme_reads_nothing_of_other_projects_on_any_route(
    engine: Engine, asking: TestClient
) -> None:
    grants = (Grant("project_officer", "programme", CIVIC), Grant("bi", "project", "PORTAL"))
    headers = {**bearer(engine, "olu", *grants), "Accept": "text/html, application/json"}
    words = hidden_words()
    for route in sorted(ROUTES.keys() - OF_NOBODY):
        if not route.startswith("GET"):
            continue
        for key in ("LEDGER", "PORTAL") if "{key}" in route else ("PORTAL",):
            path = path_of(route, key=key)
            answer = asking.get(path, headers=headers)
            assert answer.status_code != 500, path
            told = answer.text.replace("/projects/LEDGER", "").replace("project LEDGER", "")
            assert [word for word in words if word in told] == [], path


@pytest.mark.parametrize("route", [route for route in ROUTES if "/projects/{key}" in route])
def test_what_is_of_a_hidden_project_is_not_there(engine: Engine, asking: TestClient, route: str) -> None:
    name = f"r{abs(hash(route))}"
    headers = bearer(engine, name, Grant("pmo_head", "programme", CIVIC))
    method = route.partition(" ")[0]
    assert asking.request(method, path_of(route, key="LEDGER"), headers=headers).status_code == 404


def test_a_role_for_a_programme_follows_its_projects(engine: Engine, asking: TestClient) -> None:
    add_programme(engine, "Changing", "PORTAL")
    headers = bearer(engine, "follows", Grant("reader", "programme", "Changing"))
    whole = create_token(engine, "of the programme", of=Groups(programmes=["Changing"]))
    token = {"Authorization": f"Bearer {whole}"}
    assert seen(asking, headers) == seen(asking, token) == {"PORTAL"}
    with engine.begin() as connection:
        moved = "UPDATE programme_project SET project_id = (SELECT id FROM project WHERE key = 'LEDGER') FROM programme"
        connection.execute(text(f"{moved} WHERE programme.id = programme_id AND name = 'Changing'"))
    assert seen(asking, headers) == seen(asking, token) == {"LEDGER"}


def test_a_role_for_the_portfolio_is_for_all_that_is_in_it(engine: Engine, asking: TestClient) -> None:
    with engine.connect() as connection:
        key = str(connection.scalar(text("SELECT key FROM portfolio")))
    everything = {project.key for project in PROJECTS}
    assert seen(asking, bearer(engine, "whole", Grant("reader", "portfolio", key))) == everything
    token = create_token(engine, "of the portfolio", of=Groups(portfolios=[key]))
    assert seen(asking, {"Authorization": f"Bearer {token}"}) == everything


def test_a_token_never_holds_more_than_its_account_does_now(engine: Engine, asking: TestClient) -> None:
    number = account(engine, "shrinks", Grant("project_officer"), Grant("reader", "project", "PORTAL"))
    headers = {"Authorization": f"Bearer {token_of(engine, 'shrinks', number)}"}
    assert asking.get("/api/v1/questions", headers=headers).status_code == 200
    assert len(seen(asking, headers)) == len(PROJECTS)
    with unit_of_work(engine) as connection:
        assert take_role(connection, number, Grant("project_officer"), at=datetime.now(UTC))
    assert asking.get("/api/v1/questions", headers=headers).status_code == 403
    assert seen(asking, headers) == {"PORTAL"}
    with unit_of_work(engine) as connection:
        disable(connection, number, at=datetime.now(UTC))
    assert asking.get("/api/v1/projects", headers=headers).status_code == 401


def test_a_token_of_an_account_may_be_for_less_than_the_account(engine: Engine, asking: TestClient) -> None:
    number = account(engine, "careful", Grant("project_officer"))
    few = create_token(engine, "few", projects=["PORTAL"], account=number)
    headers = {"Authorization": f"Bearer {few}"}
    assert seen(asking, headers) == {"PORTAL"}
    assert asking.post("/api/v1/cycles", json={}, headers=headers).status_code == 403


def test_an_account_without_roles_is_told_to_ask_for_one(engine: Engine) -> None:
    visit = browser(engine, cookie_of(engine, account(engine, "nothing")))
    answer = visit.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "ask an administrator of Muster for one" in answer.text


def test_a_session_of_an_account_sees_what_its_roles_are_for(engine: Engine) -> None:
    visit = browser(engine, cookie_of(engine, account(engine, "mira", Grant("reader", "project", "PORTAL"))))
    board = visit.get("/", headers={"Accept": "text/html"})
    assert board.status_code == 200
    assert "PORTAL" in board.text
    assert [word for word in hidden_words() if word in board.text] == []


def test_a_route_that_nobody_declared_is_for_nobody(engine: Engine) -> None:
    app = create_app(engine)

    @app.get("/forgotten")
    def forgotten() -> str:
        return "secret"

    token = create_token(engine, "all of it", scopes=["admin"])
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/forgotten", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "api/access/route_rights.py" in answer.text
    assert Permission.ADMINISTER in ROUTES.values()
