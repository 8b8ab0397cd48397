"""A token in every form: what another site makes a browser send does not know it.

It is worked out from the secret of the cookie that the browser holds, so nothing is stored, it ends with the
session, and it says nothing of the cookie. Whoever is not signed in yet gets a cookie for the form they are
shown. Programs that send their key with each request need none: no browser sends a key unasked.
"""

import base64
import hashlib
import hmac
import re
import secrets
from http.cookies import SimpleCookie
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.wire.problems import document
from api.wire.reached import PROGRAMS, is_secure

FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
# Stands in rendered pages where the token goes. Nobody can have written it into a tracker beforehand.
MARK: Final = f"csrf-{secrets.token_urlsafe(24)}"
SESSION: Final = "muster_session"
GUEST: Final = "muster_guest"
_PREFIX: Final = "__Host-"  # such a cookie was set by this very host, over https
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SIGN_IN: Final = "/sign-in"  # takes no key beside the form, so a key there excuses nothing
_LOOKED_AT: Final = 65_536  # bytes of a form in which its token must have come
_IN_FORM: Final = re.compile(rb"(?:^|&)csrf=([A-Za-z0-9_-]+)")
_IN_PARTS: Final = re.compile(rb'name="csrf"\r\n\r\n([A-Za-z0-9_-]+)\r\n')
_SAYS: Final = (
    "This page was shown to another session, or before you signed in. Nothing was changed: go back, load the page"
    " again and send it once more."
)


def cookie_name(plain: str, scope: Scope) -> str:
    """Return what a cookie is called here: over https a name that only this host can set."""
    return f"{_PREFIX}{plain}" if is_secure(scope) else plain


def cookie(plain: str, scope: Scope) -> str | None:
    """Return the value of one of our cookies, None where the browser has none."""
    given = Headers(scope=scope).get("cookie")
    return (cookie_parser(given).get(cookie_name(plain, scope)) or None) if given else None


def token_of(secret: str) -> str:
    """Return the token of a session, given its cookie's secret."""
    made = hmac.new(secret.encode("utf-8", "replace"), b"muster form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def form_token(scope: Scope) -> str | None:
    """Return the token that this browser's forms carry; None before it has a cookie."""
    secret = cookie(SESSION, scope) or cookie(GUEST, scope)
    return None if secret is None else token_of(secret)


class Csrf:
    """Refuse what is sent without the form's token, and write the token into the pages that go out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it changes something and lacks the token."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        filling = _Filling(scope, send)
        if not _needs(scope):
            await self._app(scope, receive, filling.send)
            return
        expected = form_token(scope)
        given, again = await _given(scope, receive)
        if expected is None or given is None or not hmac.compare_digest(expected, given):
            await document(Request(scope), 403, "form-out-of-date", _SAYS)(scope, receive, filling.send)
            return
        await self._app(scope, again, filling.send)


def _needs(scope: Scope) -> bool:
    signs_in = scope["path"].startswith(_SIGN_IN)
    if scope["method"] not in _UNSAFE or (not signs_in and "authorization" in Headers(scope=scope)):
        return False
    if cookie(SESSION, scope) is not None:
        return True
    if scope["path"].startswith(PROGRAMS):
        return False  # nobody is signed in, which is said further on
    return cookie(GUEST, scope) is not None or signs_in


async def _given(scope: Scope, receive: Receive) -> tuple[str | None, Receive]:
    """Return the token that came, and how to read the body from its beginning all the same."""
    if (header := Headers(scope=scope).get(HEADER)) is not None:
        return header if header.isascii() else None, receive
    kept: list[Message] = []
    begun, found = b"", None
    while found is None and len(begun) < _LOOKED_AT:
        message = await receive()
        kept.append(message)
        begun += message.get("body", b"")
        found = _IN_FORM.search(begun + b"&") or _IN_PARTS.search(begun)
        if found is not None and found.end() >= len(begun) and message.get("more_body"):
            found = None  # the rest of it may be in the next piece
        if message["type"] != "http.request" or not message.get("more_body"):
            break

    async def again() -> Message:
        return kept.pop(0) if kept else await receive()

    return found.group(1).decode("ascii") if found else None, again


class _Filling:
    """Writes the token into a page on its way out, with a cookie for a browser that has none."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            page = headers.get("content-type", "").startswith("text/html")
            if page and "content-encoding" not in headers:
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._filled(self._start)
            return
        await self._send(message)

    async def _filled(self, start: Message) -> None:
        body = self._body
        if MARK.encode() in body:
            headers = MutableHeaders(scope=start)
            body = body.replace(MARK.encode(), self._token(headers).encode())
            if "content-length" in headers:
                headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    def _token(self, headers: MutableHeaders) -> str:
        if "authorization" in Headers(scope=self._scope) and not self._scope["path"].startswith(_SIGN_IN):
            return ""
        if (token := form_token(self._scope)) is not None:
            return token
        secret = secrets.token_urlsafe(32)
        made: SimpleCookie = SimpleCookie()
        name = cookie_name(GUEST, self._scope)
        made[name] = secret
        kept = {"path": "/", "httponly": True, "samesite": "lax", "secure": is_secure(self._scope)}
        for attribute, value in kept.items():
            made[name][attribute] = value
        headers.append("set-cookie", made.output(header="").strip())
        return token_of(secret)
