"""The instant that is handed out gives the same report again; what was led then stays to be seen."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from sync.consolidate import consolidate
from sync.receipts import NotKnown, explain
from tests.support.api_client import client
from tests.support.rows import Rows
from tests.support.two_days import LATER, TODAY, two_days

DAY = timedelta(days=1)
PART = timedelta(microseconds=385_017)


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    """Two days, and within a second of the second one another, of other values."""
    with two_days(template_url) as rows:
        with rows.engine.begin() as connection:
            scope = connection.execute(text("SELECT id FROM scope WHERE kind = 'register_row'")).scalar_one()
        rows.rewrite(scope, budget="1200000", rag_overall="AMBER")
        rows.run("pmo-files", at=LATER + PART)
        consolidate(rows.engine, as_of=LATER.date(), known_at=LATER + PART)
        yield rows


@pytest.fixture(scope="module")
def api(rows: Rows) -> Iterator[TestClient]:
    with client(rows.engine) as asked:
        yield asked


@pytest.mark.parametrize(
    "path", ["/status", "/portfolio", "/portfolio/status", "/programmes", "/programmes/Space/status"]
)
def test_the_instant_that_an_answer_names_gives_the_same_answer_again(api: TestClient, path: str) -> None:
    first = api.get(f"/api/v1{path}").json()
    again = api.get(f"/api/v1{path}", params={"known_at": first["known_at"]}).json()
    assert again == first
    assert first["known_at"].endswith(".385017Z")


def test_every_instant_that_is_handed_out_is_exact(api: TestClient) -> None:
    found = api.get("/api/v1/projects/APOLLO/explain/budget").json()
    assert {claim["known_from"] for claim in found["claims"]} >= {"2026-11-09T02:00:00.385017Z"}
    told = api.get("/api/v1/changes", params={"since": TODAY.isoformat()}).json()
    assert told["since_known_at"] == "2026-11-02T23:59:59.999999Z"


def test_a_closed_project_is_there_on_a_day_it_was_led_by_that_day_alone(rows: Rows, api: TestClient) -> None:
    day = {"as_of": LATER.date().isoformat()}
    before = api.get("/api/v1/status", params=day).json()["projects"]
    with rows.engine.begin() as connection:
        connection.execute(text("UPDATE project SET closed_at = :at"), {"at": LATER + 2 * DAY})
    try:
        assert api.get("/api/v1/status", params=day).json()["projects"] == before
        whole = api.get("/api/v1/portfolio/status", params=day).json()
        assert [each["key"] for each in whole["inputs"]] == ["APOLLO"]
        assert api.get("/api/v1/projects/APOLLO/explain/overall", params=day).status_code == 200
        now = api.get("/api/v1/status").json()
        assert now["projects"] == []
        after = {"as_of": (LATER + 2 * DAY).date().isoformat()}
        assert api.get("/api/v1/status", params=after).json()["projects"] == []
        with Session(rows.engine) as session, pytest.raises(NotKnown, match="was closed at 2026-11-11"):
            explain(session, "APOLLO", "overall")
    finally:
        with rows.engine.begin() as connection:
            connection.execute(text("UPDATE project SET closed_at = NULL"))
