"""Say of each request whence it comes, for the log of who changed what; who asks is added once that is known."""

import logging
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.wire.reached import PROGRAMS
from model.audit import Way
from sync.audit import Cause, caused_by

log = logging.getLogger(__name__)
_KEY: Final = "muster.cause"
_NOT_SIGNED_IN: Final = "nobody signed in"


class Causes:
    """Give every request its cause, which all that is recorded on its behalf is of."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        way = Way.API if scope["path"].startswith(PROGRAMS) else Way.PAGE
        cause = Cause(way, _NOT_SIGNED_IN, str(client[0]) if client else None)
        scope[_KEY] = cause

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.FORBIDDEN:
                # As Python writes it: whatever somebody asks for stays on one line of the log.
                asked = ascii(f"{scope['method']} {scope['path']}")
                log.warning("refused: %s, asked by %s from %s", asked, ascii(cause.actor), cause.address)
            await send(message)

        with caused_by(cause):
            await self._app(scope, receive, noting)


def cause_of(scope: Scope) -> Cause | None:
    """Return the cause of a request."""
    found = scope.get(_KEY)
    return found if isinstance(found, Cause) else None


def asks(request: Request, name: str, *, holder: str | None = None) -> None:
    """Note who asks, and whose counters are theirs: what is recorded from now on is theirs."""
    cause = cause_of(request.scope)
    if cause is not None:
        cause.actor, cause.holder = name, holder
