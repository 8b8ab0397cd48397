"""What rows say of a project that is not to be seen: empty in REST, OData and files, and not to be asked for."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

HIDDEN = "ELSEWHERE-7"
_MADE = (
    """UPDATE work_item SET key = 'ELSEWHERE-7' WHERE id = (SELECT min(w.id) FROM work_item w JOIN scope s ON
        s.source_id = w.source_id AND s.external_id = w.scope_external_id JOIN project p ON p.id = s.project_id
        WHERE p.key = 'SIGNON')""",
    """UPDATE work_item w SET parent_key = 'ELSEWHERE-7', parent_external_id = 'none' FROM work_item above
        WHERE above.key = 'ELSEWHERE-7' AND w.source_id = above.source_id AND w.id <> above.id""",
    """UPDATE raid_item SET kind = 'dependency',
        gives = (ARRAY['SIGNON', ' portal ', 'Signon of old'])[1 + id % 3]""",
)
READ = (
    "/api/v1/raid-items?limit=500", "/odata/v1/RaidItems", "/files/v1/RaidItems.csv", "/files/v1/RaidItems.ndjson",
    "/api/v1/work-items?limit=500", "/odata/v1/WorkItems", "/files/v1/WorkItems.csv",
)  # fmt: skip


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
            if name == "SIGNON":
                assert " portal " in part.text, path
        asked = "/odata/v1/RaidItems/$count?$filter=Gives eq 'SIGNON'"
        counted = [client.get(asked, headers=each).text.lstrip("\ufeff") for each in (some, every)]
        assert counted[0] == "0" < counted[1]
