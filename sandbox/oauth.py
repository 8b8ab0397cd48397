"""OAuth beside a sandbox Jira: the authority whose refresh tokens rotate, and Cloud's gateway.

Control: `GET /_sandbox/oauth` tells what was exchanged; POST sets `access_s` and `reuse_s` (lifetimes in
seconds), `scopes`, `refuse` (whether people say no), `lose` (how many answers with new tokens get lost) and
`hold_s` (how long each is held back), gives a refresh token (`grant`) or a code (`code`) without a visit, and
`revoke`s everything.
"""

import asyncio
import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import orjson

from sandbox import tokens
from sandbox.faults import drop, read_body, send_bytes, send_json
from sandbox.options import App, Receive, Scope, Send

CLOUD_ID: Final = "11223344-a1b2-4c3d-9e8f-000000000001"
CLIENT_ID, CLIENT_SECRET = "muster-sandbox-app", "sandbox-app-secret"
SCOPED_TOKEN: Final = "sandbox-scoped-token"  # noqa: S105 - made up; as Basic, and through the gateway only
SCOPES: Final = (
    "read:jira-work", "read:jira-user", "read:board-scope:jira-software", "read:sprint:jira-software",
    "read:project:jira", "offline_access",
)  # fmt: skip
_SCOPED: Final = "Basic " + base64.b64encode(f"sync@example.com:{SCOPED_TOKEN}".encode()).decode()
_AUDIENCE: Final = "api.atlassian.com"
_GATEWAY: Final = re.compile(rf"/ex/jira/{CLOUD_ID}(?=/)")
_NEEDS: Final = (("/rest/agile/", "read:board-scope:jira-software"), ("/rest/", "read:jira-work"))
_BAD: Final = {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}


@dataclass(slots=True)
class Authority:
    """Which tokens are good, and how often one was spent twice."""

    access_s: float = 3600.0
    reuse_s: float = 600.0
    scopes: tuple[str, ...] = SCOPES
    lose: int = 0
    hold_s: float = 0.0
    refuse: bool = False
    exchanges: int = 0
    twice: int = 0
    codes: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # with the redirect and challenge asked with
    refresh: set[str] = field(default_factory=set)
    spent: dict[str, float] = field(default_factory=dict)  # token -> when first
    revoked_before: float = 0.0

    def state(self) -> dict[str, Any]:
        """Return what `GET /_sandbox/oauth` answers."""
        return {"exchanges": self.exchanges, "twice": self.twice, "live": len(self.refresh)}

    def change(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Set lifetimes and so on; `grant` gives a first refresh token and `code` a code, without a visit."""
        self.access_s = float(wanted.get("access_s", self.access_s))
        self.reuse_s = float(wanted.get("reuse_s", self.reuse_s))
        self.scopes = tuple(wanted.get("scopes", self.scopes))
        self.lose = int(wanted.get("lose", self.lose))
        self.hold_s = float(wanted.get("hold_s", self.hold_s))
        self.refuse = bool(wanted.get("refuse", self.refuse))
        if wanted.get("revoke"):
            self._end()
        given = {"refresh_token": self._new_refresh()} if wanted.get("grant") else {}
        return {**self.state(), **given, **({"code": self.consent()} if wanted.get("code") else {})}

    def consent(self, redirect: str = "", challenge: str = "") -> str:
        """Return the code of a consent; everybody consents here. "" is nothing to hold a redemption to."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = (redirect, challenge)
        return code

    def answer(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a request for a token."""
        if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
            return 401, {"error": "access_denied", "error_description": "Unauthorized"}
        kind = asked.get("grant_type")
        if kind == "client_credentials":
            return 200, self._access()
        if kind == "authorization_code":
            redirect, challenge = self.codes.pop(asked.get("code", ""), (None, ""))
            proven = not challenge or _challenge(asked.get("code_verifier", "")) == challenge
            if redirect is None or not proven or redirect not in ("", asked.get("redirect_uri")):
                return 403, {"error": "invalid_grant", "error_description": "Invalid authorization code"}
            return 200, self._access() | {"refresh_token": self._new_refresh()}
        if kind == "refresh_token":
            return self._exchange(asked.get("refresh_token", ""))
        return 400, {"error": "unsupported_grant_type"}

    def _exchange(self, token: str) -> tuple[int, dict[str, Any]]:
        now = time.time()
        if token in self.spent:
            self.twice += 1
            if now - self.spent[token] > self.reuse_s:
                self._end()  # a token that comes back late was stolen: the whole family ends
                return 403, _BAD
        elif token in self.refresh:
            self.refresh.discard(token)
            self.spent[token] = now
        else:
            return 403, _BAD
        self.exchanges += 1
        return 200, self._access() | {"refresh_token": self._new_refresh()}

    def _access(self) -> dict[str, Any]:
        access = tokens.issue(_AUDIENCE, CLOUD_ID, CLIENT_ID, list(self.scopes), self.access_s)
        lasts = {"expires_in": self.access_s, "scope": " ".join(self.scopes), "token_type": "Bearer"}
        return {"access_token": access, **lasts}

    def _new_refresh(self) -> str:
        token = f"rt-{secrets.token_urlsafe(40)}"
        self.refresh.add(token)
        return token

    def _end(self) -> None:
        self.refresh.clear()
        self.spent.clear()
        self.revoked_before = time.time()

    def knows(self, header: str) -> tuple[str, ...] | None:
        """Return the scopes of a bearer token, None when it is not good."""
        claims = tokens.claims(header.removeprefix("Bearer "))
        if claims is None or tokens.expired(claims) or claims["iat"] < self.revoked_before:
            return None
        return tuple(claims["roles"])


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class OAuth:
    """An ASGI application in front of a Jira: it lets OAuth's tokens in as the account that the Jira knows."""

    def __init__(self, app: App, *, account: str, site: str, context: str | None) -> None:
        """`account` is the Authorization header the Jira takes; `context` is Data Center's path, None on Cloud."""
        self._app = app
        self._account = account.encode()
        self._site = site
        self._context = context
        self.authority = Authority()
        here = "" if context is None else f"{context}/rest/oauth2/latest"
        self._authorize = f"{here}/authorize"
        self._token = f"{here}/token" if here else "/oauth/token"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        path = scope.get("path", "")
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif path == "/_sandbox/oauth":
            wanted = orjson.loads(await read_body(receive) or b"{}") if scope["method"] == "POST" else {}
            await send_json(send, 200, self.authority.change(wanted))
        elif path == self._authorize:
            await self._consent(scope, send)
        elif path == self._token:
            await self._give(scope, await read_body(receive), send)
        elif self._context is None:
            await self._cloud(scope, receive, send)
        else:
            await self._server(scope, receive, send)

    async def _consent(self, scope: Scope, send: Send) -> None:
        asked = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        if asked.get("client_id") != CLIENT_ID or "redirect_uri" not in asked:
            await send_json(send, 400, {"error": "invalid_request"})
            return
        if self.authority.refuse:
            told = {"error": "access_denied", "error_description": "User denied the request"}
        else:
            # Cloud takes no challenge, and passes over one.
            challenge = "" if self._context is None else asked.get("code_challenge", "")
            told = {"code": self.authority.consent(asked["redirect_uri"], challenge)}
        back = urlencode({"state": asked.get("state", ""), **told})
        await send_bytes(send, 302, b"", "text/plain", {"Location": f"{asked['redirect_uri']}?{back}"})

    async def _give(self, scope: Scope, body: bytes, send: Send) -> None:
        kind = _header(scope, b"content-type")
        if "json" in kind:
            asked = orjson.loads(body or b"{}")
        else:
            asked = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        status, answer = self.authority.answer(asked)
        if self.authority.hold_s:
            await asyncio.sleep(self.authority.hold_s)  # exchanged, and not yet told
        if status == 200 and self.authority.lose:  # noqa: PLR2004 - it succeeded, and nobody will know
            self.authority.lose -= 1
            drop(send)
            return
        await send_json(send, status, answer)

    async def _cloud(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, given = scope["path"], _header(scope, b"authorization")
        if path == "/oauth/token/accessible-resources":
            scopes = self.authority.knows(given)
            site = {"id": CLOUD_ID, "name": "sandbox", "url": self._site, "scopes": list(scopes or ())}
            await send_json(send, 200 if scopes else 401, [site] if scopes else {"code": 401})
            return
        if not path.startswith("/ex/jira/"):
            await self._app(scope, receive, send)
            return
        below = _GATEWAY.sub("", path)
        scopes = SCOPES if given == _SCOPED else self.authority.knows(given)
        needed = next((scope_ for prefix, scope_ in _NEEDS if below.startswith(prefix)), None)
        if below == path:
            await send_json(send, 404, {"code": 404, "message": "Not Found"})
        elif scopes is None:
            await send_json(send, 401, {"code": 401, "message": "Unauthorized"})
        elif needed is not None and needed not in scopes:
            await send_json(send, 401, {"code": 401, "message": "Unauthorized; scope does not match"})
        else:
            await self._app(self._as_account(scope, below), receive, send)

    async def _server(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self.authority.knows(_header(scope, b"authorization")) is not None
        await self._app(self._as_account(scope, scope["path"]) if known else scope, receive, send)

    def _as_account(self, scope: Scope, path: str) -> Scope:
        headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
        return {**scope, "path": path, "headers": [*headers, (b"authorization", self._account)]}


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for each, value in scope["headers"] if each == name), "")
