"""`Idempotency-Key`: a write that is sent again, since its answer was lost, is carried out once.

The answer is kept with the key for a day and given again. What was never carried out keeps no key: nobody was
let in, too many asked, or the server failed.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.visible import authenticate
from api.wire.problems import Problem, database_away, document
from sync.idempotency import Earlier, Key, claim, give_back, keep

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY: Final = re.compile(r'("?)([\x21\x23-\x7e]{1,200})\1', re.ASCII)
_NOT_CARRIED_OUT: Final = frozenset({401, 403, 429})
_FAILED: Final = 500
_LOST_AFTER: Final = timedelta(minutes=10)  # no request takes so long: its process died
_GIVEN_AGAIN: Final = frozenset({"content-type", "content-disposition", "location", "etag", "link", "vary"})


class Idempotent:
    """Carry out a write under a key once; answer it again with what it was answered with."""

    def __init__(
        self,
        app: ASGIApp,
        prefix: str,
        engine: Engine,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._engine = engine
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or pass the request on and keep its answer."""
        if (
            scope["type"] != "http"
            or scope["method"] not in WRITES
            or not scope["path"].startswith(self._prefix)
        ):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist(HEADER)
        if not given:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        found = _KEY.fullmatch(given[0]) if len(given) == 1 else None
        if found is None:
            says = f"{HEADER} must be given once, and be 1 to 200 visible ASCII characters without a quote."
            await document(request, 400, "bad-request", says)(scope, receive, send)
            return
        try:
            answer = await self._answer(request, found[2])
        except OperationalError as error:
            answer = database_away(request, error)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, key: str) -> Any:
        """Return what answers: kept, carried out now, or the problem with the key."""
        try:
            principal, _ = await run_in_threadpool(authenticate, self._engine, request)
        except Problem:  # the route says in its own words why nobody is let in; the body is not held for that
            return self._app
        mine = Key(principal.holder, key)
        body = b"".join([part async for part in request.stream()])  # bounded by `api.wire.bounded`
        again = _Again(body)
        asked = _digest(request, body)
        earlier = await run_in_threadpool(claim, self._engine, mine, asked, now=self._clock())
        if earlier is not None:
            return self._earlier(request, earlier, asked)
        try:
            await self._app(request.scope, again.receive, again.send)
        except Exception:  # whatever went wrong, the key must be free again; it is raised on as it was
            await run_in_threadpool(give_back, self._engine, mine)
            raise
        if again.status >= _FAILED or again.status in _NOT_CARRIED_OUT:
            await run_in_threadpool(give_back, self._engine, mine)
        else:
            await run_in_threadpool(
                keep, self._engine, mine, again.status, again.kept_headers(), again.body, now=self._clock()
            )
        return again.answer()

    def _earlier(self, request: Request, earlier: Earlier, asked: bytes) -> Response:
        if earlier.request != asked:
            says = f"This {HEADER} was sent with another request; a new request needs a new key."
            return document(request, 422, "key-used-otherwise", says)
        if earlier.status is not None:
            headers = {**earlier.headers, REPLAYED: "true", "Cache-Control": "no-store"}
            return Response(earlier.body, earlier.status, headers)
        if self._clock() - earlier.began_at < _LOST_AFTER:
            says = "The request with this key is still being carried out; ask again in a moment."
            return document(request, 409, "in-progress", says, headers={"Retry-After": "1"})
        says = (
            f"The request with this key began at {earlier.began_at:%Y-%m-%dT%H:%M:%SZ} and its answer was never"
            " kept: the server stopped in between. See whether it was carried out; send it anew with a new key."
        )
        return document(request, 409, "outcome-unknown", says)


class _Again:
    """A body that is read again, and the answer as it comes."""

    def __init__(self, body: bytes) -> None:
        self._given: bytes | None = body
        self._messages: list[Message] = []
        self.status = _FAILED
        self.body = b""

    async def receive(self) -> Message:
        """Give the body, then say that nobody is there any more."""
        if self._given is None:
            return {"type": "http.disconnect"}
        body, self._given = self._given, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        self._messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def kept_headers(self) -> dict[str, str]:
        """Return the headers that are given again."""
        raw = next(each["headers"] for each in self._messages if each["type"] == "http.response.start")
        return {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in raw
            if name.decode("latin-1").lower() in _GIVEN_AGAIN
        }

    def answer(self) -> ASGIApp:
        """Return what sends the answer on, as it came."""

        async def sent(_scope: Scope, _receive: Receive, send: Send) -> None:
            for message in self._messages:
                await send(message)

        return sent


def _digest(request: Request, body: bytes) -> bytes:
    """Return the digest of all that decides what a write does."""
    deciding = (request.headers.get("content-type", ""), request.headers.get("if-match", ""))
    head = "\x1f".join((request.method, request.url.path, request.url.query, *deciding))
    return hashlib.sha256(head.encode() + b"\x1f" + body).digest()
