"""A client of the application with a token, on seeded rows."""

from collections.abc import Collection, Sequence

from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token


def client(
    engine: Engine,
    *,
    projects: Collection[str] | None = None,
    scopes: Sequence[str] = ("read",),
    token: bool = True,
    name: str = "test",
    speaks_for: tuple[str | None, Sequence[str]] = (None, ()),
) -> TestClient:
    """Return a client that sends a token of its own; errors come back as answers, not as exceptions."""
    headers = {}
    if token:
        made = create_token(engine, name, projects=projects, scopes=scopes, speaks_for=speaks_for)
        headers["Authorization"] = f"Bearer {made}"
    return TestClient(
        create_app(engine), headers=headers, raise_server_exceptions=False, follow_redirects=False
    )
