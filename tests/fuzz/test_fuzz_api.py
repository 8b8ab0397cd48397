"""Whatever is asked of the API and the pages, the answer is never a 500."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

pytestmark = pytest.mark.slow
LOOSE = settings(max_examples=400, suppress_health_check=list(HealthCheck))
NAMES = (
    "q",
    "sort",
    "order",
    "group",
    "programme",
    "overall",
    "tier",
    "as_of",
    "known_at",
    "page",
    "all",
    "cursor",
    "limit",
    "project",
    "source",
    "kind",
    "state",
    "status",
    "updated_since",
    "watermelon",
    "next",
    "token",
)
PLACES = (
    "/",
    "/sources",
    "/sign-in",
    "/projects/PORTAL",
    "/projects/{x}",
    "/projects/PORTAL/receipt/{x}",
    "/static/{x}",
    "/api/v1/{x}",
    "/api/v1/status",
    "/api/v1/portfolio",
    "/api/v1/projects",
    "/api/v1/projects/{x}",
    "/api/v1/projects/PORTAL/explain/{x}",
    "/api/v1/work-items",
    "/api/v1/milestones",
    "/api/v1/raid-items",
    "/api/v1/costs",
    "/api/v1/contracts",
    "/api/v1/benefits",
    "/api/v1/roles",
    "/api/v1/utilisation",
    "/api/v1/quality-reviews",
    "/api/v1/risk-matrix",
    "/api/v1/findings",
    "/api/v1/sources",
    "/api/v1/sources/{x}",
    "/api/v1/runs",
    "/api/v1/runs/{x}",
    "/api/v1/scopes",
    "/api/v1/openapi.json",
    "/odata/v1/{x}",
    "/odata/v1/Projects",
    "/odata/v1/WorkItems",
    "/healthz",
    "/readyz",
    "/metrics",
    "/{x}",
)
VALUES = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "1",
        "99999999999999999999",
        "1e9",
        "2026-11-22",
        "2026-02-30",
        "0001-01-01",
        "9999-12-31",
        "2026-11-22T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "PORTAL",
        "RED",
        "asc",
        "name",
        "null",
        "\x00",
        "'",
        "%",
        "../../etc/passwd",
        "a" * 3000,
        "٣",
        "\u202e",
        "[]",
        "eyJhIjoxfQ",
        "bnVsbA==",
    ]
) | st.text(max_size=12)


@pytest.fixture(scope="module")
def client(template_url: str) -> Iterator[TestClient]:
    """A client on the small portfolio; a fault comes back as a 500, as it would to anybody."""
    with cloned(template_url) as url:
        engine: Engine = open_engine(url)
        seed(engine)
        headers = {"Authorization": f"Bearer {create_token(engine, 'fuzz', scopes=['admin'])}"}
        app = create_app(engine)
        with TestClient(app, headers=headers, raise_server_exceptions=False, follow_redirects=False) as made:
            yield made
        engine.dispose()


@LOOSE
@given(
    place=st.sampled_from(PLACES),
    part=VALUES,
    query=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]),
)
def test_no_path_or_query_gives_a_500(
    client: TestClient, place: str, part: str, query: list[tuple[str, str]], method: str
) -> None:
    from urllib.parse import quote, urlencode

    path = place.replace("{x}", quote(part, safe="/."))
    answer = client.request(method, f"{path}?{urlencode(query)}")
    assert answer.status_code < 500, (method, path, query, answer.text[:300])
    assert "Traceback" not in answer.text
    if answer.status_code >= 400 and path.startswith("/api/") and method == "GET":
        assert answer.headers["content-type"].startswith("application/problem+json")


@LOOSE
@given(
    place=st.sampled_from(
        ["/", "/api/v1/status", "/api/v1/work-items", "/sign-in", "/metrics", "/static/muster.css"]
    ),
    name=st.sampled_from(
        [
            "If-None-Match",
            "Accept",
            "Authorization",
            "Cookie",
            "Accept-Encoding",
            "Range",
            "Origin",
            "Host",
            "Content-Length",
            "If-Modified-Since",
            "X-Forwarded-Proto",
            "Sec-Fetch-Site",
        ]
    ),
    value=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
    | st.sampled_from(
        [
            "*",
            'W/"x"',
            '"' * 9,
            "Bearer ",
            "Bearer a b",
            "Basic !!!",
            "muster=1.2.3",
            "muster=;;=",
            "bytes=-1",
            "gzip;q=x",
        ]
    ),
)
def test_no_header_gives_a_500(client: TestClient, place: str, name: str, value: str) -> None:
    answer = client.get(place, headers={name: value})
    assert answer.status_code < 500, (place, name, value, answer.text[:300])
    assert "Traceback" not in answer.text


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=300)
    | st.text(max_size=100).map(lambda text: f"token={text}&next={text}".encode())
)
def test_no_form_gives_a_500(client: TestClient, body: bytes) -> None:
    for path in ("/sign-in", "/sign-out"):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post(path, content=body, headers=headers).status_code < 500
