"""What rows say of a project that is not to be seen: empty in REST, OData and files, and not to be asked for."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from model.bi.build import build, views
from model.bi.limited import Limited, build_limited
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

HIDDEN = "ELSEWHERE-7"
CALLED = "Elsewhere it is"  # as the tracker calls the other project
_MADE = (
    """UPDATE work_item SET key = 'ELSEWHERE-7' WHERE id = (SELECT min(w.id) FROM work_item w JOIN scope s ON
        s.source_id = w.source_id AND s.external_id = w.scope_external_id JOIN project p ON p.id = s.project_id
        WHERE p.key = 'SIGNON')""",
    """UPDATE work_item w SET parent_key = 'ELSEWHERE-7', parent_external_id = 'none' FROM work_item above
        WHERE above.key = 'ELSEWHERE-7' AND w.source_id = above.source_id AND w.id <> above.id""",
    """UPDATE raid_item SET kind = 'dependency',
        gives = (ARRAY['SIGNON', ' portal ', 'Signon of old'])[1 + id % 3]""",
    f"""UPDATE scope s SET key = 'ELSEWHERE', name = '{CALLED}' FROM work_item w WHERE w.key = 'ELSEWHERE-7'
        AND s.source_id = w.source_id AND s.external_id = w.scope_external_id""",
    f"""INSERT INTO transition (source_id, item_external_id, external_id, at, by, field, from_value, to_value)
        SELECT w.source_id, w.external_id, 'made:' || f.position, now(), 'Ada', f.field, f.was, f.became
        FROM work_item w JOIN work_item e ON e.key = 'ELSEWHERE-7' AND w.source_id = e.source_id AND w.id <> e.id
        JOIN scope s ON s.source_id = w.source_id AND s.external_id = w.scope_external_id
        CROSS JOIN LATERAL (VALUES (1, 'Link', NULL, 'This work item blocks ELSEWHERE-7'),
            (2, 'Epic Link', 'ELSEWHERE-7', NULL), (3, 'project', '{CALLED}', s.name),
            (4, 'Waits for', 'ELSEWHERE-7', 'x'),
            (5, 'Severity', 'SEV-1', 'SEV-2'), (6, 'Link', NULL, 'This work item blocks ' || s.key || '-1'),
            (7, 'IssueParentAssociation', '10007', NULL), (8, 'Key', 'ELSEWHERE-9', s.key || '-2'))
            AS f(position, field, was, became)""",
    """UPDATE work_item w SET custom = jsonb_build_object(
        'c1', jsonb_build_object('name', 'Epic Link', 'type', 'issue', 'value', 'ELSEWHERE-7'),
        'c2', jsonb_build_object('name', 'Waits for', 'type', 'text', 'value', 'ELSEWHERE-7'),
        'c3', jsonb_build_object('name', 'Blocks', 'type', 'issues', 'value',
            jsonb_build_array('ELSEWHERE-7', s.key || '-1')),
        'c4', jsonb_build_object('name', 'Project', 'type', 'project', 'value', 'Elsewhere it is'),
        'c5', jsonb_build_object('name', 'Size', 'type', 'number', 'value', 3.25),
        'c6', jsonb_build_object('name', 'Epic Link', 'type', 'issue', 'value', s.key || '-1'))
        FROM work_item e, scope s WHERE e.key = 'ELSEWHERE-7' AND w.source_id = e.source_id AND w.id <> e.id
        AND s.source_id = w.source_id AND s.external_id = w.scope_external_id""",
    """INSERT INTO work_item_link (source_id, item_external_id, external_id, direction, type, label, other_external_id,
        other_key) SELECT w.source_id, w.external_id, f.name, 'outward', 'Blocks', 'blocks', f.other, f.key
        FROM work_item w JOIN work_item e ON e.key = 'ELSEWHERE-7' AND w.source_id = e.source_id AND w.id <> e.id
        CROSS JOIN LATERAL (VALUES ('l1', e.external_id, e.key), ('l2', 'nowhere', 'ELSEWHERE-70'),
            ('l3', w.external_id, w.key)) AS f(name, other, key)""",
)
READ = (
    "/api/v1/raid-items?limit=500", "/odata/v1/RaidItems", "/files/v1/RaidItems.csv", "/files/v1/RaidItems.ndjson",
    "/api/v1/work-items?limit=500", "/odata/v1/WorkItems", "/files/v1/WorkItems.csv",
    "/api/v1/transitions?limit=1000", "/odata/v1/Transitions", "/files/v1/Transitions.csv",
    "/odata/v1/WorkItemFields", "/files/v1/WorkItemFields.ndjson", "/api/v1/work-item-links?limit=1000",
)  # fmt: skip


# What is told of one's own, or of nobody's.
_STAYS = {
    "ransitions": ("SEV-1", "SEV-2", "This work item blocks "),
    "WorkItemFields": ("3.25", "Epic Link"),
    "links": ("l2", '"other_key":"'),
}


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        with engine.begin() as connection:
            for statement in _MADE:
                assert connection.execute(text(statement)).rowcount
        yield engine
        engine.dispose()


def test_no_row_names_a_project_that_may_not_be_seen(engine: Engine) -> None:
    with TestClient(create_app(engine), raise_server_exceptions=False) as client:
        some = {"Authorization": f"Bearer {create_token(engine, 'some', projects=['PORTAL', 'CAMPUS'])}"}
        every = {"Authorization": f"Bearer {create_token(engine, 'every')}"}
        for path in READ:
            whole, part = client.get(path, headers=every), client.get(path, headers=some)
            assert (whole.status_code, part.status_code) == (200, 200), (path, part.text[:300])
            name = "SIGNON" if "aid" in path else HIDDEN
            assert name in whole.text.upper(), path
            assert name not in part.text.upper(), path
            assert CALLED not in part.text, path
            for word in _STAYS.get(next((each for each in _STAYS if each in path), ""), ()):
                assert word in part.text, (path, word)
            if name == "SIGNON":
                assert " portal " in part.text, path
        asked = "/odata/v1/RaidItems/$count?$filter=Gives eq 'SIGNON'"
        counted = [client.get(asked, headers=each).text.lstrip("\ufeff") for each in (some, every)]
        assert counted[0] == "0" < counted[1]


def test_views_for_some_projects_name_no_other(engine: Engine) -> None:
    with engine.begin() as connection:
        build(connection)
        keys = {"mine": ["PORTAL", "CAMPUS"]}
        mine = connection.scalars(text("SELECT id FROM project WHERE key = ANY(:mine)"), keys).all()
        build_limited(connection, views(), Limited("bi_some", tuple(mine)))
        for view, columns, stays in (
            (
                "fact_work_item_change",
                "concat_ws(' ', from_value, to_value)",
                ("SEV-1", "This work item blocks "),
            ),
            ("fact_work_item_field", "value", ("3.25", "Size")),
            ("fact_work_item", "parent_key", ()),
        ):
            every, some = (
                "\n".join(filter(None, connection.scalars(text(f"SELECT {columns} FROM {schema}.{view}"))))
                for schema in ("bi", "bi_some")
            )
            assert HIDDEN in every, view
            assert [word for word in ("ELSEWHERE", CALLED) if word in some] == [], view
            assert [word for word in stays if word not in some] == [], view
