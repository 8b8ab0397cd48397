"""No answer depends on what its reader may not see: not a total, not a count, not an order, not an estimate."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.access.route_rights import ROUTES
from api.app import create_app
from config.database import open_engine
from sync.accounts import Grant
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.rights import account, add_programme, path_of, token_of

MINE = ("PORTAL", "CAMPUS")
CIVIC = "Civic"
# Made anew for each answer: the token of a page's forms, and what time it is.
_ANEW = re.compile(r'csrf-[\w-]+|value="[\w-]{43}"|\d\d:\d\d UTC')


@pytest.fixture
def engine(template_url: str) -> Iterator[Engine]:
    """The demo's portfolio, with a programme of two projects."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        add_programme(engine, CIVIC, *MINE)
        yield engine
        engine.dispose()


def answers(engine: Engine, headers: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Read on every route, by an application that remembers nothing."""
    found = {}
    with TestClient(create_app(engine), raise_server_exceptions=False, follow_redirects=False) as client:
        for route in sorted(ROUTES.keys() - {"GET /api/v1/openapi.json"}):
            if route.startswith("GET"):
                answer = client.get(path_of(route, key="PORTAL"), headers=headers)
                found[route] = (answer.status_code, _ANEW.sub("", answer.text))
    return found


def forget_the_others(engine: Engine) -> None:
    """Take every project but ours out of the store, with all that is kept of it."""
    tables = text(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'project_id'"
        " AND table_schema = 'public' AND table_name IN (SELECT relname FROM pg_class WHERE relkind = 'r')"
    )
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        hidden = list(
            connection.scalars(text("SELECT id FROM project WHERE key <> ALL(:mine)"), {"mine": list(MINE)})
        )
        for table in connection.scalars(tables).all():
            connection.execute(
                text(f'DELETE FROM "{table}" WHERE project_id = ANY(:hidden)'), {"hidden": hidden}
            )
        connection.execute(text("DELETE FROM project WHERE id = ANY(:hidden)"), {"hidden": hidden})


@pytest.mark.slow
def test_no_answer_changes_when_all_that_is_hidden_goes(engine: Engine) -> None:
    few = account(
        engine, "few", Grant("project_officer", "programme", CIVIC), Grant("bi", "project", "PORTAL")
    )
    all_ = account(engine, "all", Grant("project_officer"))
    some = {
        "Authorization": f"Bearer {token_of(engine, 'few', few)}",
        "Accept": "text/html, application/json",
    }
    everything = {**some, "Authorization": f"Bearer {token_of(engine, 'all', all_)}"}
    before, whole = answers(engine, some), answers(engine, everything)
    forget_the_others(engine)
    after = answers(engine, some)
    assert [route for route, answer in before.items() if answer != after[route]] == []
    told = [route for route, answer in answers(engine, everything).items() if answer != whole[route]]
    assert len(told) > 20, "what was taken away shows nowhere, so that nothing is proved"
