"""The client of the feed's measurement: keep-alive connections, many addresses, or one chain of pages.

`python -m benchmarks.feed_client` reads one JSON document from its standard input and prints one line of JSON.
"""

import gzip
import json
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urljoin

import orjson

from benchmarks.client import HEAD_END, Answer, Line, request

MOST_PAGES: Final = 100_000
_NEXT: Final = re.compile(rb'"@odata\.nextLink":\s*"((?:[^"\\]|\\.)*)"')


class Reading(Line):
    """A connection that keeps the bodies of its answers, chunked ones too."""

    def read(self, asked: bytes) -> tuple[Answer, bytes]:
        """Ask, and return the answer with its body.

        Raises:
            ConnectionError: The server hung up.
        """
        self._socket.sendall(asked)
        head = b""
        while HEAD_END not in head:
            head += self._more()
        head, _, held = head.partition(HEAD_END)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body = self._chunks(held)
        else:
            parts, left = [held], int(headers["content-length"]) - len(held)
            while left > 0:
                parts.append(self._more())
                left -= len(parts[-1])
            body = b"".join(parts)
        return Answer(int(first.split()[1]), headers, len(body)), body

    def _chunks(self, held: bytes) -> bytes:
        parts: list[bytes] = []
        while True:
            while b"\r\n" not in held:
                held += self._more()
            size, _, held = held.partition(b"\r\n")
            length = int(size, 16)
            while len(held) < length + 2:
                held += self._more()
            if not length:
                return b"".join(parts)
            parts.append(held[:length])
            held = held[length + 2 :]


def ask(port: int, headers: Mapping[str, str], paths: Sequence[str], connections: int) -> dict[str, Any]:
    """Ask for each path once, over several connections; the first path is for getting acquainted."""
    lines = [Reading(port) for _ in range(connections)]
    asked = [request(path, dict(headers)) for path in paths]
    took: list[list[float]] = [[] for _ in lines]
    bodies: list[bytes] = []
    statuses: set[int] = set()
    start = threading.Barrier(connections + 1)

    def work(number: int) -> None:
        line, mine = lines[number], asked[1 + number :: connections]
        line.read(asked[0])
        start.wait()
        for one in mine:
            begin = time.perf_counter()
            answer, body = line.read(one)
            took[number].append(time.perf_counter() - begin)
            statuses.add(answer.status)
            if one is asked[1]:
                bodies.append(_plain(answer, body))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    for line in lines:
        line.close()
    return {
        "seconds": seconds,
        "took": [one for mine in took for one in mine],
        "statuses": sorted(statuses),
        "first": bodies[0].decode(),
    }


def _plain(answer: Answer, body: bytes) -> bytes:
    return gzip.decompress(body) if answer.headers.get("content-encoding") == "gzip" else body


def extract(port: int, headers: Mapping[str, str], path: str) -> dict[str, Any]:
    """Follow pages to the last; rows are counted afterwards, so that only asking and reading is timed."""
    line = Reading(port)
    bodies: list[bytes] = []
    size = 0
    begin = time.perf_counter()
    for _ in range(MOST_PAGES):
        answer, body = line.read(request(path, dict(headers)))
        if answer.status != 200:
            return {"seconds": 0.0, "statuses": [answer.status], "rows": 0, "bytes": 0, "pages": 0}
        size += len(body)
        body = _plain(answer, body)
        bodies.append(body)
        # Nothing of a row is looked at: the link stands before the rows or behind them.
        found = _NEXT.search(body, 0, 2_000) or _NEXT.search(body, max(0, len(body) - 5_000))
        if found is None:
            break
        target = urljoin(f"http://127.0.0.1:{port}{path}", orjson.loads(b'"' + found[1] + b'"'))
        path = "/" + target.partition("//")[2].partition("/")[2]
    seconds = time.perf_counter() - begin
    line.close()
    ids = [row["WorkItemId"] for body in bodies for row in orjson.loads(body)["value"]]
    return {
        "seconds": seconds,
        "statuses": [200],
        "rows": len(set(ids)) if len(set(ids)) == len(ids) else -1,
        "bytes": size,
        "pages": len(bodies),
    }


def main() -> None:
    """Do what the standard input asks, and print what it took."""
    given = json.loads(sys.stdin.read())
    busy = time.process_time()
    if given["kind"] == "extract":
        found = extract(given["port"], given["headers"], given["paths"][0])
    else:
        found = ask(given["port"], given["headers"], given["paths"], given["connections"])
    print(json.dumps(found | {"client_cpu_s": time.process_time() - busy}))


if __name__ == "__main__":
    main()
