"""The one way to call a tracker: retries, limits, time-outs, and failures in an officer's words."""

import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from connectors.base import Part, Traffic
from connectors.errors import MisconfiguredSource
from connectors.pace import LONGEST_PAUSE_S, TooLong, seconds_asked, shared_pace, soft_delay
from connectors.redaction import redacted, request_line, secrets_of
from connectors.refusals import (
    LOGIN_HINT,
    HttpDenied,
    HttpError,
    HttpUnavailable,
    not_json,
    refusal,
    unreachable,
)
from connectors.stopping import check_stopping, rest

__all__ = ["Answer", "Http", "HttpDenied", "HttpError", "HttpUnavailable", "trust"]

ATTEMPTS: Final = 6
LONGEST_ANSWER_S: Final = 300.0  # whole body, against a server that drips
LARGEST_ANSWER: Final = 512 * 1024 * 1024  # bytes
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 531)})
_PAUSES: Final = frozenset({429, 503})
_CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_traffic_lock = threading.Lock()


class _Again(Exception):
    """Try once more; `paused` when the host's own pause is the wait."""

    def __init__(self, why: str, *, status: int | None = None, paused: bool = False) -> None:
        super().__init__(why)
        self.status, self.paused = status, paused


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered. `request` is the request line and body without secrets."""

    source: str
    request: str
    status: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> Any:
        """Parse the body.

        Raises:
            HttpDenied: The body is a web page: a sign-in page stands in front of the tracker.
            HttpError: The body is something else that is not JSON.
        """
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise not_json(self.source, self.request, self.status, self.headers, self.content) from None

    def part(self) -> Part:
        """Return the request and the body, word for word, for the raw page."""
        return Part(request=self.request, body=self.content)


class Http:
    """One identity on one host. Safe for threads; every call is a read and may be repeated."""

    def __init__(  # noqa: PLR0913 - every one is configuration or a seam for tests
        self,
        source: str,
        *,
        base_url: str,
        auth: httpx.Auth | tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
        traffic: Traffic | None = None,
        connections: int = 8,
        sleep: Callable[[float], None] = rest,
        login_hint: str = LOGIN_HINT,
        option: str = "base_url",
    ) -> None:
        """Open nothing yet; `option` is what the configuration calls the address.

        Raises:
            MisconfiguredSource: The address, the proxy or the CA bundle cannot be used at all.
        """
        self.source = source
        self.base_url = _checked_address(source, base_url)
        self.traffic = traffic if traffic is not None else Traffic()
        self._sleep = sleep
        self.login_hint = login_hint  # may be set anew once it is known who answers
        self._option = option
        self._secrets = secrets_of(auth, headers)
        who = auth if isinstance(auth, tuple) else id(auth)
        identity = hashlib.sha256(repr((who, self._secrets)).encode())
        origin = urlsplit(self.base_url)
        self._origin = (origin.scheme, origin.netloc)
        seam = id(transport) if transport else 0
        self._pace = shared_pace(origin.netloc, identity.hexdigest(), connections, seam)
        try:
            self._client = httpx.Client(
                auth=auth,
                headers={"Accept": "application/json", "User-Agent": "Muster/0.1", **(headers or {})},
                timeout=_TIMEOUT,
                limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
                trust_env=False,
                verify=trust(source, ca_bundle) if transport is None else True,
                proxy=proxy,
                transport=transport,
            )
        except ValueError:
            raise MisconfiguredSource(
                "the proxy is no address; it should look like http://proxy.example.com:8080", source=source
            ) from None

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        ok: Sequence[int] = (200,),
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """GET a path below the base address, or an absolute address of the same origin.

        Fewer `attempts` are for what has failed already, and is asked for in smaller pieces.

        Raises:
            HttpDenied: 401, 403, 407, or a sign-in page.
            HttpError: Another answer outside `ok` that repeating does not change.
            SourceUnavailable: The host cannot be reached, or goes on failing or limiting us.
            Interrupted: The process is asked to stop.
        """
        address = self._address(path)
        request = self._client.build_request("GET", address, params=params or None, headers=headers)
        return self._call(request, None, ok, attempts)

    def post(
        self,
        path: str,
        body: Any,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        ok: Sequence[int] = (200,),
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """POST JSON that asks for data: a read like any other, so it is repeated like one."""
        request = self._client.build_request(
            "POST",
            self._address(path),
            params=params or None,
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        return self._call(request, body, ok, attempts)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _address(self, path: str) -> str:
        if "://" not in path.partition("?")[0]:
            return f"{self.base_url}/{path.lstrip('/')}"
        parts = urlsplit(path)
        if (parts.scheme, parts.netloc) != self._origin:
            raise MisconfiguredSource(
                f"the answer points to {parts.scheme}://{parts.hostname}, another host than {self.base_url}; "
                "credentials are not sent there. Check base_url and the tracker's own base address.",
                source=self.source,
            )
        return path

    def _call(self, request: httpx.Request, body: Any, ok: Sequence[int], attempts: int) -> Answer:
        line = redacted(request_line(request, body), self._secrets)
        trying = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(attempts) | stop_after_delay(900),
            wait=_backoff,
            sleep=self._sleep,
            before_sleep=self._count_retry,
            reraise=True,
        )
        try:
            return trying(self._once, request, line, ok)
        except _Again as last:
            raise HttpUnavailable(
                f"{line} failed again and again, last: {last}. The next run tries again.",
                source=self.source, status=last.status,
            ) from None  # fmt: skip
        except TooLong as pause:
            raise HttpUnavailable(
                f"it limits us and wants no request for {pause.seconds:.0f} seconds. Run again after that.",
                source=self.source, status=429, retry_after_s=pause.seconds,
            ) from None  # fmt: skip

    def _once(self, request: httpx.Request, line: str, ok: Sequence[int]) -> Answer:
        check_stopping()
        with self._pace.turn(self._sleep, self._count_wait):
            try:
                check_stopping()
                status, headers, content = self._send(request)
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise self._broken(error) from None
        with _traffic_lock:
            self.traffic.requests += 1
            self.traffic.bytes_fetched += len(content)
        if status in ok:
            if (delay := soft_delay(headers)) > 0:
                self._pace.pause(delay)
            return Answer(self.source, line, status, headers, content)
        raise self._failure(line, status, headers, content)

    def _send(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        """Read one answer whole, within its limits of time and size."""
        began, size, chunks = time.monotonic(), 0, []
        response = self._client.send(request, stream=True)
        try:
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > LARGEST_ANSWER:
                    limit = f"{LARGEST_ANSWER >> 20} MB"
                    raise MisconfiguredSource(
                        f"an answer is larger than {limit}; not read", source=self.source
                    )
                if time.monotonic() - began > LONGEST_ANSWER_S:
                    raise httpx.ReadTimeout("the answer takes too long", request=request)
        finally:
            response.close()
        return response.status_code, response.headers, b"".join(chunks)

    def _broken(self, error: httpx.TransportError | httpx.DecodingError) -> Exception:
        with _traffic_lock:
            self.traffic.requests += 1
        if isinstance(error, httpx.DecodingError):
            return _Again("the answer was compressed wrongly")
        found = unreachable(self.source, self.base_url, error, self._option)
        return _Again(found) if isinstance(found, str) else found

    def _failure(self, line: str, status: int, headers: httpx.Headers, content: bytes) -> Exception:
        """Turn an answer outside `ok` into what to do next."""
        # Some hosts limit by 401 or 403; then they say for how long.
        limited = status in _PAUSES or (status in (401, 403) and "retry-after" in headers)
        if limited and (asked := seconds_asked(headers)) is not None:
            self._pace.pause(asked)
            return (
                TooLong(asked)
                if asked > LONGEST_PAUSE_S
                else _Again(f"HTTP {status}", status=status, paused=True)
            )
        if status in _RETRIED:
            return _Again(f"HTTP {status}", status=status)
        clean = redacted(content.decode(errors="replace"), self._secrets).encode()
        return refusal(self.source, line, status, headers, clean, self.login_hint)

    def _count_retry(self, state: RetryCallState) -> None:
        del state
        with _traffic_lock:
            self.traffic.retries += 1

    def _count_wait(self, seconds: float) -> None:
        with _traffic_lock:
            self.traffic.waited_s += seconds


def trust(source: str, ca_bundle: str | None) -> ssl.SSLContext | bool:
    """Say what certificates are checked against: the configured file, the environment's, the public ones.

    Raises:
        MisconfiguredSource: The file or folder cannot be read, or holds no certificate.
    """
    chosen = ca_bundle or next((environ[name] for name in _CA_VARIABLES if environ.get(name)), None)
    if chosen is None:
        return True
    try:
        if Path(chosen).is_dir():
            return ssl.create_default_context(capath=chosen)
        return ssl.create_default_context(cafile=chosen)
    except OSError as error:  # ssl.SSLError is one
        raise MisconfiguredSource(
            f"the certificate file {chosen} cannot be used ({type(error).__name__}). It must be readable and "
            "in PEM form.",
            source=source,
        ) from None


_exponential = wait_exponential_jitter(multiplier=0.5, max=30, jitter=0.5)


def _backoff(state: RetryCallState) -> float:
    """Wait longer each time; not at all where the host's own pause is waited for anyway."""
    error = state.outcome.exception() if state.outcome else None
    return 0.0 if isinstance(error, _Again) and error.paused else float(_exponential(state))


def _checked_address(source: str, base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise MisconfiguredSource(
            f"base_url {base_url!r} is no web address; it should look like https://tracker.example.com",
            source=source,
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise MisconfiguredSource(
            "base_url must be the bare address, with no user name, password, or anything after '?' or '#'",
            source=source,
        )
    return base_url.rstrip("/")
