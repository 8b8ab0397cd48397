"""Every route there is, as requests, and accounts in every role to send them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from model.rights import ROLES, Permission
from sync.accounts import Grant, NewAccount, add_account, give_role
from sync.sessions import NewSession, begin_session
from sync.store import unit_of_work

FILLED: Final = {
    "key": "LEDGER", "attribute": "forecast_finish", "figure": "health", "name": "jira-dc", "number": "9",
    "template": "monthly-status", "version": "3.1.0", "policy": "default@1.0.0", "kind": "waivers", "action": "accept",
    "act": "try", "verb": "submit", "verdict": "withdraw", "path": "Projects", "waiver": "1", "remark": "1",
    "below": "1", "returned": "1", "cell": "1",
}  # fmt: skip
_HOLE: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")


def routes_of(app: FastAPI) -> set[str]:
    """Return every route as `METHOD /path/{parameter}`; HEAD is as GET."""
    return set(_walked(app.routes, ""))


def _walked(routes: list[BaseRoute], prefix: str) -> Iterator[str]:
    for route in routes:
        below: Any = getattr(route, "original_router", None)
        if below is not None:
            context: Any = getattr(route, "include_context", None)
            yield from _walked(below.routes, prefix + context.prefix)
            continue
        for method in getattr(route, "methods", None) or ():
            if method != "HEAD":
                yield f"{method} {prefix}{getattr(route, 'path', '')}"


def path_of(route: str, **filled: str) -> str:
    """Return a route's path with something in each of its parameters."""
    path = route.partition(" ")[2]
    if path == "/files/v1/{name}.{kind}":
        return "/files/v1/Projects.csv"
    return _HOLE.sub(lambda hole: {**FILLED, **filled}.get(hole[1], "1"), path)


def asked(client: TestClient, route: str, **headers: str) -> int:
    """Send a route's request, with an empty body where it takes one, and return how it is answered."""
    method = route.partition(" ")[0]
    path = path_of(route)
    if method not in WRITES:
        return client.request(method, path, headers={"If-None-Match": "*", **headers}).status_code
    if path.startswith("/api/"):
        return client.request(method, path, json={}, headers=headers).status_code
    return client.request(method, path, data={}, headers=headers).status_code


def account(engine: Engine, name: str, *grants: Grant, person: str | None = "Ada Byron") -> int:
    """Add an account that holds some roles."""
    now = datetime.now(UTC)
    with unit_of_work(engine) as connection:
        number = add_account(connection, NewAccount(name, person=person), at=now)
        for grant in grants:
            give_role(connection, number, grant, by="tests", at=now)
    return number


def token_of(engine: Engine, name: str, number: int) -> str:
    """Make a token of an account that may whatever the account may."""
    return create_token(engine, name, scopes=["admin"], speaks_for=(None, list(ROLES)), account=number)


def cookie_of(engine: Engine, number: int) -> str:
    """Begin a session of an account and return its secret."""
    from api.signin.sessions import secret_hash

    now = datetime.now(UTC)
    secret = f"secret of {number}".replace(" ", "-")
    begin_session(
        engine, NewSession(secret_hash(secret), "password", now + timedelta(days=1), number), at=now
    )
    return secret


def browser(engine: Engine, secret: str) -> TestClient:
    """Return a browser that is signed in."""
    return TestClient(
        create_app(engine), cookies={"muster_session": secret}, raise_server_exceptions=False,
        follow_redirects=False,
    )  # fmt: skip


def roles_with(permission: Permission, *, some: bool) -> frozenset[str]:
    """Return the roles that let in, by the table; `some`: held for a programme only."""
    from model.rights import OFFICE_WIDE

    if some and permission in OFFICE_WIDE:
        return frozenset()
    if permission in (Permission.OPEN, Permission.SIGNED_IN):
        return frozenset(ROLES)
    return frozenset(role for role, held in ROLES.items() if permission in held)


def add_programme(engine: Engine, name: str, *keys: str) -> None:
    """Put projects into a programme of the first portfolio."""
    with engine.begin() as connection:
        number = connection.scalar(
            text(
                "INSERT INTO programme (portfolio_id, name) SELECT id, :name FROM portfolio LIMIT 1 RETURNING id"
            ),
            {"name": name},
        )
        connection.execute(
            text(
                "INSERT INTO programme_project (project_id, programme_id, position)"
                " SELECT id, :number, 1 FROM project WHERE key = ANY(:keys)"
            ),
            {"number": number, "keys": list(keys)},
        )
