"""Sign in with a password, at a provider, with a one-time link or a pasted token; sign out."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Engine, text
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.causes import asks
from api.access.grants import OWNER, WHOSE, principal_of, stands
from api.access.origin import same_origin
from api.access.visible import hash_token
from api.pages.signin_form import show_form
from api.signin import sessions
from api.signin.signing import Refused, TriedTooOften, check_password
from api.translation import _
from api.wire.forms import read_form
from model.rights import Permission
from sync.sessions import NewSession, link_name, redeem_link, refuse_sign_in
from sync.tokens import SIGN_IN

router = APIRouter()
_MOST_FORM: Final = 8192  # bytes
_TOKEN: Final = text(
    f"SELECT {WHOSE} FROM api_token t {OWNER}"
    " WHERE t.hash = :hash AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :now)"
)


@router.get("/sign-in")
def sign_in(request: Request, token: str | None = None) -> Response:
    """Show the form, or ask whether a one-time link shall be used: looking at it, as previews do, is not using it."""
    going = local_path(request.query_params.get("next", "/"))
    if token is None:
        return show_form(request, 200, going=going)
    engine: Engine = request.app.state.engine
    with engine.connect() as connection:
        name = link_name(connection, hash_token(token), at=datetime.now(UTC))
    if name is None:
        return _used_link(request)
    return show_form(request, 200, going=going, ticket=token, link_name=name)


@router.post("/sign-in/link")
async def sign_in_by_link(request: Request) -> Response:
    """Use a one-time link up for a session."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a link")
    going = local_path(form.get("next", "/"))
    return await run_in_threadpool(_redeemed, request, form.get("ticket", ""), going)


@router.post("/sign-in")
async def sign_in_by_form(request: Request) -> Response:
    """Take a name with a password, or a pasted token, for a session."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a name and a password")
    going = local_path(form.get("next", "/"))
    if "token" in form:
        return await run_in_threadpool(_by_token, request, form["token"].strip(), going)
    typed = (form.get("name", ""), form.get("password", ""))
    return await run_in_threadpool(_by_password, request, *typed, going)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session; of one that began at a provider, the page then offers to end it there too."""
    same_origin(request)
    way = sessions.end(request, datetime.now(UTC))
    response = RedirectResponse(f"/sign-in?out={way or 'yes'}", 303)
    sessions.forget(request, response)
    return response


def local_path(value: str) -> str:
    """Return a path of these pages, whatever was sent: never another site's address."""
    fine = value.startswith("/") and not value.startswith("//") and "\\" not in value and value.isprintable()
    return value if fine else "/"


def _redeemed(request: Request, ticket: str, going: str) -> Response:
    now, engine = datetime.now(UTC), request.app.state.engine
    secret, ends = sessions.new_secret(request, now)
    new = NewSession(sessions.secret_hash(secret), "link", ends, agent=request.headers.get("user-agent"))
    hash_ = hash_token(ticket)
    with engine.connect() as connection:
        name = link_name(connection, hash_, at=now)
    if name is not None:
        asks(request, name)
    if name is None or redeem_link(engine, hash_, new, token_lives_to=ends, at=now) is None:
        return _used_link(request)
    sessions.end(request, now)
    response = RedirectResponse(going, 303)
    sessions.give(request, response, secret, ends, now)
    return response


def _used_link(request: Request) -> Response:
    wrong = _(
        "This link was used already or is too old. Make a new one with `muster token link`, or sign in another way."
    )
    return show_form(request, 401, wrong=wrong)


def _by_password(request: Request, name: str, password: str, going: str) -> Response:
    try:
        found = check_password(request, name, password, now=datetime.now(UTC))
    except TriedTooOften as often:
        wrong = _("There were too many tries. Wait %(minutes)s min, then try again.", minutes=often.minutes)
        retry = {"Retry-After": str(often.minutes * 60)}
        return show_form(request, 429, wrong=wrong, going=going, name=name, headers=retry)
    except Refused:
        wrong = _("The name or the password is wrong, or the account is shut.")
        return show_form(request, 401, wrong=wrong, going=going, name=name)
    response = RedirectResponse(going, 303)
    asks(request, found.name)
    sessions.sign_in(request, response, way="password", account=found.number)
    return response


def _by_token(request: Request, token: str, going: str) -> Response:
    now = datetime.now(UTC)
    found = _standing(request.app.state.engine, token, now)
    if found is None:
        refuse_sign_in(request.app.state.engine, "an unknown token", "unknown, expired or revoked", at=now)
        wrong = _("This token is unknown, expired or revoked, or it may not read.")
        return show_form(request, 401, wrong=wrong, going=going, by_token=True)
    response = RedirectResponse(going, 303)
    asks(request, principal_of(found).shown)
    sessions.sign_in(request, response, way="token", token=found.id, ends=found.expires_at)
    return response


def _standing(engine: Engine, token: str, now: datetime) -> Any | None:
    """Return the token that somebody pasted, where it stands and may look at projects: by scope or by role."""
    with engine.connect() as connection:
        row = connection.execute(_TOKEN, {"hash": hash_token(token), "now": now}).one_or_none()
    if row is None or SIGN_IN in row.scopes or not stands(row):
        return None
    return row if principal_of(row).can(Permission.VIEW) else None
