"""What a failed call means and what to do about it, in an officer's words."""

import re
import socket
import ssl
from collections.abc import Mapping
from types import UnionType
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson

from connectors.errors import AccessDenied, MisconfiguredSource, SourceUnavailable, UntrustedCertificate
from connectors.redaction import scrubbed

LOGIN_HINT: Final = "Check the user name and the token or password of this source."
_LOGIN: Final = re.compile(r"log-?in|sign-?in|sso|saml|oauth|/auth|adfs|websudo", re.IGNORECASE)
_KEPT: Final = 1 << 16  # bytes of a body that is not what was asked for
_NO_CONTENT_TYPE: Final = "an unnamed type"


class HttpDenied(AccessDenied):
    """401, 403 or 407, or an answer that is a sign-in page."""

    def __init__(self, message: str, *, source: str, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(message, source=source)
        self.status, self.headers = status, headers


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


def refusal(
    source: str, line: str, status: int, headers: Mapping[str, str], content: bytes, login_hint: str
) -> HttpDenied | HttpError:
    """Explain an answer that was not asked for and that repeating does not change."""
    line, words = address(line), said(content)
    answered = f"{line} answered HTTP {status}{': ' + words.rstrip('.') if words else ''}"
    denied = False
    if status in (401, 403, 407):
        denied, text = True, f"{answered}. {_todo(status, headers, login_hint)}"
    elif status == 203:  # noqa: PLR2004 - Azure DevOps answers a bad token with 203 and its sign-in page
        denied = True
        text = (
            f"{line} answered 203, its way of showing the sign-in page: the token is wrong, expired or not "
            f"valid for this organisation. {login_hint}"
        )
    elif 300 <= status < 400:  # noqa: PLR2004 - redirects
        target = urlsplit(headers.get("location", ""))
        where = f"{target.scheme}://{target.hostname}{target.path}" if target.hostname else target.path
        denied = bool(_LOGIN.search(f"{target.netloc}{target.path}"))
        text = (
            f"{line} sends us to a sign-in page ({where}). {login_hint}"
            if denied
            else f"{line} sends us on to {where}. Put the address it has moved to into base_url."
        )
    else:
        text = answered
    if denied:
        return HttpDenied(text, source=source, status=status, headers=headers)
    return HttpError(text, source=source, status=status, body=content)


def address(line: str) -> str:
    """Return a request line without its body: a message is for people, a hundred ids are not."""
    method, _, rest = line.partition(" ")
    return f"{method} {rest.partition(' ')[0]}"


def _todo(status: int, headers: Mapping[str, str], login_hint: str) -> str:
    reason = headers.get("x-authentication-denied-reason", "") + headers.get("x-seraph-loginreason", "")
    if "CAPTCHA" in reason or "AUTHENTICATION_DENIED" in reason:
        return (
            "Too many failed sign-ins: the tracker wants a CAPTCHA. Sign in once by browser as this user, "
            "correct the token here, and only then try again."
        )
    if status == 407:  # noqa: PLR2004 - proxy authentication required
        return "The proxy wants a sign-in: put user and password into the proxy address of this source."
    if status == 401:  # noqa: PLR2004 - unauthorised
        return login_hint
    return "The sign-in works, but this account may not read it: ask the owner for the permission."


def not_json(source: str, line: str, status: int, headers: Mapping[str, str], content: bytes) -> Exception:
    """Explain a body that should have been JSON."""
    line, kind = address(line), headers.get("content-type", "")
    if "html" in kind or content[:15].lstrip().lower().startswith((b"<!doctype", b"<html")):
        return HttpDenied(
            f"{line} answered with a web page instead of data: a sign-in page, or no tracker at all. Check "
            "the address (base_url) and whether sign-in by token is allowed there.",
            source=source, status=status, headers=headers,
        )  # fmt: skip
    return HttpError(
        f"{line} answered with {kind or _NO_CONTENT_TYPE} that is not JSON. Check the address (base_url) and "
        "what stands between Muster and it.",
        source=source, status=status, body=scrubbed(content[:_KEPT].decode(errors="replace")).encode(),
    )  # fmt: skip


def unreachable(
    source: str,
    base_url: str,
    error: httpx.TransportError,
    option: str = "base_url",
    proxy: str | None = None,
) -> Exception | str:
    """Tell a failure that another try cannot mend from one that it may: that is returned as words."""
    host, causes = urlsplit(base_url).netloc, _causes(error)
    text = None
    if proxy and _has(causes, socket.gaierror | ConnectionRefusedError):  # we speak with nobody but the proxy
        parts, option = urlsplit(proxy), "proxy"
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    if _has(causes, ssl.SSLCertVerificationError):
        return UntrustedCertificate(
            f"the certificate of {host} is not trusted. If it is signed by your own authority, give the "
            "certificate of that authority (ca_bundle in a file).",
            source=source,
        )
    if _has(causes, ssl.SSLError):
        text = (
            f"no encrypted connection to {host} could be made. Check whether {option} is https or http, and "
            "the port."
        )
    elif _has(causes, socket.gaierror):
        text = f"the host {host} is not known in the network. Check {option} for a typing mistake."
    elif isinstance(error, httpx.ProxyError):
        text = f"the proxy refuses the way to {host}. Check the proxy of this source and its password."
    if text is not None:
        return SourceUnavailable(text, source=source)
    if isinstance(error, httpx.TimeoutException):
        return f"no answer in time from {host}"
    if _has(causes, ConnectionRefusedError):
        return (
            f"nobody listens there: {host} refuses connections (it is down, or the port in {option} is wrong)"
        )
    return f"the connection to {host} broke ({type(error).__name__})"


def said(content: bytes) -> str:
    """Find the host's own words in an error body; "" when it has none worth showing."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(body, dict):
        return ""
    messages, errors, inner = body.get("errorMessages"), body.get("errors"), body.get("error")
    words = [str(word) for word in messages] if isinstance(messages, list) else []
    words += [f"{name}: {word}" for name, word in errors.items()] if isinstance(errors, dict) else []
    words += [str(inner.get("message", ""))] if isinstance(inner, dict) else []
    words += [str(body[name]) for name in ("message", "error_description") if isinstance(body.get(name), str)]
    return "; ".join(filter(None, words))[:300]


def is_refused(error: BaseException) -> bool:
    """Whether nobody listens at the port."""
    return _has(_causes(error), ConnectionRefusedError)


def _has(causes: list[BaseException], kind: type[BaseException] | UnionType) -> bool:
    return any(isinstance(cause, kind) for cause in causes)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found
