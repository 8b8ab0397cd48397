"""That data was taken in whole sets is written down, before it goes out, and not over and over."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from api.signin.ways_in import WaysIn
from config.database import open_engine
from sync.accounts import AccountRefused, Grant
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.rights import account


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
        ("token powerbi", "export.feed", "set Projects"),
        ("token powerbi", "export.file", "set Projects.csv"),
    ]
    other = create_token(engine, "other")
    asking.get("/odata/v1/Projects", headers={"Authorization": f"Bearer {other}"})
    assert _events(engine)[-1] == ("token other", "export.feed", "set Projects")


def test_nobody_takes_a_set_unseen_in_the_name_of_somebody_else(engine: Engine) -> None:
    """A token may be called as another, or as an account: it is told apart from it, and said whose it is."""
    boss = account(engine, "boss@example.org", Grant("bi"))
    clerk = account(engine, "clerk@example.org", Grant("bi"))
    for name, number in (("boss@example.org", clerk), ("clerk token", clerk), ("boss token", boss)):
        token = create_token(engine, name, scopes=[], speaks_for=(None, ["bi"]), account=number)
        told = len(_events(engine))
        for _ in range(2):
            path, headers = "/odata/v1/Programmes", {"Authorization": f"Bearer {token}"}
            assert TestClient(create_app(engine)).get(path, headers=headers).status_code == 200
        whose = "boss@example.org" if number == boss else "clerk@example.org"
        assert _events(engine)[told][0] == f"token {name} of {whose}"


@pytest.mark.parametrize("name", ["muster", "Operator"])
def test_no_account_is_called_as_the_log_calls_who_is_none(engine: Engine, name: str) -> None:
    with pytest.raises(AccountRefused, match="what the log calls"):
        account(engine, name)


def test_over_https_browsers_are_told_to_stay_with_it(engine: Engine) -> None:
    app = create_app(engine)
    assert "strict-transport-security" not in TestClient(app).get("/healthz").headers
    secure = TestClient(app, base_url="https://testserver").get("/healthz")
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    behind = create_app(engine, ways_in=WaysIn(public_url="https://muster.example"))
    assert "strict-transport-security" in TestClient(behind).get("/healthz").headers
