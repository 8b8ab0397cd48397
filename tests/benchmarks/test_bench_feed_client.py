"""The client that the feed is measured with must read every page, however it is sent."""

import gzip
import http.server
import os
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from benchmarks.feed import on_core
from benchmarks.feed_client import ask, extract

PAGES = 3
ROWS = 4


class _Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        at = int(parse_qs(urlsplit(self.path).query).get("$skiptoken", ["0"])[0])
        rows = [{"WorkItemId": at * ROWS + each, "Title": "x" * 9_000} for each in range(ROWS)]
        document: dict[str, object] = {"value": rows}
        if at + 1 < PAGES:
            document["@odata.nextLink"] = f"Items?$skiptoken={at + 1}"
        body = orjson.dumps(document)
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
        self.send_response(200)
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_header("Content-Encoding", "gzip")
        if at % 2:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), 5_000):
            part = body[start : start + 5_000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}])
def test_an_extraction_follows_every_link_and_counts_every_row_once(
    port: int, headers: dict[str, str]
) -> None:
    found = extract(port, headers, "/feed/Items?$select=WorkItemId")
    assert (found["pages"], found["rows"]) == (PAGES, PAGES * ROWS)


def test_each_address_is_asked_for_once_besides_the_first(port: int) -> None:
    paths = [f"/feed/Items?$skiptoken=2&n={number}" for number in range(9)]
    found = ask(port, {}, paths, 2)
    assert (len(found["took"]), found["statuses"]) == (8, [200])
    assert orjson.loads(found["first"])["value"][0]["WorkItemId"] == 2 * ROWS


def test_what_is_kept_to_a_core_is_let_go_again() -> None:
    before = os.sched_getaffinity(0)
    with on_core(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
