"""Nobody makes the server hold what they send before it is known who they are, nor more than is taken there."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from api.wire.bounded import MOST_FILE, MOST_JSON, most_of
from config.database import open_engine
from tests.support.databases import cloned

WRITES = ("/api/v1/policies", "/api/v1/settling-rules/try", "/api/v1/workbooks")


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


class Pieces:
    """A body that comes in pieces, and remembers how many were asked for."""

    def __init__(self, most: int) -> None:
        self.most, self.sent = most, 0

    def __iter__(self) -> Iterator[bytes]:
        while self.sent < self.most:
            self.sent += 1
            yield b" " * 65_536


def asgi(engine: Engine, path: str, headers: dict[str, str], most: int = 200) -> tuple[int, int]:
    """Send a body piece by piece, and return the answer's status and how many pieces were read."""
    import asyncio

    pieces, status, app = iter(body := Pieces(most)), [0], create_app(engine)
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json"),
                    *((name.lower().encode(), value.encode()) for name, value in headers.items())],
        "http_version": "1.1", "scheme": "http", "server": ("testserver", 80), "client": ("192.0.2.1", 1),
        "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            status[0] = int(str(message["status"]))

    asyncio.run(app(scope, receive, send))
    return status[0], body.sent


@pytest.mark.parametrize("path", WRITES)
def test_without_a_key_no_byte_of_a_body_is_read(engine: Engine, path: str) -> None:
    assert asgi(engine, path, {}) == (401, 0)
    assert asgi(engine, path, {"Cookie": "muster_guest=x"}) == (401, 0)


def test_a_body_is_read_no_further_than_any_that_is_taken_there(engine: Engine) -> None:
    token = create_token(engine, "large")
    headers = {"Authorization": f"Bearer {token}"}
    status, read = asgi(engine, "/api/v1/settling-rules", headers)
    assert (status, read) == (413, MOST_JSON // 65_536 + 1)
    with TestClient(create_app(engine)) as asking:
        said = asking.post(
            "/api/v1/settling-rules", headers={**headers, "Content-Length": str(MOST_JSON + 1)}, content=b"x"
        )
    assert said.status_code == 413
    assert said.json()["type"] == "urn:muster:problem:too-large"
    assert "4 MB at most" in said.json()["detail"]


def test_under_a_key_of_its_own_a_write_is_let_in_before_its_body_is_read(engine: Engine) -> None:
    again = {"Idempotency-Key": "one", "Authorization": "Bearer mst_nobody"}
    status, read = asgi(engine, "/api/v1/workbooks", again)
    assert (status, read) == (401, 0)


def test_only_where_files_are_taken_may_a_body_be_as_large_as_a_file() -> None:
    assert most_of("/api/v1/workbooks") == most_of("/api/v1/submissions/4/workbook") == MOST_FILE
    assert most_of("/api/v1/submissions/4/answers") == most_of("/odata/v1/$batch") == MOST_JSON
    assert most_of("/api/v1/policies") == MOST_JSON
