"""Just enough of a web framework: routes by pattern, requests with parameters, answers as bytes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson

from sandbox.faults import read_body, send_bytes
from sandbox.options import Receive, Scope, Send


@dataclass(slots=True)
class Request:
    """One request; `query` keeps repeated parameters."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    found: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False  # no credentials, or wrong ones where that is served as anonymous

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return a query parameter, the last one where it is repeated."""
        values = self.query.get(name)
        return values[-1] if values else default

    def number(self, name: str, default: int) -> int:
        """Return a whole-number query parameter; anything else there is an error of the caller's."""
        value = self.text(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except ValueError as error:
            raise Refused(400, f"The value '{value}' of the parameter '{name}' is not a number.") from error

    def texts(self, name: str) -> list[str]:
        """Return a list parameter: repeated, separated by commas, or both."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]


@dataclass(slots=True)
class Answer:
    """One answer, already in bytes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


class Refused(Exception):
    """An error answer in Jira's own envelope."""

    def __init__(self, status: int, message: str = "", *, body: Any = None, **headers: str) -> None:
        super().__init__(message)
        document = body if body is not None else {"errorMessages": [message] if message else [], "errors": {}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = Answer(orjson.dumps(document), status, named)


Route = Callable[[Request], Answer]


def answer(document: Any) -> Answer:
    """Return a JSON answer."""
    return Answer(orjson.dumps(document))


class Routes:
    """An ASGI application made of routes; `{name}` in a path stands for one segment."""

    def __init__(self, before: Callable[[Request], None], after: Callable[[Request, Answer], None]) -> None:
        self._before = before  # may refuse
        self._after = after  # adds headers to successful answers
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Route]] = []

    def add(self, method: str, path: str, route: Route) -> None:
        """Answer a method and path with a route."""
        if "{" not in path:
            self._exact[method, path] = route
            return
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"\Z")
        self._patterns.append((method, pattern, route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or acknowledge the server's start and stop."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        raw = await read_body(receive)
        try:
            result = self._answer(scope, raw)
        except Refused as refusal:
            result = refusal.answer
        await send_bytes(send, result.status, result.body, result.content_type, result.headers)

    def _answer(self, scope: Scope, raw: bytes) -> Answer:
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
            },
            body=_parsed(raw),
        )
        route = self._exact.get((request.method, request.path)) or self._matched(request)
        if route is None:
            raise Refused(404, body={"message": f"null for uri: {request.path}", "status-code": 404})
        if request.path.startswith("/_sandbox/"):
            return route(request)
        self._before(request)
        result = route(request)
        self._after(request, result)
        return result

    def _matched(self, request: Request) -> Route | None:
        for method, pattern, route in self._patterns:
            found = pattern.match(request.path)
            if found and method == request.method:
                request.found = found.groupdict()
                return route
        return None


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError as error:
        raise Refused(
            400, "There was an error parsing JSON. Check that your request body is valid."
        ) from error


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
