import gzip

import pytest
from sqlalchemy import Engine, event, text

from api.wire.etag import Body, Cache
from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.undisturbed import fewest

PATHS = ("/api/v1/status", "/api/v1/work-items", "/api/v1/portfolio", "/", "/projects/PORTAL", "/sources")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_changed_is_a_304_without_a_body(engine: Engine, path: str) -> None:
    seed(engine)
    asking = client(engine)
    first = asking.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = asking.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == tag


def test_a_new_snapshot_changes_the_status_and_its_tag(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    tag = asking.get("/api/v1/status").headers["etag"]
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO snapshot (project_id, as_of, known_at, policy, overall, document, receipt, sha256)"
                " SELECT project_id, as_of, known_at + interval '1 hour', policy, 'BLUE',"
                " jsonb_set(document, '{overall}', '\"BLUE\"'), receipt, sha256 FROM snapshot"
                " ORDER BY as_of DESC, id LIMIT 1"
            )
        )
    answer = asking.get("/api/v1/status", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag
    assert "BLUE" in {project["overall"] for project in answer.json()["projects"]}


def test_a_landed_page_changes_the_work_items_but_not_the_status(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    tags = {path: asking.get(path).headers["etag"] for path in ("/api/v1/work-items", "/api/v1/status")}
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO cursor (source_id, stream, slice, position, version, run_id, updated_at)"
                " SELECT source_id, 'issues', '', '{}', 1, run_id, now() FROM raw_page LIMIT 1"
            )
        )
        connection.execute(
            text("UPDATE work_item SET title = 'changed' WHERE id = (SELECT min(id) FROM work_item)")
        )
    items = asking.get("/api/v1/work-items", headers={"If-None-Match": tags["/api/v1/work-items"]})
    assert items.status_code == 200
    assert "changed" in {item["title"] for item in items.json()["items"]}
    assert asking.get("/api/v1/status", headers={"If-None-Match": tags["/api/v1/status"]}).status_code == 304


def test_a_closed_finding_changes_the_findings(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    first = asking.get("/api/v1/findings")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE finding SET closed_at = now() WHERE id = (SELECT min(id) FROM finding)")
        )
    again = asking.get("/api/v1/findings", headers={"If-None-Match": first.headers["etag"]})
    assert len(again.json()["items"]) == len(first.json()["items"]) - 1


def test_a_page_landed_behind_a_later_one_is_noticed(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    copied = (
        "INSERT INTO work_item (source_id, external_id, key, scope_external_id, type, hub_type, title, status,"
        " raw_page_id, raw_position, content_hash, run_id) SELECT source_id, :id, 'N-1', scope_external_id,"
        " type, hub_type, title, status, raw_page_id, raw_position, content_hash, run_id FROM work_item LIMIT 1"
    )
    with engine.connect() as slow:
        slow.execute(text(copied), {"id": "slow"})
        with engine.begin() as quick:
            quick.execute(text(copied), {"id": "quick"})
        tag = asking.get("/api/v1/work-items").headers["etag"]
        slow.commit()
    assert asking.get("/api/v1/work-items", headers={"If-None-Match": tag}).status_code == 200


def test_an_unchanged_answer_costs_one_statement(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    asking.get("/")
    asking.get("/api/v1/status")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    _, asked = fewest(statements, lambda: (asking.get("/"), asking.get("/api/v1/status")))
    assert len(asked) == 2


def test_pages_take_as_many_statements_for_many_projects_as_for_few(engine: Engine) -> None:
    seed(engine, projects=60, work_items=100, weeks=2)
    asking = client(engine)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for path, most in (("/", 17), ("/api/v1/status", 7), ("/api/v1/projects", 9), ("/projects/P0000", 23)):
        statements.clear()
        assert asking.get(path).status_code == 200
        assert len(statements) <= most, (path, len(statements))


def test_gzip_is_sent_to_who_takes_it_under_a_tag_of_its_own(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    packed = asking.get("/api/v1/status", headers={"Accept-Encoding": "gzip"})
    plain = asking.get("/api/v1/status", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(gzip.compress(plain.content)) * 1.2
    assert "Accept-Encoding" in plain.headers["vary"]
    refused = asking.get("/api/v1/status", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in refused.headers


def test_the_same_answer_kept_twice_counts_once() -> None:
    cache = Cache(1_000_000)

    for _ in range(3):
        cache._keep("key", Body(b"x" * 1000, "text/plain"))

    assert cache._held == 1000
