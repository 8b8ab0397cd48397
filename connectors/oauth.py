"""OAuth 2.0 tokens: exchanged when they end, stored before they are used, never spent twice."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import orjson
from pydantic import SecretStr

from connectors.errors import AccessDenied, ConnectorError, MisconfiguredSource, SourceUnavailable
from connectors.grants import Grant, Held, TokenStore
from connectors.http import Answer, Http
from connectors.redaction import remember, scrubbed

_EARLY: Final = timedelta(seconds=60)  # a token is exchanged so long before its end
_JUST_NOW: Final = timedelta(seconds=30)  # a token this young is not refused for its age
REUSE: Final = timedelta(minutes=10)  # Atlassian takes a spent refresh token so long after its first use
_SMALL: Final = 1 << 16  # bytes of a refusal that are worth a look
_ANSWERED: Final = (200, 400, 401, 403)
_UNAUTHORIZED: Final = 401
_WRONG_SCOPE: Final = b"scope does not match"  # Atlassian's gateway: no newer token mends that
_BAD_CLIENT: Final = frozenset({"invalid_client", "access_denied"})


@dataclass(frozen=True, slots=True)
class Authority:
    """Where tokens come from, and who asks.

    `form`: it wants a form instead of JSON; `pkce`: it takes a proof of who asked (RFC 7636). Both are Data Center's.
    """

    http: Http  # without credentials of its own
    token_path: str
    authorize_url: str
    client_id: str
    client_secret: SecretStr
    callback: str
    scopes: tuple[str, ...]
    form: bool = False
    audience: str | None = None
    pkce: bool = False

    @property
    def source(self) -> str:
        """The source that this is for."""
        return self.http.source

    def consent_url(self, state: str, challenge: str | None = None) -> str:
        """Return the page where a person allows us in; it sends them back to `callback`.

        `challenge` stands for the verifier that `redeem` will show; left out where the authority takes none.
        """
        asked = {
            "client_id": self.client_id,
            "scope": " ".join(self.scopes),
            "redirect_uri": self.callback,
            "state": state,
            "response_type": "code",
            "prompt": "consent",
        }
        if challenge and self.pkce:
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        if self.audience:
            asked = {"audience": self.audience, **asked}
        return f"{self.authorize_url}?{urlencode(asked)}"

    def redeem(self, code: str, now: datetime, verifier: str | None = None) -> Grant:
        """Turn the code of a person's consent into the first grant.

        Raises:
            ConnectorError: The authority does not take it, or is out of reach.
        """
        remember(code)
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
        answer = self._ask(asked | ({"code_verifier": verifier} if verifier else {}))
        error, said = _error(answer)
        if error in _BAD_CLIENT:
            raise self._bad_client(said)
        if error is not None:
            raise AccessDenied(
                f"the authority does not take the code of this sign-in ({said}); codes end after a moment: sign in "
                "again",
                source=self.source,
            )
        grant = self._grant(answer, now)
        if grant.refresh is None:
            raise AccessDenied(
                "the authority gave no refresh token; the scope offline_access is missing", source=self.source
            )
        return grant

    def exchange(self, refresh: str, now: datetime, left_off_at: datetime | None) -> Grant:
        """Spend a refresh token on the next grant.

        Args:
            refresh: The token.
            now: The present instant.
            left_off_at: When an exchange of this token began whose outcome was never stored.

        Raises:
            AccessDenied: It is not good any more, with what may have become of it.
            SourceUnavailable: The authority is out of reach; whether the token was spent is not known.
        """
        answer = self._ask(
            {"grant_type": "refresh_token", "refresh_token": refresh}
            | ({"redirect_uri": self.callback} if self.form else {})
        )
        error, said = _error(answer)
        if error is not None and error in _BAD_CLIENT:
            raise self._bad_client(said)
        if error is not None:
            raise AccessDenied(
                f"the sign-in is not good any more ({said}). {_why_lost(now, left_off_at)} {again(self.source)}",
                source=self.source,
            )
        grant = self._grant(answer, now)
        return grant if grant.refresh else Grant(refresh, grant.access, grant.expires_at)

    def by_client(self, now: datetime) -> Grant:
        """Get a token for the client itself: a service account.

        Raises:
            ConnectorError: The authority does not know it, or is out of reach.
        """
        answer = self._ask({"grant_type": "client_credentials"})
        error, said = _error(answer)
        if error is not None:
            raise self._bad_client(said)
        return self._grant(answer, now)

    def _ask(self, asked: Mapping[str, str]) -> Answer:
        secret = self.client_secret.get_secret_value()
        remember(secret)
        body = {**asked, "client_id": self.client_id, "client_secret": secret}
        if self.form:
            return self.http.post_form(self.token_path, body, ok=_ANSWERED)
        return self.http.post(self.token_path, body, ok=_ANSWERED)

    def _grant(self, answer: Answer, now: datetime) -> Grant:
        body = answer.json()
        access = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(access, str) or not access:
            raise SourceUnavailable(
                f"{self.http.base_url} answered, but with no token; check authority", source=self.source
            )
        refresh = body.get("refresh_token")
        remember(access, refresh if isinstance(refresh, str) else None)
        lasts = body.get("expires_in")
        until = now + timedelta(seconds=float(lasts)) if isinstance(lasts, int | float) else None
        return Grant(refresh if isinstance(refresh, str) else None, access, until)

    def _bad_client(self, said: str) -> ConnectorError:
        return AccessDenied(
            f"the authority does not know this application ({said}): check client_id and client_secret",
            source=self.source,
        )


class OAuthToken(httpx.Auth):
    """Puts a bearer token on every request; exchanges it when it ends, and once when it is refused.

    The grant is a person's consent, kept in `store`; or a service account's, got by the client itself
    and kept in memory.
    """

    def __init__(
        self,
        authority: Authority,
        store: TokenStore | None,
        clock: Callable[[], datetime],
        *,
        service: bool = False,
    ) -> None:
        self._authority = authority
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._got_at: datetime | None = None  # when this process exchanged it itself
        self._denied: ConnectorError | None = None
        self._service = service
        self.identity = ("oauth", authority.client_id, "" if service else authority.source)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request, and once more with the next token when the answer is 401.

        Raises:
            ConnectorError: No token is to be had, with the reason.
        """
        token = self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == _UNAUTHORIZED and not _is_scope(response):
            following = self.token(refused=token)
            if following != token:
                request.headers["Authorization"] = f"Bearer {following}"
                yield request

    def token(self, *, refused: str | None = None) -> str:
        """Return a bearer token; not the one refused, unless it is too young to have ended.

        Raises:
            ConnectorError: As `Authority.exchange`; or nobody has signed in yet.
        """
        with self._lock:
            if self._denied is not None:
                raise self._denied
            now = self._clock()
            if (access := self._usable(self._grant, refused, now)) is not None:
                return access
            try:
                self._grant = self._next(refused, now)
            except (AccessDenied, MisconfiguredSource) as error:
                self._denied = error  # asking again changes nothing, and seven threads are waiting to
                raise
            return str(self._grant.access)

    def _usable(self, grant: Grant | None, refused: str | None, now: datetime) -> str | None:
        if grant is None or grant.access is None:
            return None
        if grant.access == refused:
            young = self._got_at is not None and now - self._got_at < _JUST_NOW
            return grant.access if young else None
        if grant.expires_at is not None and grant.expires_at - now <= _EARLY:
            return None
        return grant.access

    def _next(self, refused: str | None, now: datetime) -> Grant:
        if self._service:
            self._got_at = now
            return self._authority.by_client(now)
        if self._store is None:
            raise MisconfiguredSource(
                "its tokens rotate, and there is no store for them here", source=self._authority.source
            )
        with self._store.held() as held:
            grant = held.grant
            if grant is None or (grant.refresh is None and grant.access is None):
                raise AccessDenied(
                    f"nobody has signed in yet. {again(self._authority.source)}",
                    source=self._authority.source,
                )
            remember(grant.access, grant.refresh)
            if self._usable(grant, refused, now) is not None:
                return grant  # another process, or an earlier run, has it already
            return self._exchanged(held, grant, now)

    def _exchanged(self, held: Held, grant: Grant, now: datetime) -> Grant:
        if grant.refresh is None:
            raise AccessDenied(
                f"its token has ended, and there is none to renew it. {again(self._authority.source)}",
                source=self._authority.source,
            )
        left_off_at = held.left_off_at
        held.begin(now)
        try:
            following = self._authority.exchange(grant.refresh, now, left_off_at)
        except AccessDenied:
            held.unspent()
            raise
        held.replace(following, self._clock())
        self._got_at = self._clock()
        return following


def new_verifier() -> str:
    """Return a secret that proves, when a code is redeemed, who asked for it (RFC 7636)."""
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    """Return what stands for a verifier until it is shown (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def again(source: str) -> str:
    """Say how somebody lets us in, on a page or at a terminal."""
    return (
        "Sign in on the source's page, under Address and sign-in, or at a terminal with: muster source login"
        f" {source}"
    )


def _is_scope(response: httpx.Response) -> bool:
    """Whether a refusal is about what the token may do, which no newer one changes."""
    size = response.headers.get("content-length", "")
    if not size.isdigit() or int(size) > _SMALL or "content-encoding" in response.headers:
        return False
    return _WRONG_SCOPE in response.read()


def _error(answer: Answer) -> tuple[str | None, str]:
    """Return the error's name, None where there is none, and the authority's words."""
    try:
        body: Any = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = None
    body = body if isinstance(body, dict) else {}
    name = body.get("error")
    if answer.status == httpx.codes.OK and name is None:
        return None, ""
    name = str(name or f"HTTP {answer.status}")
    words = body.get("error_description")
    return name, scrubbed(f"{name}: {words}"[:200] if words else name).rstrip(".")


def _why_lost(now: datetime, left_off_at: datetime | None) -> str:
    if left_off_at is None:
        return (
            "It was revoked, was used by another program, or lay unused for too long (Jira Cloud: 90 days)."
        )
    since = int((now - left_off_at).total_seconds() // 60)
    return (
        f"An exchange of it that began at {left_off_at:%Y-%m-%d %H:%M} UTC, {since} minutes ago, was never stored: "
        "Muster, its machine or the network stopped in between, and the next token was lost with it. (Jira Cloud takes "
        f"a token once more for {REUSE.total_seconds() / 60:.0f} minutes, and no longer.)"
    )
