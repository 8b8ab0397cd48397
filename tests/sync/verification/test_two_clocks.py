"""The instant that is handed out gives the same report again; what was led then stays to be seen."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.app import create_app, described
from sync.consolidate import consolidate
from sync.receipts import NotKnown, explain
from tests.support.api_client import client
from tests.support.rows import Rows
from tests.support.two_days import LATER, TODAY, two_days

DAY = timedelta(days=1)
PART = timedelta(microseconds=385_017)
NAMED: Final = {"key": "APOLLO", "name": "Space", "attribute": "overall", "figure": "cost"}
PAGES: Final = (
    "/", "/portfolio", "/trend", "/milestones", "/risks", "/money", "/compare", "/rollup", "/rollup/receipt/cost",
    "/projects/APOLLO", "/projects/APOLLO/receipt/risk", "/projects/APOLLO/receipt/percent_complete", "/changes",
    "/outcomes",
)  # fmt: skip
# What is kept with one clock, corrected long after: a membership, work items, findings, and what things are called.
CORRECTED: Final = (
    "UPDATE programme_project SET share = 1, critical = true",
    "DELETE FROM programme_project WHERE position = 1",
    "UPDATE work_item SET status_category = 'todo', done_at = NULL, points = 99, title = 'corrected'",
    "UPDATE work_item SET deleted_at = now(), fate = 'deleted' WHERE key = 'APO-2'",
    "UPDATE finding SET severity = 'info', says = 'corrected', state = 'closed', closed_at = now()",
    "UPDATE raid_item SET known_to = now() WHERE known_to IS NULL",
    "UPDATE project SET name = 'corrected'",
    "UPDATE scope SET lead = 'corrected', deleted_at = now() WHERE kind = 'jira_project'",
)


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


def asked(api: TestClient, engine: Any, clocks: dict[str, str]) -> dict[str, bytes]:
    """Return what every read that takes both clocks says at two."""
    found, taken = {}, dict.fromkeys(PAGES, frozenset({"as_of", "known_at", "since"}))
    for path, operations in described(create_app(engine))["paths"].items():
        names = frozenset(each["name"] for each in operations.get("get", {}).get("parameters", ()))
        if "known_at" in names:
            taken[path.format(**NAMED)] = names
    assert len(taken) > 40
    between = {"from": TODAY.isoformat(), "to": clocks["as_of"], "known_at": clocks["known_at"]}
    for path, names in taken.items():
        given = clocks | ({"since": TODAY.isoformat()} if "changes" in path else {})
        chosen = {name: value for name, value in given.items() if name in names}
        answer = api.get(path, params=between if path == "/compare" else chosen)
        assert answer.status_code in ((404, 200) if "unassigned" in path else (200,)), (
            path,
            answer.text[:300],
        )
        found[path] = answer.content
    return found


def test_what_is_kept_with_one_clock_changes_no_status_of_before_when_it_is_corrected(
    rows: Rows, api: TestClient
) -> None:
    clocks = {"as_of": LATER.date().isoformat(), "known_at": (LATER + timedelta(hours=1)).isoformat()}
    before = asked(api, rows.engine, clocks)
    with rows.engine.begin() as connection:
        for statement in CORRECTED:
            assert connection.execute(text(statement)).rowcount, statement
    rows.register("pmo-files", "GEMINI", row=9, name="Gemini", programme="Space (10 %, critical)")
    scope = "SELECT id FROM scope WHERE kind = 'register_row' AND key = 'APOLLO'"
    with rows.engine.connect() as connection:
        apollo = connection.execute(text(scope)).scalar_one()
    rows.rewrite(apollo, programme="Air; Sea (5 %)")
    consolidate(rows.engine, as_of=(LATER + 3 * DAY).date(), known_at=LATER + 3 * DAY)
    after = asked(api, rows.engine, clocks)
    assert [path for path, body in after.items() if body != before[path]] == []
    assert [each["name"] for each in api.get("/api/v1/programmes").json()["programmes"]] == [
        "Air",
        "Sea",
        "Space",
    ]
