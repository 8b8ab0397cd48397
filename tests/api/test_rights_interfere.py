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
# Items, changes, links, custom fields and dependencies of each project that tell of every other.
_TOLD = (
    """UPDATE scope s SET key = p.key, name = p.name FROM project p WHERE p.id = s.project_id""",
    """UPDATE work_item w SET parent_key = f.key, parent_external_id = f.external_id, custom = jsonb_build_object('c1',
        jsonb_build_object('name', 'Epic Link', 'type', 'issue', 'value', o.key || '-1')) FROM scope s
        JOIN scope o ON o.source_id = s.source_id AND o.project_id <> s.project_id JOIN work_item f
        ON f.source_id = o.source_id AND f.scope_external_id = o.external_id
        WHERE s.source_id = w.source_id AND s.external_id = w.scope_external_id""",
    """INSERT INTO transition (source_id, item_external_id, external_id, at, by, field, from_value, to_value)
        SELECT w.source_id, w.external_id, 'told:' || o.id, now(), 'Ada', 'Link', o.key || '-1',
        'blocks ' || o.key || '-2'
        FROM work_item w JOIN scope o ON o.source_id = w.source_id AND o.external_id <> w.scope_external_id
        WHERE w.id % 50 = 0 AND o.project_id IS NOT NULL""",
    """INSERT INTO work_item_link (source_id, item_external_id, external_id, direction, type, label, other_external_id,
        other_key) SELECT w.source_id, w.external_id, 'told:' || o.id, 'outward', 'Blocks', 'blocks',
        o.external_id, o.key
        FROM work_item w JOIN work_item o ON o.source_id = w.source_id AND o.id % 50 = 1 WHERE w.id % 50 = 0""",
    """INSERT INTO tailoring (template, applies, changes, because, asked_by, asked_at) SELECT 'monthly-status',
        jsonb_build_object('programmes', jsonb_build_array(name)), '{}', 'of ' || name, 'Ada', now() FROM programme""",
    """UPDATE raid_item SET kind = 'dependency', gives = 'LEDGER' WHERE id % 3 = 0""",
)
_SETS = [
    path.format(name)
    for name in ("WorkItems", "Transitions", "WorkItemFields", "RaidItems")
    for path in ("/odata/v1/{}?$top=500", "/files/v1/{}.csv")
]
# Made anew for each answer: the token of a page's forms, and what time it is.
_ANEW = re.compile(r'csrf-[\w-]+|value="[\w-]{43}"|\d\d:\d\d UTC')


@pytest.fixture
def engine(template_url: str) -> Iterator[Engine]:
    """The demo's portfolio, with a programme of two projects."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        add_programme(engine, CIVIC, *MINE)
        with engine.begin() as connection:
            for statement in _TOLD:
                assert connection.execute(text(statement)).rowcount
        yield engine
        engine.dispose()


def answers(engine: Engine, headers: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Read on every route, by an application that remembers nothing."""
    found = {}
    with TestClient(create_app(engine), raise_server_exceptions=False, follow_redirects=False) as client:
        routes = sorted(ROUTES.keys() - {"GET /api/v1/openapi.json"})
        paths = {route: path_of(route, key="PORTAL") for route in routes if route.startswith("GET")}
        for route, path in (paths | {path: path for path in _SETS}).items():
            answer = client.get(path, headers=headers)
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
        connection.execute(
            text(
                "DELETE FROM work_item w USING scope s WHERE s.source_id = w.source_id"
                " AND s.external_id = w.scope_external_id AND s.project_id = ANY(:hidden)"
            ),
            {"hidden": hidden},
        )
        for table in connection.scalars(tables).all():
            connection.execute(
                text(f'DELETE FROM "{table}" WHERE project_id = ANY(:hidden)'), {"hidden": hidden}
            )
        connection.execute(text("DELETE FROM project WHERE id = ANY(:hidden)"), {"hidden": hidden})
        ours = "SELECT programme_id FROM project UNION SELECT programme_id FROM programme_project"
        gone = text(f"DELETE FROM programme WHERE id NOT IN ({ours}) RETURNING name")
        for name in connection.scalars(gone).all():
            connection.execute(
                text("DELETE FROM tailoring WHERE because = :because"), {"because": f"of {name}"}
            )


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
