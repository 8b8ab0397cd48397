"""Every route with every role, with nobody signed in, and with a role for other projects: the whole matrix.

What is expected is what `docs/rights.md` shows, which is held to the tables of `model.rights` and
`api.access.route_rights` here too.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.access.route_rights import ROUTES
from api.app import create_app
from config.database import open_engine
from model.rights import OFFICE_ONLY, ROLES, Permission
from sync.accounts import Grant
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.rights import WRITES, account, asked, roles_with, routes_of, token_of
from tests.support.rights_document import DOCUMENT, inside, tables

PROGRAMME = "Digital services"


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """A seeded database, which these tests only look at."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def asking(engine: Engine) -> Iterator[TestClient]:
    """One application for all of them: who asks is said with each request."""
    with TestClient(create_app(engine), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def test_every_route_says_who_may_use_it(asking: TestClient) -> None:
    there = routes_of(asking.app)  # type: ignore[arg-type]
    assert there - ROUTES.keys() == set(), "add a line to api/access/route_rights.py for each"
    assert ROUTES.keys() - there == set(), "these are no routes any more"


@pytest.mark.parametrize("method", ["reads", "writes"])
def test_nobody_is_let_in_without_signing_in(asking: TestClient, method: str) -> None:
    routes = {route for route in ROUTES if ROUTES[route] is not Permission.OPEN}
    chosen = [route for route in routes if route.startswith(WRITES) == (method == "writes")]
    assert len(chosen) > 40
    answers = {route: asked(asking, route) for route in chosen}
    assert {route: status for route, status in answers.items() if status != 401} == {}


def walked(asking: TestClient, routes: list[str], headers: dict[str, str]) -> dict[str, bool]:
    """Ask on every route, and say which let in."""
    found = {route: asked(asking, route, **headers) for route in routes}
    assert {route: status for route, status in found.items() if status in (401, 500)} == {}
    return {route: status != 403 for route, status in found.items()}


def entered(engine: Engine, name: str, *grants: Grant) -> dict[str, str]:
    """Return the headers of a token of a new account."""
    return {"Authorization": f"Bearer {token_of(engine, name, account(engine, name, *grants))}"}


def held_to_the_table(
    engine: Engine, asking: TestClient, role: str | None, *, some: bool = False, refused: bool = False
) -> None:
    """Hold every route to what the table says of a role for everything, or for a programme; or those it refuses."""
    grant = Grant(role or "", "programme", PROGRAMME) if some else Grant(role or "")
    headers = entered(engine, f"{role}-{some}-{refused}", *([grant] if role else []))
    expected = {
        route: role in roles_with(needed, some=some) or needed is Permission.SIGNED_IN
        for route, needed in ROUTES.items()
        if needed is not Permission.OPEN
    }
    routes = [route for route, let in expected.items() if not (let and refused)]
    assert len(routes) > 5
    found = walked(asking, routes, headers)
    assert {route: let for route, let in found.items() if let != expected[route]} == {}


@pytest.mark.parametrize("role", [*ROLES, None])
def test_no_role_is_let_in_where_the_table_does_not_say_so(
    engine: Engine, asking: TestClient, role: str | None
) -> None:
    held_to_the_table(engine, asking, role, refused=True)


@pytest.mark.slow
@pytest.mark.parametrize("role", [*ROLES, None])
def test_every_route_lets_in_whom_the_table_says_and_nobody_else(
    engine: Engine, asking: TestClient, role: str | None
) -> None:
    held_to_the_table(engine, asking, role)


@pytest.mark.slow
@pytest.mark.parametrize("role", [role for role in ROLES if role not in OFFICE_ONLY])
def test_a_role_for_a_programme_lets_in_where_it_is_not_about_the_whole_office(
    engine: Engine, asking: TestClient, role: str
) -> None:
    held_to_the_table(engine, asking, role, some=True)


def test_the_manual_shows_the_matrix_as_it_is() -> None:
    told = inside(DOCUMENT.read_text(encoding="utf-8"))
    assert told == tables(), "python -m tests.support.rights_document writes it"
