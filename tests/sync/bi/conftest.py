"""One filled database for all tests of the bi schema, and roles of its server."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from starlette.testclient import TestClient

from config.database import open_engine
from model.bi.build import views
from sync.bi_revoke import revoke
from sync.bi_roles import grant
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed


@pytest.fixture(scope="module")
def seeded(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def web(seeded: Engine) -> TestClient:
    return client(seeded)


@pytest.fixture
def name(seeded: Engine) -> Iterator[str]:
    """A name of a role of this test's own: roles belong to the server, not to the database."""
    chosen = f"bi_{uuid.uuid4().hex[:10]}"
    yield chosen
    with seeded.begin() as connection:
        if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": chosen}):
            connection.execute(text(f"DROP OWNED BY {chosen}"))
            connection.execute(text(f"DROP ROLE {chosen}"))


@pytest.fixture(scope="module")
def reading(seeded: Engine) -> Iterator[str]:
    chosen = f"bi_{uuid.uuid4().hex[:10]}"
    grant(seeded, chosen)
    yield chosen
    revoke(seeded, chosen)


@pytest.fixture(scope="module")
def closed(seeded: Engine) -> Iterator[str]:
    chosen = f"bi_{uuid.uuid4().hex[:10]}"
    grant(seeded, chosen, own_server=True)
    yield chosen
    revoke(seeded, chosen)


@pytest.fixture
def owner(seeded: Engine) -> Iterator[Engine]:
    """Muster's own user as a given PostgreSQL has one: it may make roles, and is no superuser."""
    chosen = f"muster_{uuid.uuid4().hex[:10]}"
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {chosen} LOGIN CREATEROLE"))
        connection.execute(text(f'ALTER DATABASE "{seeded.url.database}" OWNER TO {chosen}'))
        owned = ["SCHEMA bi", *(f"VIEW bi.{view.name}" for view in views())]
        for each in owned:
            connection.execute(text(f"ALTER {each} OWNER TO {chosen}"))
        connection.execute(text(f"GRANT SELECT, INSERT, UPDATE ON audit_event TO {chosen}"))
    engine = create_engine(seeded.url.set(username=chosen), poolclass=NullPool)
    yield engine
    with seeded.begin() as connection:
        connection.execute(text(f"REASSIGN OWNED BY {chosen} TO postgres"))
        connection.execute(text(f"DROP OWNED BY {chosen}"))
        connection.execute(text(f"DROP ROLE {chosen}"))
