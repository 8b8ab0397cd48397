"""Tokens that speak for a person, in the roles they hold."""

import pytest
from sqlalchemy import Engine, select
from starlette.requests import Request

from api.access.visible import authenticate
from api.app import create_app
from api.signin.tokens import BadToken, create_token, list_tokens, sign_in_link
from model.tables import ApiToken


def test_a_token_says_whom_it_speaks_for(engine: Engine) -> None:
    token = create_token(engine, "olu", speaks_for=("Olu Officer", ["project_officer"]))
    headers = [(b"authorization", f"Bearer {token}".encode())]
    principal, _ = authenticate(
        engine,
        Request(
            {"type": "http", "method": "GET", "path": "/", "headers": headers, "app": create_app(engine)}
        ),
    )
    assert principal.person == "Olu Officer"
    assert principal.roles == {"project_officer"}
    [row] = list_tokens(engine)
    assert (row.person, row.roles) == ("Olu Officer", ("project_officer",))


@pytest.mark.parametrize(
    ("speaks_for", "says"),
    [
        (("Olu Officer", ["projectofficer"]), "no such role: projectofficer"),
        (("Mira", ["project_manager"]), "their projects name them"),
        ((None, ["project_officer"]), "roles are held by a person"),
        (("  ", ["project_officer"]), "roles are held by a person"),
    ],
)
def test_roles_are_known_and_held_by_somebody(
    engine: Engine, speaks_for: tuple[str | None, list[str]], says: str
) -> None:
    with pytest.raises(BadToken, match=says):
        create_token(engine, "olu", speaks_for=speaks_for)


def test_a_link_signs_a_browser_in_as_a_person(engine: Engine) -> None:
    sign_in_link(engine, "http://127.0.0.1:8000", speaks_for=("Mira Manager", []))
    with engine.connect() as connection:
        assert connection.scalar(select(ApiToken.person)) == "Mira Manager"
