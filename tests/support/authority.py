"""A store of grants in memory, and an authority that answers by hand."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from connectors.grants import Grant
from connectors.http import Http
from connectors.oauth import Authority

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """Tells the time it is set to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class MemoryStore:
    """A `TokenStore` for one process. `log` holds what happened, in order."""

    def __init__(self, grant: Grant | None = None) -> None:
        self.grant = grant
        self.left_off_at: datetime | None = None
        self.log: list[str] = []
        self._hold = threading.Lock()

    def load(self) -> Grant | None:
        return self.grant

    @contextmanager
    def held(self) -> Iterator["MemoryStore"]:
        with self._hold:
            yield self

    def begin(self, now: datetime) -> None:
        self._before, self.left_off_at = self.left_off_at, now
        self.log.append("begin")

    def unspent(self) -> None:
        self.left_off_at = self._before
        self.log.append("unspent")

    def replace(self, grant: Grant, now: datetime) -> None:
        del now
        self.grant, self.left_off_at = grant, None
        self.log.append(f"stored {grant.refresh}")


class Rotating:
    """An authority's token endpoint: numbers its tokens, and takes each refresh token once."""

    def __init__(self) -> None:
        self.number = 0
        self.asked: list[dict[str, Any]] = []
        self.answers: list[httpx.Response | Exception] = []  # given first, in turn

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(orjson.loads(request.content))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        given = self.asked[-1].get("refresh_token")
        if given is not None and given != f"refresh-{self.number}":
            return httpx.Response(
                403, json={"error": "invalid_grant", "error_description": f"Unknown {given}."}
            )
        self.number += 1
        tokens = {"access_token": f"access-{self.number}", "refresh_token": f"refresh-{self.number}"}
        return httpx.Response(200, json={**tokens, "expires_in": 3600})


def authority(handler: Callable[[httpx.Request], httpx.Response], **more: Any) -> Authority:
    """Return an authority that this handler answers for."""
    http = Http(
        "delivery",
        base_url="https://auth.example.com",
        transport=httpx.MockTransport(handler),
        sleep=lambda _: None,
    )
    known: dict[str, Any] = {
        "http": http,
        "token_path": "/oauth/token",
        "authorize_url": "https://auth.example.com/authorize",
        "client_id": "app-1",
        "client_secret": SecretStr("app-secret-value"),
        "callback": "http://127.0.0.1:8976/callback",
        "scopes": ("read:jira-work", "offline_access"),
        "audience": "api.atlassian.com",
    }
    return Authority(**{**known, **more})
