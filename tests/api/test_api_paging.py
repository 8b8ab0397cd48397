from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from tests.support.api_client import client
from tests.support.portfolio_rows import seed

LISTS = ("work-items", "milestones", "raid-items", "costs", "findings", "projects", "scopes")


def pages(asking: TestClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """Follow Link rel=next to the end."""
    answer = asking.get(path, params=params)
    found = [answer.json()]
    while link := answer.headers.get("link"):
        answer = asking.get(link.split(">")[0].lstrip("<"))
        found.append(answer.json())
    return found


@pytest.mark.parametrize("noun", LISTS)
def test_pages_together_are_the_whole_each_row_once(engine: Engine, noun: str) -> None:
    seed(engine, work_items=101)
    asking = client(engine)
    whole = asking.get(f"/api/v1/{noun}", params={"limit": 1000}).json()["items"]
    parts = pages(asking, f"/api/v1/{noun}", limit=7)
    assert [row for part in parts for row in part["items"]] == whole
    assert len(parts) == max(1, -(-len(whole) // 7))
    assert parts[-1]["next"] is None


def test_runs_come_newest_first_in_pages_too(engine: Engine) -> None:
    seed(engine)
    found = [run["id"] for page in pages(client(engine), "/api/v1/runs", limit=4) for run in page["runs"]]
    assert found == sorted(found, reverse=True)
    assert len(found) == 15


def test_rows_that_come_and_go_between_pages_neither_double_nor_hide_others(engine: Engine) -> None:
    seed(engine, work_items=100)
    asking = client(engine)
    whole = [row["external_id"] for row in asking.get("/api/v1/work-items").json()["items"]]
    first = asking.get("/api/v1/work-items", params={"limit": 40}).json()
    seen = [row["external_id"] for row in first["items"]]
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM work_item WHERE external_id IN (:a, :b)"), {"a": seen[3], "b": whole[60]}
        )
        connection.execute(text("UPDATE work_item SET updated_at = now() WHERE id % 3 = 0"))
        connection.execute(
            text(
                "INSERT INTO work_item (source_id, external_id, key, scope_external_id, type, hub_type, title, status,"
                " raw_page_id, raw_position, content_hash, run_id) SELECT source_id, 'new', 'N-1', scope_external_id,"
                " type, hub_type, title, status, raw_page_id, raw_position, content_hash, run_id FROM work_item LIMIT 1"
            )
        )
    while first["next"]:
        first = asking.get("/api/v1/work-items", params={"limit": 40, "cursor": first["next"]}).json()
        seen += [row["external_id"] for row in first["items"]]
    assert len(seen) == len(set(seen))
    assert set(seen) == (set(whole) - {whole[60]}) | {"new"}


def test_a_cursor_of_other_filters_is_refused_in_words(engine: Engine) -> None:
    seed(engine, work_items=100)
    asking = client(engine)
    cursor = asking.get("/api/v1/work-items", params={"limit": 5}).json()["next"]
    answer = asking.get("/api/v1/work-items", params={"limit": 5, "source": "ado", "cursor": cursor})
    assert answer.status_code == 404
    assert "other filters" in answer.json()["detail"]
    assert asking.get("/api/v1/projects", params={"cursor": cursor}).status_code == 404


def test_no_cursor_can_break_the_answer(engine: Engine) -> None:
    asking = client(engine)

    @given(st.text(max_size=40))
    def refused(cursor: str) -> None:
        answer = asking.get("/api/v1/work-items", params={"cursor": cursor})
        assert answer.status_code == (400 if "\x00" in cursor else 404)
        assert answer.headers["content-type"] == "application/problem+json"

    refused()


def test_the_next_link_keeps_the_filters(engine: Engine) -> None:
    seed(engine, work_items=100)
    link = client(engine).get("/api/v1/work-items", params={"limit": 2, "source": "ado"}).headers["link"]
    assert link.startswith("</api/v1/work-items?")
    assert "source=ado" in link
    assert "limit=2" in link
    assert link.endswith('; rel="next"')
