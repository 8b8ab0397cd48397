"""`fields`: fewer names, the same values; and what is going away says so."""

from datetime import date

import pytest
from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from api.app import create_app, described
from api.wire.retiring import Retiring
from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.submissions import open_submission

SELECTED = "application/vnd.muster.fields+json"
FILLED = {"key": "PORTAL", "attribute": "schedule", "name": "ado", "number": "1", "template": "monthly-status",
          "version": "3.1.0", "policy": "default@1.0.0", "figure": "health"}  # fmt: skip
ASKED = {
    "/api/v1/changes": "/api/v1/changes?since=2026-06-01",
    "/api/v1/programmes/{name}/status": "/api/v1/programmes/Core systems/status",
    "/api/v1/programmes/{name}/explain/{figure}": "/api/v1/programmes/Core systems/explain/health",
}


def test_every_read_that_names_its_fields_gives_just_those_that_are_asked_for(engine: Engine) -> None:
    seed(engine)
    open_submission(engine, key="COLLECT", name="Collecting")
    asking = client(engine)
    tried = 0
    for path, operations in described(create_app(engine))["paths"].items():
        offered = [
            each for each in operations.get("get", {}).get("parameters", ()) if each["name"] == "fields"
        ]
        whole = asking.get(ASKED.get(path, path).format(**FILLED)) if offered else None
        if whole is None or whole.status_code != 200:
            continue
        names = offered[0]["schema"]["items"]["enum"][::2]
        few = asking.get(whole.url, params={**dict(whole.url.params), "fields": ",".join(names)})
        assert few.status_code == 200, few.text
        assert few.headers["content-type"] == SELECTED
        document, part = whole.json(), few.json()
        many = next((name for name in ("items", "runs") if name in document and "next" in document), None)
        if many is None:
            assert part == {name: document[name] for name in names if name in document}, path
        else:
            assert part == document | {
                many: [{name: row[name] for name in names if name in row} for row in document[many]]
            }, path
            assert all(set(row) <= set(offered[0]["schema"]["items"]["enum"]) for row in document[many]), path
        tried += 1
    assert tried > 45


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("colour", "no 'colour' here; there are: source, external_id"),
        ("key,key", "more than once"),
        ("", "no ''"),
    ],
)
def test_a_field_that_is_not_there_is_refused_with_those_there_are(
    engine: Engine, given: str, says: str
) -> None:
    answer = client(engine).get("/api/v1/work-items", params={"fields": given})

    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_a_page_of_fields_leads_to_the_next_of_the_same(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    first = asking.get("/api/v1/projects", params={"fields": "key", "limit": 5})
    second = asking.get(first.headers["link"].split(">")[0].lstrip("<"))

    keys = [row for page in (first, second) for row in page.json()["items"]]
    assert len(keys) == 10
    assert all(set(row) == {"key"} for row in keys)


def test_a_route_that_is_going_away_says_since_when_until_when_and_what_instead(engine: Engine) -> None:
    asking = client(engine)
    for path, status in (("/api/v1/workbook_conflicts", 200), ("/api/v1/workbook_conflicts?limit=0", 422)):
        answer = asking.get(path)
        assert answer.status_code == status
        assert answer.headers["deprecation"] == "@1795305600"
        assert answer.headers["sunset"] == "Mon, 31 May 2027 00:00:00 GMT"
        assert '</api/v1/workbook-conflicts>; rel="successor-version"' in answer.headers["link"]
    assert "deprecation" not in asking.get("/api/v1/workbook-conflicts").headers
    operation = described(create_app(engine))["paths"]["/api/v1/workbook_conflicts"]["get"]
    assert operation["deprecated"] is True


def test_a_route_is_declared_to_go_away_where_it_is_declared(engine: Engine) -> None:
    router = APIRouter()
    going = Retiring(date(2026, 1, 1), date(2026, 12, 31), "/api/v1/new")

    @router.get("/api/v1/old", openapi_extra=going.declared())
    def old() -> Response:
        return Response("x")

    app = create_app(engine)
    app.include_router(router)

    headers = TestClient(app).get("/api/v1/old").headers
    assert headers["sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"
