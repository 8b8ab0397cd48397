"""The cookie of whoever is signed in: a secret, kept as its SHA-256 beside whose it is and when it ends."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from starlette.requests import Request
from starlette.responses import Response

from api.access.csrf import GUEST, SESSION, cookie, cookie_name
from api.access.grants import WHOSE, stands
from api.access.principal import Principal
from api.wire.problems import Problem
from api.wire.reached import is_secure
from api.wire.version import SEEN
from sync.sessions import NewSession, begin_session, end_session, see_session

_SEEN_EVERY: Final = timedelta(minutes=1)
_LONGEST: Final = 200  # characters of a cookie that is looked at
_LOOK: Final = text(
    f"""SELECT {SEEN} AS seen, s.id AS session, s.seen_at, {WHOSE}
        FROM (VALUES (1)) AS one
        LEFT JOIN account_session s ON s.hash = :hash AND s.ended_at IS NULL AND s.ends_at > :now
         AND s.seen_at > :idle
        LEFT JOIN api_token t ON t.id = s.token_id AND t.revoked_at IS NULL
         AND (t.expires_at IS NULL OR t.expires_at > :now)
        LEFT JOIN account a ON a.id = coalesce(s.account_id, t.account_id) AND a.disabled_at IS NULL"""
)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session lasts."""

    idle: timedelta = timedelta(hours=8)  # without being used
    most: timedelta = timedelta(days=7)  # whatever happens


def secret_hash(secret: str) -> str:
    """Return the form the secret of a session is stored in."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def session_cookie(request: Request) -> str | None:
    """Return the secret that a browser sends; None where it sends none that could be one."""
    secret = cookie(SESSION, request.scope)
    return secret if secret and len(secret) <= _LONGEST else None


def look_up(connection: Connection, request: Request, secret: str, now: datetime) -> Any:
    """Return whose session a secret opens, as `grants.stands` and `grants.principal_of` read it."""
    idle = now - request.app.state.lives.idle
    row = connection.execute(_LOOK, {"hash": secret_hash(secret), "now": now, "idle": idle}).one()
    if stands(row) and now - row.seen_at > _SEEN_EVERY:
        see_session(connection, row.session, at=now)
    return row


def sign_in(
    request: Request,
    response: Response,
    *,
    way: str,
    account: int | None = None,
    token: int | None = None,
    ends: datetime | None = None,
) -> None:
    """Begin a session of an account or by a token, and give the browser its cookie.

    Its secret is a new one whatever the browser held, and what it held ends.
    """
    engine: Engine = request.app.state.engine
    now = datetime.now(UTC)
    end(request, now)
    secret, ends_at = new_secret(request, now, ends)
    agent = request.headers.get("user-agent")
    begin_session(engine, NewSession(secret_hash(secret), way, ends_at, account, token, agent), at=now)
    give(request, response, secret, ends_at, now)


def new_secret(request: Request, now: datetime, ends: datetime | None = None) -> tuple[str, datetime]:
    """Return a secret for a session and the end of it, which `ends` may bring nearer."""
    most = now + request.app.state.lives.most
    return secrets.token_urlsafe(32), min(ends, most) if ends else most


def give(request: Request, response: Response, secret: str, ends_at: datetime, now: datetime) -> None:
    """Put a session's secret into the browser."""
    response.set_cookie(
        cookie_name(SESSION, request.scope), secret, max_age=int((ends_at - now).total_seconds()), path="/",
        httponly=True, samesite="lax", secure=is_secure(request.scope),
    )  # fmt: skip


def end(request: Request, now: datetime) -> str | None:
    """End the session a browser is in; return the way it was opened, None where it is in none."""
    secret = session_cookie(request)
    if secret is None:
        return None
    return end_session(request.app.state.engine, secret_hash(secret), at=now)


def forget(request: Request, response: Response) -> None:
    """Take our cookies out of the browser."""
    for plain in (SESSION, GUEST):
        response.delete_cookie(
            cookie_name(plain, request.scope), path="/", httponly=True, samesite="lax",
            secure=is_secure(request.scope),
        )  # fmt: skip


def base_url(request: Request) -> str:
    """Return where browsers reach these pages, without a slash at the end."""
    return str(request.app.state.public_url or request.base_url).rstrip("/")


def no_session(detail: str) -> Problem:
    """Say that this is done by somebody in a browser, and not with a token, whatever that may."""
    return Problem(409, "needs-a-session", detail)


def changes_accounts(principal: Principal) -> None:
    """Refuse a token that is an account's: what it gave would outlive it, and the account.

    Raises:
        Problem: 409.
    """
    if principal.token is not None and principal.account is not None:
        raise no_session("A token of an account changes no account: sign in, or use a program's own token.")
