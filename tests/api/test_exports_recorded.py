"""That data was taken in whole sets is written down, before it goes out, and not over and over."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


def _events(engine: Engine) -> list[tuple[str, str, str]]:
    query = text("SELECT actor, action, subject FROM audit_event WHERE action LIKE 'export.%' ORDER BY seq")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_set_that_is_taken_is_written_down_once_an_hour_for_each_who_takes_it(engine: Engine) -> None:
    asking = client(engine, name="powerbi")
    for path in ("/odata/v1/Projects", "/odata/v1/Projects?$skip=1", "/odata/v1/Projects/$count"):
        assert asking.get(path).status_code == 200
    assert asking.get("/files/v1/Projects.csv").status_code == 200
    assert asking.get("/odata/v1/").status_code == 200
    assert asking.get("/odata/v1/$metadata").status_code == 200
    assert asking.get("/odata/v1/Nothing").status_code == 404
    assert TestClient(create_app(engine)).get("/odata/v1/Projects").status_code == 401
    assert _events(engine) == [
        ("powerbi", "export.feed", "set Projects"),
        ("powerbi", "export.file", "set Projects.csv"),
    ]
    other = create_token(engine, "other")
    asking.get("/odata/v1/Projects", headers={"Authorization": f"Bearer {other}"})
    assert _events(engine)[-1] == ("other", "export.feed", "set Projects")


def test_over_https_browsers_are_told_to_stay_with_it(engine: Engine) -> None:
    app = create_app(engine)
    assert "strict-transport-security" not in TestClient(app).get("/healthz").headers
    secure = TestClient(app, base_url="https://testserver").get("/healthz")
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
