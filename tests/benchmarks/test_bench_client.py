"""The measuring client must count what it says it counts."""

import http.server
import threading
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from benchmarks.client import Line, load, request
from benchmarks.common import quantile, spread, table

BODY = b"x" * 300_000


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        unchanged = self.headers.get("If-None-Match") == '"one"'
        self.send_response(HTTPStatus.NOT_MODIFIED if unchanged else HTTPStatus.OK)
        self.send_header("ETag", '"one"')
        if not unchanged:
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_every_request_on_every_connection_is_counted_once_and_read_whole(port: int) -> None:
    seconds, took, statuses, size = load(port, request("/", {}), connections=3, requests=5)
    assert len(took) == 15
    assert statuses == {200}
    assert size == len(BODY)
    assert min(took) > 0 < seconds


def test_an_answer_without_a_body_leaves_the_connection_ready_for_the_next(port: int) -> None:
    line = Line(port)
    unchanged = request("/", {"If-None-Match": '"one"'})
    assert [line.ask(asked).status for asked in (unchanged, request("/", {}), unchanged)] == [304, 200, 304]
    line.close()


def test_a_quantile_is_a_value_that_was_seen() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert quantile(values, 0.5) == 3.0
    assert quantile(values, 0.99) == 5.0
    assert quantile([7.0], 0.99) == 7.0


def test_several_rounds_show_their_median_and_their_extremes() -> None:
    assert spread([{"s": 3.0}, {"s": 1.0}, {"s": 2.0}], "s") == "2.00 (1.00–3.00)"
    assert spread([{"s": 3.0}], "s", 1) == "3.0"


def test_a_table_aligns_figures_to_the_right() -> None:
    assert table(("what", "s"), [("one", 1)]) == "| what | s |\n|---|--:|\n| one | 1 |"
