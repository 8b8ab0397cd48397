from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.databases import cloned
from tests.support.feed_rows import add_traps
from tests.support.portfolio_rows import seed


@pytest.fixture(scope="package")
def seeded(template_url: str) -> Iterator[Engine]:
    """The demo's story, with what BI tools stumble over in it; nothing may write there but tokens."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        add_traps(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="package")
def anybody(seeded: Engine) -> TestClient:
    """Somebody without a token."""
    return TestClient(create_app(seeded), raise_server_exceptions=False)


@pytest.fixture(scope="package")
def web(seeded: Engine, anybody: TestClient) -> TestClient:
    """Who may see everything."""
    return _with(anybody, create_token(seeded, "feed"))


@pytest.fixture(scope="package")
def some(seeded: Engine, anybody: TestClient) -> TestClient:
    """Who may see the project PORTAL and no other."""
    return _with(anybody, create_token(seeded, "one project", projects=["PORTAL"]))


def _with(anybody: TestClient, token: str) -> TestClient:
    headers = {"Authorization": f"Bearer {token}"}
    return TestClient(anybody.app, headers=headers, raise_server_exceptions=False)
