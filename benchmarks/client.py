"""A keep-alive HTTP client as bare as can be, so that it is not what is measured.

`python -m benchmarks.client PORT PATH CONNECTIONS REQUESTS [PAUSE]` reads header lines from its standard input and
prints one JSON line. Each connection has a thread and asks again as soon as it has its answer, or after a pause of
so many seconds on the average.
"""

import json
import random
import socket
import sys
import threading
import time
from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"
ANSWER_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    length: int


class Line:
    """One connection to the server on loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its whole answer.

        Raises:
            ConnectionError: The server hung up, or its answer has no length.
        """
        self._socket.sendall(request)
        head = b""
        while HEAD_END not in head:
            head += self._more()
        head, _, begun = head.partition(HEAD_END)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        status = int(first.split()[1])
        if status == 304:
            return Answer(status, headers, 0)
        if "content-length" not in headers:
            raise ConnectionError(f"an answer without a length: {first}")
        length = int(headers["content-length"])
        left = length - len(begun)
        while left > 0:
            left -= len(self._more())
        return Answer(status, headers, length)

    def _more(self) -> bytes:
        found = self._socket.recv(1 << 18)
        if not found:
            raise ConnectionError("the server hung up")
        return found

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def request(path: str, headers: dict[str, str]) -> bytes:
    """Return a GET as it goes over the wire."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def load(
    port: int, asked: bytes, connections: int, requests: int, pause_s: float = 0.0
) -> tuple[float, list[float], set[int], int]:
    """Ask over all connections at once; return seconds, each answer's seconds, the statuses, a body's bytes."""
    lines = [Line(port) for _ in range(connections)]
    took: list[list[float]] = [[] for _ in lines]
    seen: set[int] = set()
    sizes: set[int] = set()
    start = threading.Barrier(connections + 1)

    def work(line: Line, mine: list[float]) -> None:
        line.ask(asked)  # the connection is open and known
        start.wait()
        for _ in range(requests):
            if pause_s:  # people do not ask in step
                time.sleep(random.uniform(0, 2 * pause_s))  # noqa: S311 - nothing secret
            begin = time.perf_counter()
            answer = line.ask(asked)
            mine.append(time.perf_counter() - begin)
            seen.add(answer.status)
            sizes.add(answer.length)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(lines, took, strict=True)]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    for line in lines:
        line.close()
    return seconds, [one for mine in took for one in mine], seen, max(sizes)


def main(port: str, path: str, connections: str, requests: str, pause_s: str = "0") -> None:
    """Load the server and print what it took."""
    headers = dict(line.split(": ", 1) for line in sys.stdin.read().splitlines() if line)
    busy = time.process_time()
    seconds, took, statuses, size = load(
        int(port), request(path, headers), int(connections), int(requests), float(pause_s)
    )
    print(
        json.dumps(
            {
                "seconds": seconds,
                "took": took,
                "statuses": sorted(statuses),
                "bytes": size,
                "cpu_s": time.process_time() - busy,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
