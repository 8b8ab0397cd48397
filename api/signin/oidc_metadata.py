"""What a provider publishes of itself: its endpoints and the keys it signs with. Safe among threads."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

_KEPT: Final = timedelta(hours=1)
_ANEW: Final = timedelta(minutes=1)  # between looks for a key that is not there
_AWAY: Final = timedelta(seconds=15)  # between tries of what could not be read
_AT_ONCE: Final = 8  # of the threads that answer everybody
_TIMEOUT: Final = 10.0  # seconds
_MOST: Final = 1024 * 1024  # bytes of a document
_NEEDED: Final = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderAway(Exception):
    """The provider cannot be reached or does not answer as one; says what was asked for."""


class Metadata:
    """A provider's published documents, read when they are needed and kept for an hour."""

    def __init__(self, issuer: str, transport: httpx.BaseTransport | None = None) -> None:
        self.asked = issuer.rstrip("/")
        self.transport = transport
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_AT_ONCE)
        self._away: dict[str, tuple[datetime, str]] = {}  # until when it is not asked for again, and why
        self._found: dict[str, Any] | None = None
        self._keys: dict[str, Any] | None = None
        self._found_at: datetime | None = None
        self._keys_at: datetime | None = None

    def get(self, now: datetime) -> dict[str, Any]:
        """Return the endpoints.

        Raises:
            ProviderAway: They cannot be had, or are of another issuer.
        """
        if self._found is not None and self._found_at is not None and now - self._found_at <= _KEPT:
            return self._found
        with self._turn():
            if self._found is None or self._found_at is None or now - self._found_at > _KEPT:
                self._found, self._found_at = self._unless_away("endpoints", self._checked, now), now
            return self._found

    def keys(self, now: datetime, *, anew: bool = False) -> dict[str, Any]:
        """Return the keys; `anew` where one was not among them, for providers change theirs.

        Raises:
            ProviderAway: They cannot be had.
        """
        address = self.get(now)["jwks_uri"]
        with self._turn():
            age = None if self._keys_at is None else now - self._keys_at
            if self._keys is None or age is None or age > (_ANEW if anew else _KEPT):
                self._keys, self._keys_at = self._unless_away("keys", lambda: self._read(address), now), now
            return self._keys

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one ask and a few wait for it: with all threads waiting nobody else would be answered.

        Raises:
            ProviderAway: Enough wait already.
        """
        if not self._waiting.acquire(blocking=False):
            raise ProviderAway("it is being asked at the moment and has not answered yet")
        try:
            with self._lock:
                yield
        finally:
            self._waiting.release()

    def _unless_away(self, what: str, read: Callable[[], dict[str, Any]], now: datetime) -> dict[str, Any]:
        """Read something, unless it could not be read just now: one tells the next, without asking again.

        Raises:
            ProviderAway: It cannot be had, or could not a moment ago.
        """
        until, why = self._away.get(what, (now, ""))
        if now < until:
            raise ProviderAway(why)
        began = time.monotonic()
        try:
            return read()
        except ProviderAway as away:
            took = timedelta(
                seconds=time.monotonic() - began
            )  # whoever waited meanwhile counts from before it
            self._away[what] = (now + took + _AWAY, str(away))
            raise

    @property
    def known(self) -> dict[str, Any]:
        """The endpoints as they were read last; empty before that."""
        return self._found or {}

    def http(self) -> httpx.Client:
        """Return a client for the provider: no redirects, no patience."""
        return httpx.Client(transport=self.transport, timeout=_TIMEOUT, follow_redirects=False)

    def _checked(self) -> dict[str, Any]:
        found = self._read(f"{self.asked}/.well-known/openid-configuration")
        if missing := [name for name in _NEEDED if not isinstance(found.get(name), str)]:
            raise ProviderAway(f"its discovery document lacks {', '.join(missing)}")
        # Of an issuer of many tenants the document names a placeholder; tokens then name their own (oidc_token).
        if "{tenantid}" not in found["issuer"] and found["issuer"].rstrip("/") != self.asked:
            raise ProviderAway(f"its discovery document is of another issuer: {found['issuer']}")
        secure = urlsplit(self.asked).scheme
        for name in _NEEDED[1:]:
            if secure == "https" and urlsplit(found[name]).scheme != "https":
                raise ProviderAway(f"its {name} is not https")
        return found

    def _read(self, address: str) -> dict[str, Any]:
        try:
            with self.http() as http:
                answer = http.get(address, headers={"Accept": "application/json"})
            answer.raise_for_status()
            if len(answer.content) > _MOST:
                raise ProviderAway(f"{address} is larger than any such document")
            found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderAway(f"{address} does not answer as expected ({type(error).__name__})") from error
        if not isinstance(found, dict):
            raise ProviderAway(f"{address} is no JSON object")
        return found
