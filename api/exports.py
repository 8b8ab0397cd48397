"""Write down that data was taken in whole sets, before it goes out: once an hour for each who takes each set."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.causes import cause_of
from sync.audit import Cause, record_alone

_FEED: Final = re.compile(r"/odata/(?:v1|projectdata)/(?:\[[^]/]*\]/)?(?P<set>[A-Za-z]\w{0,80}|\$batch)")
_FILE: Final = re.compile(r"/files/v1/(?P<set>[A-Za-z]\w{0,80}\.\w{1,10})")
_HOUR_S: Final = 3600.0
_MOST: Final = 10_000  # that are remembered; the oldest go first
_TOOK: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})


class Exports:
    """Record what BI tools and programs extract; an answer that cannot be recorded is not given."""

    def __init__(self, app: ASGIApp, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._engine, self._clock = app, engine, clock
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; record it once it is known that data goes out."""
        taken = _taken(scope)
        cause = cause_of(scope)
        if taken is None or cause is None:
            await self._app(scope, receive, send)
            return
        action, what = taken

        async def recording(message: Message) -> None:
            if (
                message["type"] == "http.response.start"
                and message["status"] in _TOOK
                and self._is_new(cause, what)
            ):
                await run_in_threadpool(record_alone, self._engine, action, f"set {what}")
            await send(message)

        await self._app(scope, receive, recording)

    def _is_new(self, cause: Cause, what: str) -> bool:
        key, now = (cause.holder or cause.actor, what), self._clock()
        told = self._told.get(key)
        if told is not None and now - told < _HOUR_S:
            return False
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)
        return True


def _taken(scope: Scope) -> tuple[str, str] | None:
    """Return the action and the set that a request would take; None where it takes none."""
    if scope["type"] != "http":
        return None
    for pattern, action in ((_FEED, "export.feed"), (_FILE, "export.file")):
        if found := pattern.match(scope["path"]):
            return action, found["set"]
    return None
