from typing import Any

import pytest
from openapi_spec_validator import validate
from sqlalchemy import Engine, create_engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from api.app import create_app, described
from tests.support.api_client import client
from tests.support.portfolio_rows import seed
from tests.support.submissions import open_submission

BROKEN = (
    ("/api/v1/nothing", 404),
    ("/api/v1/projects/NOTHING", 404),
    ("/api/v1/projects/PORTAL/explain/nonsense", 404),
    ("/api/v1/runs/99999", 404),
    ("/api/v1/runs/abc", 422),
    ("/api/v1/runs/99999999999999999999", 422),
    ("/api/v1/status?as_of=yesterday", 422),
    ("/api/v1/status?known_at=2026-01-01T00:00:00", 422),
    ("/api/v1/status?known_at=9999-12-31T23:59:59-12:00", 422),  # no such year in UTC
    ("/api/v1/work-items?limit=0", 422),
    ("/api/v1/work-items?limit=100000", 422),
    ("/api/v1/work-items?status_category=finished", 422),
    ("/api/v1/work-items?sorce=ado", 400),
    ("/api/v1/work-items?source=%00", 400),
    ("/api/v1/projects/%00", 400),
)


def assert_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == status
    assert body["type"].startswith("urn:muster:problem:")
    assert "Traceback" not in answer.text
    assert "sqlalchemy" not in answer.text.lower()


@pytest.mark.parametrize(("path", "status"), BROKEN)
def test_every_error_is_a_problem_in_words(engine: Engine, path: str, status: int) -> None:
    seed(engine)
    assert_problem(client(engine).get(path), status)


def test_a_wrong_method_is_a_problem_too(engine: Engine) -> None:
    assert_problem(client(engine).post("/api/v1/status"), 405)


def test_a_misspelt_filter_is_named_with_those_there_are(engine: Engine) -> None:
    detail = client(engine).get("/api/v1/work-items", params={"sorce": "ado"}).json()["detail"]
    assert "sorce" in detail
    assert "source" in detail


def test_a_wrong_parameter_is_named(engine: Engine) -> None:
    body = client(engine).get("/api/v1/work-items", params={"limit": "many"}).json()
    assert body["errors"][0]["name"] == "limit"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/?overall=red", "overall must be one of RED, AMBER, GREEN, GREY, BLUE"),
        ("/?tier=x", "tier must be a whole number"),
        ("/?as_of=yesterday", "as_of must be a date such as 2026-11-22"),
        ("/api/v1/work-items?status_category=x", "status_category must be one of todo, doing, done, dropped"),
        ("/api/v1/work-items?limit=9999", "limit must be at most 1000"),
        ("/api/v1/status?known_at=2026-01-01T00:00:00", "known_at must be an instant with its offset"),
        ("/api/v1/scopes?bound=maybe", "bound must be true or false"),
    ],
)
def test_a_bad_value_is_refused_with_what_it_must_be(engine: Engine, path: str, says: str) -> None:
    for accept in ("text/html", "application/json"):
        answer = client(engine, name=accept).get(path, headers={"Accept": accept})
        assert answer.status_code == 422
        assert says in answer.text
        assert "literal" not in answer.text


def test_a_parameter_given_twice_is_refused_by_name(engine: Engine) -> None:
    answer = client(engine).get("/api/v1/runs?source=a&source=b")
    assert_problem(answer, 400)
    assert "source: given more than once" in answer.json()["detail"]


def test_a_database_that_is_away_is_a_503_without_its_address() -> None:
    engine = create_engine("postgresql+psycopg://muster:topsecret@127.0.0.1:1/gone")
    asking = TestClient(
        create_app(engine), raise_server_exceptions=False, headers={"Authorization": "Bearer x"}
    )
    for path in ("/readyz", "/api/v1/status"):
        answer = asking.get(path)
        assert_problem(answer, 503)
        assert "topsecret" not in answer.text
        assert answer.headers["retry-after"]


def test_what_nobody_foresaw_is_a_500_without_a_traceback(engine: Engine) -> None:
    app = create_app(engine)

    def broken(_request: Request) -> Response:
        raise RuntimeError("the password is hunter2")

    app.add_route("/api/v1/broken", broken)
    answer = TestClient(app, raise_server_exceptions=False).get("/api/v1/broken")
    assert_problem(answer, 500)
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_browser_is_shown_errors_as_pages(engine: Engine) -> None:
    answer = client(engine).get("/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text


def test_the_openapi_document_is_valid_3_1_with_an_example_for_every_answer(engine: Engine) -> None:
    document = client(engine, token=False).get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    validate(document)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            told = next(
                operation["responses"][code] for code in ("200", "201") if code in operation["responses"]
            )
            content = told["content"].get("application/json")
            assert content is None or content.get("example"), f"{method} {path}"
            problem = operation["responses"]["404"]["content"]["application/problem+json"]
            assert problem["example"]["status"] == 404
            assert operation["security"], path
            assert operation["summary"]


def test_every_example_has_the_names_its_schema_requires(engine: Engine) -> None:
    document = described(create_app(engine))
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            assert not set(schema.get("required", ())) - set(example), name


# What the seeded rows have none of; the tests of each hold its names.
NOT_SEEDED = {f"/api/v1/{path}" for path in
              ("submissions/{number}/publication", "unassigned/status", "unassigned/explain/{figure}",
               "raw-pages/{number}/body", "accounts/{number}")}  # fmt: skip


# What cannot be asked for by its path and the names of all others.
ASKED = {
    "/api/v1/changes": "/api/v1/changes?since=2026-06-01",
    "/api/v1/search": "/api/v1/search?q=portal",
    "/api/v1/programmes/{name}/status": "/api/v1/programmes/Core systems/status",
    "/api/v1/programmes/{name}/explain/{figure}": "/api/v1/programmes/Core systems/explain/health",
    "/api/v1/portfolio/explain/{figure}": "/api/v1/portfolio/explain/cost",
    "/api/v1/unassigned/explain/{figure}": "/api/v1/unassigned/explain/counts.RED",
}


def test_answers_have_the_names_their_schema_requires(engine: Engine) -> None:
    seed(engine)
    open_submission(engine, key="COLLECT", name="Collecting")
    asking = client(engine, scopes=["admin"])
    document = asking.get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]

    def required(schema: dict[str, Any], value: Any, where: str) -> list[str]:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        if isinstance(value, list):
            return [each for row in value for each in required(schema.get("items", {}), row, where)]
        if not isinstance(value, dict):
            return []
        absent = [f"{where}.{name}" for name in schema.get("required", ()) if name not in value]
        for name, below in schema.get("properties", {}).items():
            absent += required(below, value.get(name), f"{where}.{name}")
        return absent

    filled = {"key": "PORTAL", "attribute": "schedule", "name": "ado", "number": "1", "template": "monthly-status",
              "version": "3.1.0", "policy": "default@1.0.0"}  # fmt: skip
    for path, operations in document["paths"].items():
        if "get" not in operations:
            continue
        found = asking.get(ASKED.get(path, path).format(**filled))
        if found.status_code == 404 and path in NOT_SEEDED:
            continue
        answer = found.json()
        schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert required(schema, answer, path) == []
