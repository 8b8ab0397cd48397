from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from config.database import open_engine
from tests.support.api_client import client
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
def web(seeded: Engine) -> TestClient:
    """Who may see everything."""
    return client(seeded, name="feed")
