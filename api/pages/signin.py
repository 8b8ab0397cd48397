"""Sign in with a one-time link or a pasted token; sign out."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Engine, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import sessions
from api.access import hash_token
from api.forms import read_form
from api.origin import same_origin
from api.pages.render import HTML, html
from model.tables import ApiToken
from sync.sessions import NewSession, link_stands, redeem_link
from sync.tokens import SIGN_IN

router = APIRouter()
_MOST_FORM: Final = 4096  # bytes
_USED: Final = "This link was used already or is too old. Make a new one with `muster token link`, or paste a token here."
_NO_TOKEN: Final = "This token is unknown, expired or revoked, or it may not read."  # noqa: S105 - words, no secret


@router.get("/sign-in")
def sign_in(request: Request, token: str | None = None) -> Response:
    """Show the form, or ask whether a one-time link shall be used: looking at it, as previews do, is not using it."""
    if token is None:
        return _form(200)
    engine: Engine = request.app.state.engine
    with engine.connect() as connection:
        stands = link_stands(connection, hash_token(token), at=datetime.now(UTC))
    return _form(200, link=token) if stands else _form(401, wrong=_USED)


@router.post("/sign-in/link")
async def sign_in_by_link(request: Request) -> Response:
    """Use a one-time link up for a session."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a link")
    return await run_in_threadpool(_redeemed, request, form.get("ticket", ""))


@router.post("/sign-in")
async def sign_in_by_form(request: Request) -> Response:
    """Take a pasted token for a session."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a token")
    token, going = form.get("token", "").strip(), local_path(form.get("next", "/"))
    return await run_in_threadpool(_by_token, request, token, going)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""
    same_origin(request)
    response = RedirectResponse("/sign-in", 303)
    sessions.end(request, datetime.now(UTC))
    sessions.forget(request, response)
    return response


def local_path(value: str) -> str:
    """Return a path of these pages, whatever was sent: never another site's address."""
    fine = value.startswith("/") and not value.startswith("//") and "\\" not in value and value.isprintable()
    return value if fine else "/"


def _redeemed(request: Request, ticket: str) -> Response:
    now = datetime.now(UTC)
    secret, ends = sessions.new_secret(request, now)
    new = NewSession(sessions.secret_hash(secret), "link", ends, agent=request.headers.get("user-agent"))
    engine: Engine = request.app.state.engine
    if redeem_link(engine, hash_token(ticket), new, token_lives_to=ends, at=now) is None:
        return _form(401, wrong=_USED)
    sessions.end(request, now)
    response = RedirectResponse("/", 303)
    sessions.give(request, response, secret, ends, now)
    return response


def _by_token(request: Request, token: str, going: str) -> Response:
    found = _standing(request.app.state.engine, token, datetime.now(UTC))
    if found is None:
        return _form(401, going, _NO_TOKEN)
    response = RedirectResponse(going, 303)
    sessions.sign_in(request, response, way="token", token=found["id"], ends=found["expires_at"])
    return response


def _standing(engine: Engine, token: str, now: datetime) -> dict[str, Any] | None:
    query = select(ApiToken.id, ApiToken.scopes, ApiToken.expires_at).where(
        ApiToken.hash == hash_token(token),
        ApiToken.revoked_at.is_(None),
        (ApiToken.expires_at.is_(None)) | (ApiToken.expires_at > now),
    )
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None or SIGN_IN in row["scopes"] or not {"read", "admin"} & set(row["scopes"]):
        return None
    return dict(row)


def _form(status: int, going: str = "/", wrong: str | None = None, link: str | None = None) -> Response:
    context = {
        "title": "Sign in",
        "detail": None,
        "next": going,
        "wrong": wrong,
        "status": status,
        "link": link,
    }
    return Response(html("signin.html", principal=None, here="", **context), status, media_type=HTML)
