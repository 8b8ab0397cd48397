"""Sign in with a one-time link or a pasted token; sign out."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Engine, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access import COOKIE, hash_token, sign
from api.forms import read_form
from api.origin import same_origin
from api.pages.render import HTML, html
from model.tables import ApiToken
from sync.tokens import SIGN_IN, redeem_link

router = APIRouter()
SESSION_LIVES: Final = timedelta(days=30)
_MOST_FORM: Final = 4096  # bytes


@router.get("/sign-in")
def sign_in(request: Request, token: str | None = None) -> Response:
    """Redeem a one-time link, or show the form."""
    if token is None or request.scope.get("muster.head"):  # a preview of the link must not use it up
        return _form(200)
    engine: Engine = request.app.state.engine
    now = datetime.now(UTC)
    ends = now + SESSION_LIVES
    session_hash = hash_token(secrets.token_urlsafe(32))
    number = redeem_link(engine, hash_token(token), session_hash=session_hash, at=now, expires_at=ends)
    if number is None:
        return _form(401, wrong="This link was used already or is too old. Make a new one with "
                     "`muster token link`, or paste a token here.")  # fmt: skip
    return _signed_in(request, number, session_hash, ends, "/")


@router.post("/sign-in")
async def sign_in_by_form(request: Request) -> Response:
    """Take a pasted token for a cookie."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a token")
    token = form.get("token", "").strip()
    going = local_path(form.get("next", "/"))
    found = await run_in_threadpool(_standing, request.app.state.engine, token, datetime.now(UTC))
    if found is None:
        return _form(401, going, "This token is unknown, expired or revoked, or it may not read.")
    ends = min(found["expires_at"] or datetime.max.replace(tzinfo=UTC), datetime.now(UTC) + SESSION_LIVES)
    return _signed_in(request, found["id"], found["hash"], ends, going)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Forget the cookie."""
    same_origin(request)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def local_path(value: str) -> str:
    """Return a path of these pages, whatever was sent: never another site's address."""
    fine = value.startswith("/") and not value.startswith("//") and "\\" not in value and value.isprintable()
    return value if fine else "/"


def _standing(engine: Engine, token: str, now: datetime) -> dict[str, Any] | None:
    query = select(ApiToken.id, ApiToken.hash, ApiToken.scopes, ApiToken.expires_at).where(
        ApiToken.hash == hash_token(token),
        ApiToken.revoked_at.is_(None),
        (ApiToken.expires_at.is_(None)) | (ApiToken.expires_at > now),
    )
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None or SIGN_IN in row["scopes"] or not {"read", "admin"} & set(row["scopes"]):
        return None
    return dict(row)


def _signed_in(request: Request, number: int, hash_: str, ends: datetime, going: str) -> Response:
    response = RedirectResponse(going, 303)
    response.set_cookie(
        COOKIE, sign(number, ends, hash_), max_age=int((ends - datetime.now(UTC)).total_seconds()), path="/",
        httponly=True, samesite="lax", secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


def _form(status: int, going: str = "/", wrong: str | None = None) -> Response:
    context = {"title": "Sign in", "detail": None, "next": going, "wrong": wrong, "status": status}
    return Response(html("signin.html", principal=None, here="", **context), status, media_type=HTML)
