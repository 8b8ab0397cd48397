"""The misbehaviour every sandbox can be asked for: latency, refusals, resets, cut bodies; and its statistics.

Control endpoints answered here: `/_sandbox/faults`, `/_sandbox/latency`, `/_sandbox/stats`. Other
`/_sandbox/…` requests (clock, truth, edit) go to the application, without latency, faults or counting.
"""

import asyncio
import re
import socket
import struct
from collections import Counter, deque
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from sandbox.options import App, Options, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

KINDS: Final = ("status", "reset", "truncate", "html203", "empty200", "slow", "expired")

SIGN_IN_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head>"
    b'<body><form action="/login" method="post"><input name="user"></form></body></html>'
)

# How each tracker words a token that has run out.
EXPIRED: Final[dict[str, dict[str, Any]]] = {
    "jira-cloud": {
        "errorMessages": ["Client must be authenticated to access this resource."],
        "errors": {},
    },
    "jira-dc": {"message": "Client must be authenticated to access this resource.", "status-code": 401},
    "ado": {"message": "Access Denied: The Personal Access Token used has expired."},
    "sharepoint": {
        "error": {
            "code": "InvalidAuthenticationToken",
            "message": "Lifetime validation failed, the token is expired.",
        }
    },
}


@dataclass(slots=True)
class Fault:
    """One piece of misbehaviour, for requests whose `path?query` matches."""

    match: re.Pattern[str]
    kind: str
    status: int = 429
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1  # how many requests it still spoils; -1: all
    after: int = 0  # how many matching requests pass first
    seconds: float = 5.0  # of kind slow
    body: Any = None

    def takes(self, target: str) -> bool:
        """Say whether this request is spoilt, and count it."""
        if self.times == 0 or not self.match.search(target):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1 if self.times > 0 else 0
        return True


@dataclass(slots=True)
class Stats:
    """What was asked for since the last reset; `log` holds the last requests, oldest first."""

    total: int = 0
    bytes: int = 0  # of answers' bodies
    concurrent: int = 0
    max_concurrent: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=2000))

    def document(self) -> dict[str, Any]:
        """Return the answer of `GET /_sandbox/stats`."""
        return {
            "total": self.total,
            "bytes": self.bytes,
            "max_concurrent": self.max_concurrent,
            "requests": dict(self.requests),
            "log": list(self.log),
        }


class Misbehaving:
    """An ASGI application around a sandbox that adds latency, faults and statistics."""

    def __init__(self, app: App, options: Options) -> None:
        self._app = app
        self._name = options.name
        self._latency_ms = options.latency_ms
        self._faults: list[Fault] = []
        self._stats = Stats()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, spoilt or not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith("/_sandbox/"):
            if not await self._control(path.removeprefix("/_sandbox/"), scope["method"], receive, send):
                await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        stats = self._stats
        stats.total += 1
        stats.requests[f"{scope['method']} {path}"] += 1
        stats.log.append(f"{scope['method']} {target}")
        stats.concurrent += 1
        stats.max_concurrent = max(stats.max_concurrent, stats.concurrent)
        try:
            if self._latency_ms:
                await asyncio.sleep(self._latency_ms / 1000)
            fault = next((one for one in self._faults if one.takes(target)), None)
            if fault is None:
                await self._app(scope, receive, _Counting(send, stats))
            else:
                await self._spoil(fault, scope, receive, send)
        finally:
            stats.concurrent = max(0, stats.concurrent - 1)

    async def _control(self, what: str, method: str, receive: Receive, send: Send) -> bool:
        if what == "stats":
            answer = self._stats.document()
            if method == "DELETE":
                concurrent = self._stats.concurrent
                self._stats = Stats(concurrent=concurrent, max_concurrent=concurrent)
            await send_json(send, 200, answer)
            return True
        if what == "latency":
            self._latency_ms = int(orjson.loads(await read_body(receive))["ms"])
            await send_json(send, 200, {"ms": self._latency_ms})
            return True
        if what == "faults":
            await self._control_faults(method, receive, send)
            return True
        return False

    async def _control_faults(self, method: str, receive: Receive, send: Send) -> None:
        if method == "DELETE":
            self._faults.clear()
        elif method == "POST":
            wanted = orjson.loads(await read_body(receive))
            for one in wanted if isinstance(wanted, list) else [wanted]:
                if one.get("kind") not in KINDS:
                    await send_json(send, 400, {"error": f"kind is one of {', '.join(KINDS)}"})
                    return
                self._faults.append(Fault(**{**one, "match": re.compile(one.get("match", ""))}))
        await send_json(
            send,
            200,
            [{"match": one.match.pattern, "kind": one.kind, "times": one.times} for one in self._faults],
        )

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "reset":
            drop(send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        elif fault.kind == "html203":
            await send_bytes(send, 203, SIGN_IN_PAGE, "text/html; charset=utf-8", fault.headers)
        elif fault.kind == "expired":
            body = fault.body if fault.body is not None else EXPIRED[self._name]
            await send_json(send, 401, body, fault.headers)
        elif fault.kind == "status":
            await _refuse(fault, send)
        else:
            status, headers, body = await _answer_of(self._app, scope, receive)
            if fault.kind == "truncate":
                await _send_half(send, status, headers, body)
            else:
                emptied = fault.body if fault.body is not None else _emptied(orjson.loads(body or b"null"))
                await send_json(send, 200, emptied, fault.headers)


class _Counting:
    """What sends an answer, and counts what it is made of."""

    def __init__(self, send: Send, stats: Stats) -> None:
        self._send = send
        self._stats = stats

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of an answer."""
        self._stats.bytes += len(message.get("body", b""))
        await self._send(message)


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def send_bytes(
    send: Send, status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None
) -> None:
    """Send a whole answer."""
    own = {"content-type": content_type, "content-length": str(len(body))}
    own |= {name.lower(): value for name, value in (headers or {}).items()}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    """Send a JSON answer."""
    await send_bytes(send, status, orjson.dumps(body), "application/json", headers)


async def _refuse(fault: Fault, send: Send) -> None:
    if isinstance(fault.body, str):
        content_type = fault.headers.get("Content-Type", "text/html; charset=utf-8")
        await send_bytes(send, fault.status, fault.body.encode(), content_type, fault.headers)
    else:
        message = {"errorMessages": [f"Spoilt on request: {fault.status}"], "errors": {}}
        body = fault.body if fault.body is not None else message
        await send_json(send, fault.status, body, fault.headers)


async def _answer_of(
    app: App, scope: Scope, receive: Receive
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Run the application and return what it would have sent."""
    status = 200
    headers: Headers = []
    chunks: list[bytes] = []

    async def collect(message: MutableMapping[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", []))
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, collect)
    return status, headers, b"".join(chunks)


async def _send_half(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Promise the whole body, send half of it, and hang up."""
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    kept.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": kept})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await asyncio.sleep(0.02)  # let the half go out before the connection does
    drop(send)


def drop(send: Send) -> None:
    """Hang up with a TCP reset: uvicorn's send belongs to the cycle that owns the connection."""
    transport = send.__self__.transport  # type: ignore[attr-defined]
    connection = transport.get_extra_info("socket")
    # A linger of zero makes the close an RST instead of a FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _emptied(document: Any) -> Any:
    """Return the answer as one sees it who may see nothing: lists empty, counts zero, no further page."""
    if isinstance(document, list):
        return []
    if not isinstance(document, dict):
        return document
    emptied: dict[str, Any] = {
        name: [] if isinstance(value, list) else 0 if name in {"total", "count"} else value
        for name, value in document.items()
        if name not in {"nextPageToken", "nextPage", "@odata.nextLink", "continuationToken"}
    }
    return emptied | ({"isLast": True} if "isLast" in document else {})
