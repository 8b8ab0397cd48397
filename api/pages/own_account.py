"""One's own account: what one may, one's password, and the browsers one is signed in with."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.visible import Principal, authenticate
from api.account_reads import AccountRow, accounts
from api.pages.accounts import ROLE_NAMES, ROLE_SAYS, SCOPE_NAMES
from api.pages.render import HTML, html
from api.signin.session_reads import open_sessions
from api.signin.sessions import no_session
from api.signin.signing import Refused, TriedTooOften, check_password
from api.signin.tokens import LINK_LIVES
from api.translation import N_, _
from api.wire.forms import read_form
from model.password import LEAST, fault
from sync.passwords import set_password
from sync.sessions import end_one, end_sessions, linked_at
from sync.store import unit_of_work

router = APIRouter()
WAYS: Final = {
    "password": N_("with the password"),
    "provider": N_("single sign-on"),
    "link": N_("by a one-time link"),
    "token": N_("with a token"),
}
_MOST_FORM: Final = 8192  # bytes


@router.get("/account")
def account_page(request: Request, done: str | None = None) -> Response:
    """Show who one is here."""
    principal, _version = authenticate(request.app.state.engine, request)
    return _shown(request, principal, done=done)


@router.post("/account/password")
async def change_password(request: Request) -> Response:
    """Change one's password: the present one, and the new one twice."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="three passwords")
    return await run_in_threadpool(_changed, request, form)


@router.post("/account/sessions")
async def end_session_by_form(request: Request) -> Response:
    """End one of one's sessions, or all but this one."""
    same_origin(request)
    form = await read_form(request, what="a session")
    return await run_in_threadpool(_ended, request, form.get("session", ""))


def _own(request: Request) -> tuple[Principal, int]:
    principal, _version = authenticate(request.app.state.engine, request)
    if principal.account is None:
        raise no_session(
            "This is signed in with a token that is of no account, so it has no account to change."
        )
    if principal.session is None:
        raise no_session("A token changes no account: sign in to do so.")
    return principal, principal.account


def _changed(request: Request, form: dict[str, str]) -> Response:
    principal, number = _own(request)
    engine: Engine = request.app.state.engine
    with engine.connect() as connection:
        [row] = accounts(connection, only=number)
        needs = _password_needs(connection, principal, row, datetime.now(UTC))
    if needs == "late":
        raise no_session(
            "A one-time link lets one set a password for half an hour, once: ask an administrator for another."
        )
    if needs == "nothing":
        raise no_session("This account has no password: it signs in at the identity provider.")
    now, new, wrong = datetime.now(UTC), form.get("new", ""), None
    if needs == "present":
        wrong = _not_present(request, row.name, form.get("password", ""), now)
    if wrong is None and new != form.get("again", ""):
        wrong = ("again", _("This is not the same as the new password."))
    if wrong is None and (says := fault(new, row.name, row.shown, "muster")):
        wrong = ("new", says)
    if wrong is not None:
        return _shown(request, principal, wrong=wrong)
    hash_ = request.app.state.passwords.made(new)
    with unit_of_work(engine) as connection:
        set_password(connection, number, hash_, at=now, keep=principal.session)
    return RedirectResponse("/account?done=password", 303)


def _password_needs(connection: Connection, principal: Principal, row: AccountRow, now: datetime) -> str:
    """Return what setting a password takes: the present one, or a link that an administrator made for it.

    "late": there is none, and the link was used too long ago; "nothing": there is none to set.
    """
    began = None if principal.session is None else linked_at(connection, principal.session)
    if began is not None and not row.by_provider and now - began <= LINK_LIVES:
        return "link"
    if row.by_password:
        return "present"
    return "late" if began is not None and not row.by_provider else "nothing"


def _not_present(request: Request, name: str, typed: str, now: datetime) -> tuple[str, str] | None:
    """Say what is wrong with the present password as typed; None where it is right."""
    try:
        check_password(request, name, typed, now=now)
    except Refused:
        return "password", _("This is not your present password.")
    except TriedTooOften as often:
        wait = often.minutes
        return "password", _("There were too many tries. Wait %(minutes)s min, then try again.", minutes=wait)
    return None


def _ended(request: Request, which: str) -> Response:
    principal, number = _own(request)
    now = datetime.now(UTC)
    with unit_of_work(request.app.state.engine) as connection:
        if which == "others":
            end_sessions(connection, number, at=now, but=principal.session)
        elif which.isascii() and which.isdigit() and int(which) < 2**62:
            end_one(connection, number, int(which), at=now)
    return RedirectResponse("/account?done=sessions", 303)


def _shown(
    request: Request, principal: Principal, *, wrong: tuple[str, str] | None = None, done: str | None = None
) -> Response:
    now = datetime.now(UTC)
    row, sessions, needs = None, [], "nothing"
    if principal.account is not None:
        with request.app.state.engine.connect() as connection:
            row = next(iter(accounts(connection, only=principal.account)))
            needs = _password_needs(connection, principal, row, now)
            since = now - request.app.state.lives.idle
            sessions = open_sessions(connection, principal.account, idle_since=since, now=now)
    context: dict[str, Any] = {
        "title": _("Your account"), "row": row, "sessions": sessions, "wrong": wrong, "done": done,
        "needs": needs, "WAYS": WAYS,
        "LEAST": LEAST, "ROLE_NAMES": ROLE_NAMES, "ROLE_SAYS": ROLE_SAYS, "SCOPE_NAMES": SCOPE_NAMES,
    }  # fmt: skip
    body = html("own_account.html", principal=principal, here="/account", **context)
    return Response(body, 200 if wrong is None else 409, {"Cache-Control": "no-store"}, HTML)
