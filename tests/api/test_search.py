"""Search: what is found by which words, by whom, through the API and the page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.search import tsquery
from config.database import open_engine
from sync.consolidate import consolidate
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.rows import T0, Rows

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    """Two projects with a work item each; one title is hostile. Nothing of it is changed by any test."""
    with cloned(template_url) as url:
        rows = Rows(open_engine(url))
        rows.source("jira-cloud", "jira")
        rows.source("pmo-files", "excel")
        rows.scope("jira-cloud", "APO", name="Apollo front")
        rows.scope("jira-cloud", "HEL", name="Helios front")
        rows.item("jira-cloud", "APO", key="APO-114", title="Docking <script>alert(1)</script> checklist")
        rows.item("jira-cloud", "HEL", key="HEL-7", title="Undocking O'Hara's roll-out")
        rows.register("pmo-files", "APOLLO", name="Docking of Apollo", bind_jira="APO")
        rows.register("pmo-files", "HELIOS", name="Docking of Helios", bind_jira="HEL", row=9)
        consolidate(rows.engine, as_of=T0.date(), known_at=T0 + timedelta(seconds=1))
        yield rows
        rows.engine.dispose()


@pytest.fixture(scope="module")
def head(rows: Rows) -> TestClient:
    """Somebody who may see everything."""
    return client(rows.engine, name="head")


@pytest.fixture(scope="module")
def helios(rows: Rows) -> TestClient:
    """Somebody who may see one project."""
    return client(rows.engine, name="helios", projects=["HELIOS"])


def found(asking: TestClient, q: str, **more: Any) -> list[tuple[str, str | None]]:
    answer = asking.get("/api/v1/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return [(hit["kind"], hit["key"]) for hit in answer.json()["items"]]


def test_words_are_found_by_their_beginnings_in_any_order(head: TestClient) -> None:
    assert found(head, "check dock") == [("work_item", "APO-114")]
    assert found(head, "roll-out o'hara") == [("work_item", "HEL-7")]
    assert found(head, "dock", kind="project") == [("project", "APOLLO"), ("project", "HELIOS")]


def test_a_key_is_found_however_it_is_written(head: TestClient) -> None:
    assert found(head, "apo-114") == [("work_item", "APO-114")]
    assert found(head, "apollo") == [("project", "APOLLO")]


@pytest.mark.parametrize(
    "hostile", ["'; DROP TABLE work_item; --", "a & | ! b", "\\'", "((", "*", "<->", "''''", "%"]
)
def test_no_words_break_the_query(head: TestClient, hostile: str) -> None:
    assert head.get("/api/v1/search", params={"q": hostile}).status_code == 200


def test_words_become_one_query_of_beginnings() -> None:
    assert tsquery("roll -- o'hara\\") == "'roll':* & 'o''hara':*"
    assert tsquery("-- & |") is None


def test_what_belongs_to_other_projects_is_not_found(helios: TestClient) -> None:
    assert found(helios, "dock", kind="project") == [("project", "HELIOS")]
    assert found(helios, "APO-114") == []
    assert "APO" not in helios.get("/search", params={"q": "check"}, headers=HTML).text


def test_the_page_shows_what_trackers_say_as_text(head: TestClient) -> None:
    page = head.get("/search", params={"q": "checklist"}, headers=HTML).text
    assert "Docking &lt;script&gt;alert(1)&lt;/script&gt; checklist" in page
    assert "<script>alert" not in page


def test_who_finds_nothing_is_told_what_to_do(helios: TestClient) -> None:
    page = helios.get("/search", params={"q": "zebra"}, headers=HTML).text
    assert "Nothing goes by these words" in page
    assert "some projects only" in page


def test_where_trigrams_are_there_what_is_nearly_written_so_is_found(rows: Rows, head: TestClient) -> None:
    with rows.engine.connect() as connection:
        if connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")) is None:
            pytest.skip("this PostgreSQL has no pg_trgm")
    assert found(head, "Dockng", kind="project") != []
