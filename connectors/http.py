"""The one way to call a tracker: retries, limits, time-outs, and failures in an officer's words."""

import hashlib
import re
import socket
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
from connectors.errors import AccessDenied, MisconfiguredSource, SourceUnavailable
from connectors.pace import LONGEST_PAUSE_S, Pace, TooLong, seconds_asked, shared_pace, soft_delay

Params = Mapping[str, Any] | None

ATTEMPTS: Final = 6
LONGEST_ANSWER_S: Final = 300.0  # whole body, against a server that drips
LARGEST_ANSWER: Final = 512 * 1024 * 1024  # bytes
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 531)})
_THROTTLED: Final = frozenset({401, 403, 429, 503})  # with Retry-After; some hosts throttle by 401 or 403
_LOGIN: Final = re.compile(r"log-?in|sign-?in|sso|saml|oauth|/auth|adfs|websudo", re.IGNORECASE)
_SECRET_NAME: Final = re.compile(
    r"(token|secret|password|passwd|assertion|api_?key|^sig$|^code$|tempauth|authorization)", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~:-]{6,}", re.IGNORECASE)
_PAGING: Final = frozenset({"nextpagetoken", "continuationtoken", "$skiptoken"})  # positions, not secrets
_CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_traffic_lock = threading.Lock()


class HttpDenied(AccessDenied):
    """401, 403 or 407, or an answer that is a sign-in page."""

    def __init__(
        self, message: str, *, source: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        super().__init__(message, source=source)
        self.status, self.headers, self.body = status, headers, body


class HttpError(MisconfiguredSource):
    """An answer that repeating does not change, such as 400, 404 and 410; callers may branch on `status`."""

    def __init__(self, message: str, *, source: str, status: int, body: bytes) -> None:
        super().__init__(message, source=source)
        self.status, self.body = status, body


class HttpUnavailable(SourceUnavailable):
    """The host went on failing; `status` is its last answer, None when it gave none."""

    def __init__(
        self, message: str, *, source: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, source=source, retry_after_s=retry_after_s)
        self.status = status


class _Again(Exception):  # noqa: N818 - never leaves this module
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
            AccessDenied: The body is a web page: a sign-in page stands in front of the tracker.
            MisconfiguredSource: The body is something else that is not JSON.
        """
        kind = self.headers.get("content-type", "")
        if "html" in kind or self.content[:15].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise HttpDenied(
                f"{self.request} answered with a web page instead of data: a sign-in page, or no tracker at all. "
                "Check the address (base_url) and whether sign-in by token is allowed there.",
                source=self.source, status=self.status, headers=self.headers, body=self.content,
            )  # fmt: skip
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise HttpError(
                f"{self.request} answered with {kind or 'an unnamed type'} that is not JSON. "
                "Check the address (base_url) and what stands between Muster and it.",
                source=self.source, status=self.status, body=self.content,
            ) from None  # fmt: skip

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
        sleep: Callable[[float], None] = time.sleep,
        login_hint: str = "Check the user name and the token or password of this source.",
    ) -> None:
        """Open nothing yet.

        Raises:
            MisconfiguredSource: The address, the proxy or the CA bundle cannot be used at all.
        """
        self.source = source
        self.base_url = _checked_address(source, base_url)
        self.traffic = traffic if traffic is not None else Traffic()
        self._sleep = sleep
        self._login_hint = login_hint
        self._secrets = _secrets_of(auth, headers)
        identity = hashlib.sha256(repr((self._secrets, type(auth).__name__)).encode()).hexdigest()
        origin = urlsplit(self.base_url)
        self._origin = (origin.scheme, origin.netloc)
        self._pace: Pace = shared_pace(
            origin.netloc, identity, connections, id(transport) if transport else 0
        )
        try:
            self._client = httpx.Client(
                auth=auth,
                headers={"Accept": "application/json", "User-Agent": "Muster/0.1", **(headers or {})},
                timeout=_TIMEOUT,
                limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
                trust_env=False,
                verify=_trust(source, ca_bundle) if transport is None else True,
                proxy=proxy,
                transport=transport,
            )
        except ValueError as error:
            raise MisconfiguredSource(f"the proxy cannot be used: {error}", source=source) from None

    def get(
        self,
        path: str,
        params: Params = None,
        headers: Mapping[str, str] | None = None,
        ok: Sequence[int] = (200,),
    ) -> Answer:
        """GET a path below the base address, or an absolute address of the same origin.

        Raises:
            AccessDenied: 401, 403, 407, or a sign-in page.
            HttpError: Another answer outside `ok` that repeating does not change.
            SourceUnavailable: The host cannot be reached, or goes on failing or limiting us.
        """
        return self._call("GET", path, params, None, headers, ok)

    def post(
        self,
        path: str,
        body: Any,
        params: Params = None,
        headers: Mapping[str, str] | None = None,
        ok: Sequence[int] = (200,),
    ) -> Answer:
        """POST JSON that asks for data: a read like any other, so it is repeated like one."""
        return self._call("POST", path, params, body, headers, ok)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _call(
        self,
        method: str,
        path: str,
        params: Params,
        body: Any,
        headers: Mapping[str, str] | None,
        ok: Sequence[int],
    ) -> Answer:
        sent = dict(headers or {})
        content = None
        if body is not None:
            content = orjson.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        request = self._client.build_request(
            method, self._address(path), params=params or None, content=content, headers=sent
        )
        line = _line(request, body)
        attempts = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(900),
            wait=_backoff,
            sleep=self._sleep,
            before_sleep=self._count_retry,
            reraise=True,
        )
        try:
            return attempts(self._once, request, line, ok)
        except _Again as last:
            raise HttpUnavailable(
                f"{line} failed {ATTEMPTS} times in a row, last: {last}. It is tried again at the next run.",
                source=self.source, status=last.status,
            ) from None  # fmt: skip
        except TooLong as pause:
            raise HttpUnavailable(
                f"it limits us and wants no request for {pause.seconds:.0f} seconds. The run goes on after that.",
                source=self.source, status=429, retry_after_s=pause.seconds,
            ) from None  # fmt: skip

    def _address(self, path: str) -> str:
        if "://" not in path:
            return f"{self.base_url}/{path.lstrip('/')}"
        parts = urlsplit(path)
        if (parts.scheme, parts.netloc) != self._origin:
            raise MisconfiguredSource(
                f"the answer points to {parts.scheme}://{parts.hostname}, another host than {self.base_url}; "
                "credentials are not sent there. Check base_url (and the proxy's own idea of it).",
                source=self.source,
            )
        return path

    def _once(self, request: httpx.Request, line: str, ok: Sequence[int]) -> Answer:
        with self._pace.turn(self._sleep, self._count_wait):
            try:
                status, headers, content = self._send(request)
            except httpx.TransportError as error:
                raise self._unreachable(error, line) from None
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
                    raise MisconfiguredSource(
                        f"an answer is larger than {LARGEST_ANSWER >> 20} MB and was not read on",
                        source=self.source,
                    )
                if time.monotonic() - began > LONGEST_ANSWER_S:
                    raise httpx.ReadTimeout("the answer takes too long", request=request)
        finally:
            response.close()
        return response.status_code, response.headers, b"".join(chunks)

    def _unreachable(self, error: httpx.TransportError, line: str) -> Exception:
        """Tell failures that another try may mend from those that it cannot."""
        causes = _causes(error)
        host = urlsplit(self.base_url).netloc
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return SourceUnavailable(
                f"the certificate of {host} is not trusted. If it is signed by your own authority, give its "
                "certificate file as ca_bundle.",
                source=self.source,
            )
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return SourceUnavailable(
                f"no encrypted connection to {host} could be made. Check whether base_url is https or http, and the "
                "port.",
                source=self.source,
            )
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return SourceUnavailable(
                f"the host {host} is not known in the network. Check base_url for a typing mistake.",
                source=self.source,
            )
        if isinstance(error, httpx.ProxyError):
            return SourceUnavailable(
                f"the proxy refuses the way to {host} ({self.redact(str(error))}). Check the proxy of this source.",
                source=self.source,
            )
        if isinstance(error, httpx.UnsupportedProtocol):
            return MisconfiguredSource(
                f"base_url {self.base_url} is neither http nor https.", source=self.source
            )
        if isinstance(error, httpx.TimeoutException):
            return _Again(f"no answer in time from {host}")
        if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            return _Again(f"{host} refuses connections: is it down, or is the port in base_url wrong?")
        del line
        return _Again(f"the connection to {host} broke ({type(error).__name__})")

    def _failure(self, line: str, status: int, headers: httpx.Headers, content: bytes) -> Exception:
        """Turn an answer outside `ok` into what to do next."""
        asked = seconds_asked(headers)
        if status in _RETRIED or (status in _THROTTLED and "retry-after" in headers):
            if asked is None or (status not in _THROTTLED and asked > LONGEST_PAUSE_S):
                return _Again(f"HTTP {status}", status=status)
            self._pace.pause(asked)
            return (
                TooLong(asked)
                if asked > LONGEST_PAUSE_S
                else _Again(f"HTTP {status}", status=status, paused=True)
            )
        if status in (401, 403, 407):
            return self._denied(line, status, headers, content)
        if status == 203:  # noqa: PLR2004 - Azure DevOps answers a bad token with 203 and its sign-in page
            return HttpDenied(
                f"{line} answered 203, its way of showing the sign-in page: the token is wrong, expired or not valid "
                f"for this organisation. {self._login_hint}",
                source=self.source, status=status, headers=headers, body=content,
            )  # fmt: skip
        if 300 <= status < 400:  # noqa: PLR2004 - redirects
            return self._redirected(line, status, headers, content)
        said = self.redact(_said(content))
        return HttpError(
            f"{line} answered HTTP {status}{': ' + said if said else ''}",
            source=self.source, status=status, body=content,
        )  # fmt: skip

    def _denied(self, line: str, status: int, headers: httpx.Headers, content: bytes) -> HttpDenied:
        reason = headers.get("x-authentication-denied-reason", "") + headers.get("x-seraph-loginreason", "")
        if "CAPTCHA" in reason or "AUTHENTICATION_DENIED" in reason:
            todo = (
                "Too many failed sign-ins: the tracker wants a CAPTCHA. Sign in once with a browser as this user, "
                "correct the token here, and only then try again."
            )
        elif status == 407:  # noqa: PLR2004 - proxy authentication required
            todo = "The proxy wants a sign-in: put user and password into the proxy address of this source."
        elif status == 401:  # noqa: PLR2004 - unauthorised
            todo = self._login_hint
        else:
            todo = "The sign-in works, but this account may not read it: ask the owner for the permission."
        said = self.redact(_said(content))
        return HttpDenied(
            f"{line} answered HTTP {status}{': ' + said if said else ''}. {todo}",
            source=self.source, status=status, headers=headers, body=content,
        )  # fmt: skip

    def _redirected(self, line: str, status: int, headers: httpx.Headers, content: bytes) -> Exception:
        target = urlsplit(headers.get("location", ""))
        where = f"{target.scheme}://{target.hostname}{target.path}" if target.hostname else target.path
        if _LOGIN.search(f"{target.netloc}{target.path}"):
            return HttpDenied(
                f"{line} sends us to a sign-in page ({where}). {self._login_hint}",
                source=self.source, status=status, headers=headers, body=content,
            )  # fmt: skip
        return HttpError(
            f"{line} sends us on to {where}. Put the address it has moved to into base_url.",
            source=self.source, status=status, body=content,
        )  # fmt: skip

    def redact(self, text: str) -> str:
        """Take this source's secrets, and anything that looks like one, out of a text."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _SECRET_TEXT.sub(r"\1 ***", text)

    def _count_retry(self, state: RetryCallState) -> None:
        del state
        with _traffic_lock:
            self.traffic.retries += 1

    def _count_wait(self, seconds: float) -> None:
        with _traffic_lock:
            self.traffic.waited_s += seconds


_exponential = wait_exponential_jitter(initial=0.5, max=30, jitter=0.5)


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
            "base_url must be the bare address, without a user name, a password or anything after '?' or '#'",
            source=source,
        )
    return base_url.rstrip("/")


def _trust(source: str, ca_bundle: str | None) -> ssl.SSLContext | bool:
    """Build what certificates are checked against: the configured file, the environment's, the public ones."""
    chosen = ca_bundle or next((environ[name] for name in _CA_VARIABLES if environ.get(name)), None)
    if chosen is None:
        return True
    try:
        path = Path(chosen)
        return ssl.create_default_context(
            cafile=None if path.is_dir() else chosen, capath=chosen if path.is_dir() else None
        )
    except (OSError, ssl.SSLError) as error:
        raise MisconfiguredSource(
            f"the certificate file {chosen} cannot be used: {type(error).__name__}. It must be a readable file in "
            "PEM form.",
            source=source,
        ) from None


def _secrets_of(auth: object, headers: Mapping[str, str] | None) -> tuple[str, ...]:
    found = [auth[1]] if isinstance(auth, tuple) else []
    for name, value in (headers or {}).items():
        if _SECRET_NAME.search(name):
            found += [value, value.rpartition(" ")[2]]
    return tuple(secret for secret in found if len(secret) > 3)  # noqa: PLR2004 - shorter would black out plain words


def _line(request: httpx.Request, body: Any) -> str:
    """Write the request as it is kept and shown: no credentials, secret-looking values starred."""
    params = [
        (name, "***" if _is_secret(name) else value) for name, value in request.url.params.multi_items()
    ]
    url = request.url.copy_with(params=params) if params else request.url
    line = f"{request.method} {url}"
    return line if body is None else f"{line} {orjson.dumps(_starred(body)).decode()}"


def _is_secret(name: str) -> bool:
    return name.lower() not in _PAGING and bool(_SECRET_NAME.search(name))


def _starred(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "***" if _is_secret(name) else _starred(inner) for name, inner in value.items()}
    return [_starred(inner) for inner in value] if isinstance(value, list) else value


def _said(content: bytes) -> str:
    """Find the host's own words in an error body; "" when it has none worth showing."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(body, dict):
        return ""
    words: list[str] = [str(word) for word in body.get("errorMessages") or []]
    errors = body.get("errors")
    if isinstance(errors, dict):
        words += [f"{name}: {word}" for name, word in errors.items()]
    inner = body.get("error")
    words += [str(inner.get("message", ""))] if isinstance(inner, dict) else []
    words += [str(body[name]) for name in ("message", "error_description") if isinstance(body.get(name), str)]
    return "; ".join(filter(None, words))[:300]


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found
