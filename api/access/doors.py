"""The door that programs come in by: their key, however it is sent, and how often they may knock.

A key in the query is taken out of the address before anything else sees it, so that it stands in no log, no
link and no key of a cache. Below this, every token is `Authorization: Bearer`.
"""

import base64
import binascii
import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_plus

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.limits import Rate
from api.access.origin import from_elsewhere
from api.wire.headers import STRICT
from api.wire.problems import document
from api.wire.reached import PROGRAMS

KEY_PARAMETER: Final = "apikey"
KEY_HEADER: Final = "x-api-key"
_TABLES: Final = ("/odata/", "/files/")  # where people's tools ask for a user name and a password
_ROOTS: Final = ("/odata/v1", "/odata/projectdata", "/files/v1")  # people leave out the slash at the end
_BASIC: Final = 'Basic realm="Muster", charset="UTF-8"'
_BEARER: Final = 'Bearer realm="Muster"'
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_KNOWN: Final = 10_000
_FORM: Final = "form "
_SIGN_IN: Final = "/sign-in"
_BACK: Final = "/sign-in/callback"  # where one comes back from a provider: a GET, and a try like any other
_KNOCK: Final = "muster.knock"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute that one token may make, and sign-ins a minute that may fail from one address."""

    requests: Rate | None
    failures: Rate

    @classmethod
    def a_minute(cls, requests: int, failures: int) -> "Limits":
        """Return the limits; 0 requests is no limit to them."""
        return cls(Rate(requests) if requests else None, Rate(failures))


@dataclass(slots=True)
class Knock:
    """One request at the door; whoever looks a key up says that it stands."""

    let_in: bool = False


class Door:
    """Take the key from wherever it is sent, hold to the limits, and challenge whoever has none."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        stands: Callable[[str], bool] | None = None,
    ) -> None:
        self._app = app
        self._stands = stands  # says of the hash of a key whether it is one
        self._limits = limits
        self._clock = clock
        self._good: OrderedDict[str, None] = OrderedDict()  # hashes of tokens that were let in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it comes too often or from another site."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in _ROOTS:  # no redirection: many tools would follow it without the key
            scope.update(path=scope["path"] + "/", raw_path=scope["path"].encode() + b"/")
        basic = _present_as_bearer(scope)
        request = Request(scope)
        if basic and scope["method"] not in _READS and from_elsewhere(request):
            await _refusal(request, 403, "not-allowed", "This was sent by another site.")(
                scope, receive, send
            )
            return
        name, limits = _name(request), self._limits
        if limits is None or name is None:
            await self._app(scope, receive, _challenging(scope, send))
            return
        address = address_of(scope)
        if (seconds := await self._wait(limits, name, address)) > 0:
            await _too_often(request, seconds)(scope, receive, send)
            return

        knock = scope[_KNOCK] = Knock()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == HTTPStatus.UNAUTHORIZED:
                    self._failed(limits, name, address)
                elif knock.let_in:  # an answer alone says nothing: some routes ask for no key
                    self._remember(name)
            await send(message)

        await self._app(scope, receive, _challenging(scope, noting))

    async def _wait(self, limits: Limits, name: str, address: str) -> float:
        """Return the seconds to wait; 0 lets it in and counts it."""
        now = self._clock()
        # Wrong keys tried over and over are stopped; good ones from the same address, as behind a proxy, are not.
        seconds = 0.0 if name in self._good else limits.failures.wait(address, now)
        if seconds > 0 and not await self._is_good(name):
            return seconds
        return limits.requests.take(name, now) if limits.requests else 0.0

    async def _is_good(self, name: str) -> bool:
        """Look up a key that did not come yet, where others of its address are held back.

        A key is too long to be guessed at any speed, so that holding back spares work only, and this is little.
        """
        if self._stands is None or name.startswith(_FORM):
            return False
        try:
            found = await run_in_threadpool(self._stands, name)
        except SQLAlchemyError:
            return False  # it is held back as before; without the database nobody is let in
        if found:
            self._remember(name)
        return found

    def _failed(self, limits: Limits, name: str, address: str) -> None:
        self._good.pop(name, None)
        limits.failures.take(address, self._clock())

    def _remember(self, name: str) -> None:
        self._good[name] = None
        self._good.move_to_end(name)
        if len(self._good) > _MOST_KNOWN:
            self._good.popitem(last=False)


def let_in(request: Request) -> None:
    """Say that the key of a request was looked up and stands."""
    knock = request.scope.get(_KNOCK)
    if isinstance(knock, Knock):
        knock.let_in = True


def key_of(authorization: str) -> str | None:
    """Return the token of the header that programs send; None where it holds none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _present_as_bearer(scope: Scope) -> bool:
    """Put the key where it is looked for, and take it out of the address; tell whether it came as Basic."""
    key = _out_of_query(scope)
    if not scope["path"].startswith(PROGRAMS):
        return False  # a page is signed in to by its form
    headers = MutableHeaders(scope=scope)
    given = headers.get("authorization")
    if given is None:
        if key := headers.get(KEY_HEADER) or key:
            headers["authorization"] = f"Bearer {key}"
        return False
    scheme, _, rest = given.partition(" ")
    if scheme.lower() != "basic":
        return False
    headers["authorization"] = f"Bearer {_password(rest)}"
    return True


def _out_of_query(scope: Scope) -> str | None:
    """Take the key out of the query, also for the server's own log; return it."""
    kept, key = keyless(scope["query_string"].decode("latin-1"))
    if key is not None:
        scope["query_string"] = kept.encode("latin-1")
    # What is no token must be no header either: a line break in it would end one.
    return key if key is not None and key.isascii() and key.isprintable() else key and "no-token"


def keyless(query: str) -> tuple[str, str | None]:
    """Return a query without the key in it, and the key; None where there is none."""
    kept, key = [], None
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if unquote_plus(name).lower() == KEY_PARAMETER:
            key = unquote_plus(value)
        else:
            kept.append(part)
    return "&".join(kept), key


def _password(encoded: str) -> str:
    """Return the password of Basic, or the user name where that is all there is; whoever it says it is."""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "no-token"
    token = password or user
    return token if token.isascii() and token.isprintable() else "no-token"


def _name(request: Request) -> str | None:
    """Return whom to count: whoever tries to sign in, or a token by its hash; None for those who only look."""
    path = request.scope["path"]
    if path == _BACK or (request.method == "POST" and path.startswith(_SIGN_IN)):
        return f"{_FORM}{address_of(request.scope)}"
    given = request.headers.get("authorization")
    if given is None:
        return None
    # However it is written, it is one token, and has one rate.
    return hashlib.sha256((key_of(given) or given).encode("utf-8", "replace")).hexdigest()


def address_of(scope: Scope) -> str:
    """Return whence it comes; of IPv6 the network, since one customer has all of its addresses."""
    host = str((scope.get("client") or ("unknown",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))  # noqa: PLR2004 - IPv4


def _challenging(scope: Scope, send: Send) -> Send:
    """Say with every 401 how to sign in: `Basic` first where tools ask people for a name and a password."""
    tables = scope["path"].startswith(_TABLES)
    # A script of a page that is answered so must not make the browser ask its user for a password.
    asks = tables or Headers(scope=scope).get("sec-fetch-mode") in (None, "navigate")
    ways = [_BASIC, _BEARER] if tables else [_BEARER, _BASIC] if asks else [_BEARER]

    async def challenging(message: Message) -> None:
        unknown = message["type"] == "http.response.start" and message["status"] == HTTPStatus.UNAUTHORIZED
        if unknown and scope["path"].startswith(PROGRAMS):
            MutableHeaders(scope=message)["www-authenticate"] = ", ".join(ways)
        await send(message)

    return challenging


def _too_often(request: Request, seconds: float) -> Response:
    wait = math.ceil(seconds)
    says = f"Too many requests; try again in {wait} s. docs/api.md says how many are taken."
    return _refusal(request, 429, "too-many-requests", says, {"Retry-After": str(wait)})


def _refusal(
    request: Request, status: int, slug: str, says: str, headers: dict[str, str] | None = None
) -> Response:
    return document(request, status, slug, says, headers={**STRICT, **(headers or {})})
