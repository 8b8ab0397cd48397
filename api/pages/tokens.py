"""Tokens for programs: one's own, and for administrators everybody's. A token is shown once, as it is made."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.visible import SCOPES, Principal, authenticate
from api.account_reads import accounts
from api.pages.accounts import ROLE_NAMES
from api.pages.render import HTML, html
from api.signin.session_reads import held_tokens
from api.signin.sessions import base_url, no_session
from api.signin.tokens import BadToken, account_link, create_token
from api.translation import N_, _
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.rights import Permission
from sync.tokens import revoke_number

router = APIRouter()
DAYS: Final = {"30": N_("30 days"), "90": N_("90 days"), "180": N_("half a year"), "365": N_("a year")}
SCOPE_SAYS: Final = {
    "read": N_("Read what it may see"),
    "sync": N_("Start syncs and answer what runs ask"),
    "admin": N_("Everything"),
}
Number = Annotated[int, Path(ge=1, lt=2**62)]
_NO_STORE: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Made:
    """A token that was just made: the one time it is shown."""

    name: str
    token: str


@router.get("/tokens")
def tokens_page(request: Request, done: str | None = None) -> Response:
    """List the tokens one may see."""
    principal, _version = authenticate(request.app.state.engine, request)
    return _listed(request, principal, done=done)


@router.post("/tokens")
async def create_by_form(request: Request) -> Response:
    """Make a token and show it, this once."""
    same_origin(request)
    form = await read_form(request, what="a token")
    return await run_in_threadpool(_made, request, form)


@router.post("/tokens/{number}/revoke")
async def revoke_by_form(request: Request, number: Number) -> Response:
    """Make a token worthless at once."""
    same_origin(request)
    await read_form(request, what="a button")
    return await run_in_threadpool(_revoked, request, number)


def _made(request: Request, form: dict[str, str]) -> Response:
    principal, engine = _signed_in(request), request.app.state.engine
    program = form.get("whose") == "program" and principal.can(Permission.ADMINISTER)
    if not program and principal.account is None:
        raise no_session("Only somebody with an account makes tokens of their own.")
    name = form.get("name", "").strip()
    try:
        scopes, roles = _what_it_may(engine, principal, form, program=program)
        projects = form.get("projects", "").replace(",", " ").split() or None
        _may_see(principal, projects)
        token = create_token(
            engine, name, scopes=scopes, projects=projects,
            lives=_lives(form), speaks_for=(None, roles), account=None if program else principal.account,
        )  # fmt: skip
    except BadToken as error:
        return _listed(request, principal, wrong=str(error), typed=form)
    return _listed(request, principal, made=Made(name, token))


def _may_see(principal: Principal, projects: list[str] | None) -> None:
    """Refuse projects that are hidden, in the same words as those that are not there."""
    if principal.projects is None:
        return
    if unknown := sorted(set(projects or ()) - set(principal.projects)):
        raise BadToken(_("You see no project of that key: %(keys)s.", keys=", ".join(unknown)))


def _lives(form: dict[str, str]) -> timedelta:
    if (days := form.get("days", "")) not in DAYS:
        raise BadToken(_("Say how long it works."))
    return timedelta(days=int(days))


def _what_it_may(
    engine: Engine, principal: Principal, form: dict[str, str], *, program: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the scopes and the roles of a token: of one's own all of one's roles, or reading alone."""
    may = form.get("may", "read")
    if may == "read" or (program and may in SCOPES):
        return (may,), ()
    if may != "all" or program:
        raise BadToken(_("Say what it may: this goes with tokens of the other kind."))
    with engine.connect() as connection:
        [row] = accounts(connection, only=principal.account)
    if not row.roles:
        raise BadToken(_("You hold no role, so a token of yours could do nothing."))
    return (), tuple(sorted({held.role for held in row.roles}))


def _revoked(request: Request, number: int) -> Response:
    principal, engine = _signed_in(request), request.app.state.engine
    with engine.connect() as connection:
        found = held_tokens(connection, number=number)
    mine = found and principal.account is not None and found[0].account_id == principal.account
    if not found or not (mine or principal.can(Permission.ADMINISTER)):
        raise not_found(f"There is no token {number}, or it is not yours.")
    revoke_number(engine, number, datetime.now(UTC))
    return RedirectResponse("/tokens?done=revoked", 303)


@router.post("/accounts/{number}/link")
async def link_by_form(request: Request, number: Number) -> Response:
    """Make a one-time link by which somebody gets into their account and sets a password."""
    same_origin(request)
    await read_form(request, what="a button")
    return await run_in_threadpool(_linked, request, number)


def _linked(request: Request, number: int) -> Response:
    principal, engine = _signed_in(request), request.app.state.engine
    with engine.connect() as connection:
        found = accounts(connection, only=number)
    if not found:
        raise not_found(f"There is no account {number}.")
    [row] = found
    if row.by_provider or row.disabled_at is not None:
        says = "It signs in at the identity provider." if row.by_provider else "It is shut: open it first."
        raise no_session(f"Account {row.name} gets no link. {says}")
    link = account_link(engine, base_url(request), number) + "&next=%2Faccount"  # where the password is set
    context = {"title": _("A link for %(name)s", name=row.shown), "row": row, "link_made": link}
    body = html("account_link.html", principal=principal, here=request.url.path, **context)
    return Response(body, 200, _NO_STORE, HTML)


def _signed_in(request: Request) -> Principal:
    """Return who is signed in in a browser: a token makes no other tokens, so that it cannot outlive itself.

    Raises:
        Problem: 409 for a token.
    """
    principal, _version = authenticate(request.app.state.engine, request)
    if principal.token is not None:
        raise no_session("A token makes and ends no tokens: sign in with an account, or use `muster token`.")
    return principal


def _listed(
    request: Request,
    principal: Principal,
    *,
    wrong: str | None = None,
    typed: dict[str, str] | None = None,
    made: Made | None = None,
    done: str | None = None,
) -> Response:
    everybodys = principal.can(Permission.ADMINISTER)
    rows = []
    if everybodys or principal.account is not None:
        with request.app.state.engine.connect() as connection:
            rows = held_tokens(connection, account=None if everybodys else principal.account)
    context: dict[str, Any] = {
        "title": _("Tokens"), "rows": rows, "everybodys": everybodys, "wrong": wrong, "typed": typed or {},
        "made": made, "done": done, "now": datetime.now(UTC), "DAYS": DAYS, "SCOPE_SAYS": SCOPE_SAYS,
        "ROLE_NAMES": ROLE_NAMES, "makes": principal.token is None and (principal.account is not None),
    }  # fmt: skip
    body = html("tokens.html", principal=principal, here="/tokens", **context)
    return Response(body, 200 if wrong is None else 409, _NO_STORE, HTML)
