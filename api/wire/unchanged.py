"""A program that asks again for what it has, answered before anything is worked out.

A 304 that was given once is given again while the data is in the very same state: that costs one statement of
microseconds. Programs alone: a browser's session ends when it is not used, so that its use must be seen.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.wire.version import SEEN

NOTED: Final = "muster.noted"
_DECIDES: Final = frozenset(
    {b"authorization", b"if-none-match", b"accept", b"accept-encoding", b"accept-language"}
)
_MOST: Final = 4096
_QUARTER: Final = timedelta(
    minutes=15
)  # what depends on the day or the hour changes at one, in every time zone
_STATE: Final = f"SELECT {SEEN}".encode()
_Key = tuple[str, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass(slots=True)
class Noted:
    """What a request came upon on its way: the state it saw, and until when that decides its answer."""

    seen: str | None = None
    until: datetime | None = None
    by_version: bool = False

    def who(self, seen: str, expires_at: datetime | None) -> None:
        """Note the state in which somebody was known, and when they no longer are."""
        self.seen, self.until = seen, expires_at


@dataclass(frozen=True, slots=True)
class _Same:
    """An answer without a body, and what it holds for."""

    seen: str
    until: datetime
    headers: list[tuple[bytes, bytes]]


class Unchanged:
    """Answer 304 again while nothing was written; pass on everything else."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine
        self._kept: OrderedDict[_Key, _Same] = OrderedDict()
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on and keep what it is answered with."""
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        same = self._kept.get(key)
        now = datetime.now(UTC)
        if same is not None and now < same.until and await run_in_threadpool(self._state) == same.seen:
            await send({"type": "http.response.start", "status": 304, "headers": list(same.headers)})
            await send({"type": "http.response.body", "body": b""})
            return
        noted = Noted()

        async def keeping(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 304:  # noqa: PLR2004 - HTTP's own number
                self._keep(key, noted, list(message["headers"]), now)
            await send(message)

        await self._app({**scope, NOTED: noted}, receive, keeping)

    def _state(self) -> str | None:
        """Return the state of the data; None where the database does not say."""
        try:
            pooled = self._engine.raw_connection()
        except SQLAlchemyError:
            return None
        try:
            driver = pooled.driver_connection
            assert isinstance(driver, psycopg.Connection)  # noqa: S101 - the only driver there is
            row = driver.execute(_STATE, prepare=True).fetchone()
            return None if row is None else str(row[0])
        except psycopg.Error:
            return None
        finally:
            pooled.close()

    def _keep(self, key: _Key, noted: Noted, headers: list[tuple[bytes, bytes]], now: datetime) -> None:
        if not noted.by_version or noted.seen is None:
            return
        ends = now + _QUARTER - (now - now.replace(minute=0, second=0, microsecond=0)) % _QUARTER
        until = ends if noted.until is None else min(ends, noted.until)
        with self._lock:
            self._kept[key] = _Same(noted.seen, until, headers)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)


def _key(scope: Scope) -> _Key | None:
    """Return what decides an answer besides the data; None where it is not to be answered here."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    deciding = tuple(pair for pair in scope["headers"] if pair[0] in _DECIDES)
    names = {name for name, _ in deciding}
    if not {b"authorization", b"if-none-match"} <= names:
        return None
    return scope["path"], scope["query_string"], deciding
