"""Who may sign in, and in which roles: administrators add people, give roles and take them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection, Engine, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.rights import DOING
from api.access.visible import Principal, authenticate
from api.account_reads import accounts, comes_to
from api.pages.render import HTML, html
from api.signin.sessions import changes_accounts
from api.translation import N_, _
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.rights import EVERYTHING, OFFICE_ONLY
from model.tables import Portfolio, Programme, Project
from sync.accounts import (
    AccountRefused,
    Grant,
    NewAccount,
    NoSuchAccount,
    add_account,
    disable,
    enable,
    give_role,
    say_person,
    take_role,
)
from sync.store import unit_of_work

router = APIRouter()
ROLE_NAMES: Final = {
    "pmo_head": N_("Head of the office"),
    "specialist": N_("Specialist"),
    "project_officer": N_("Project officer"),
    "project_manager": N_("Project manager"),
    "reader": N_("Reader"),
    "bi": N_("BI"),
    "administrator": N_("Administrator"),
}
ROLE_SAYS: Final = {
    "pmo_head": N_(
        "Sees all of it, decides with the office, approves templates and policies, reads the audit log."
    ),
    "specialist": N_("Works on submissions, findings, templates and policies; looks into sources."),
    "project_officer": N_(
        "Connects and maps sources, matches, settles, opens cycles, chases what is missing."
    ),
    "project_manager": N_("Answers for the projects that name them, and works on their findings."),
    "reader": N_("Looks at projects and their receipts, and changes nothing."),
    "bi": N_("Looks at projects, and extracts whole sets of rows by OData and files."),
    "administrator": N_(
        "Gives roles, configures sources, reads the audit log; decides nothing in the office's name."
    ),
}
SCOPE_NAMES: Final = {
    EVERYTHING: N_("everything"),
    "portfolio": N_("portfolio"),
    "programme": N_("programme"),
    "project": N_("project"),
}
_OLD: Final = {"Cache-Control": "no-store"}
_MOST_FORM: Final = 8192  # bytes


@dataclass(frozen=True, slots=True)
class Wrong:
    """What could not be done, and what was typed."""

    says: str
    typed: dict[str, str]


@router.get("/accounts")
def accounts_page(request: Request) -> Response:
    """List the accounts with their roles, and let one be added."""
    principal, _version = authenticate(request.app.state.engine, request)
    return _listed(request, principal, request.query_params.get("q", "")[:200])


@router.post("/accounts")
async def add_by_form(request: Request) -> Response:
    """Add an account and show it."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="an account")
    return await run_in_threadpool(_added, request, form)


@router.get("/accounts/{number}")
def account_page(request: Request, number: int) -> Response:
    """Show one account: what it holds, and what can be done with it."""
    principal, _version = authenticate(request.app.state.engine, request)
    return _one(request, principal, number)


@router.post("/accounts/{number}")
async def change_by_form(request: Request, number: int) -> Response:
    """Give or take a role, say whom an account is of, shut or open it."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="an account")
    return await run_in_threadpool(_changed, request, number, form)


def _added(request: Request, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    changes_accounts(principal)
    try:
        with unit_of_work(engine) as connection:
            new = NewAccount(form.get("name", ""), form.get("shown"), form.get("person"))
            number = add_account(connection, new, at=datetime.now(UTC))
    except AccountRefused as error:
        return _listed(request, principal, "", Wrong(str(error), form))
    return RedirectResponse(f"/accounts/{number}", 303)


def _grant(form: dict[str, str]) -> Grant:
    scope, _colon, key = form.get("of", EVERYTHING).partition(":")
    return Grant(form.get("role", ""), scope, key or None)


_Do = Callable[[Connection, int, dict[str, str], str, datetime], Any]
ACTS: Final[dict[str, _Do]] = {
    "give": lambda on, number, form, by, at: give_role(on, number, _grant(form), by=by, at=at),
    "take": lambda on, number, form, _by, at: take_role(on, number, _grant(form), at=at),
    "person": lambda on, number, form, _by, at: say_person(on, number, form.get("person"), at=at),
    "disable": lambda on, number, _form, _by, at: disable(on, number, at=at),
    "enable": lambda on, number, _form, _by, at: enable(on, number, at=at),
}


def _changed(request: Request, number: int, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    changes_accounts(principal)
    act = form.get("act", "")
    if act not in ACTS:
        raise not_found(f"There is nothing at {request.url.path}.")
    try:
        with unit_of_work(engine) as connection:
            ACTS[act](connection, number, form, principal.shown, datetime.now(UTC))
    except NoSuchAccount as error:
        raise not_found(f"{error}.") from None
    except AccountRefused as error:
        return _one(request, principal, number, Wrong(str(error), form))
    return RedirectResponse(f"/accounts/{number}", 303)


def _listed(request: Request, principal: Principal, q: str, wrong: Wrong | None = None) -> Response:
    with request.app.state.engine.connect() as connection:
        rows = accounts(connection)
    found = [row for row in rows if q.casefold() in f"{row.name} {row.shown} {row.person or ''}".casefold()]
    context = {"title": _("Accounts"), "rows": found, "all": len(rows), "q": q, "wrong": wrong, **_words()}
    return _page(request, principal, "accounts.html", context, wrong)


def _one(request: Request, principal: Principal, number: int, wrong: Wrong | None = None) -> Response:
    with request.app.state.engine.connect() as connection:
        found = accounts(connection, only=number) if number < 2**62 else []
        if not found:
            raise not_found(f"There is no account {number}.")
        keys = {
            "portfolio": list(connection.scalars(select(Portfolio.key).order_by(Portfolio.key))),
            "programme": list(connection.scalars(select(Programme.name).distinct().order_by(Programme.name))),
            "project": list(connection.scalars(select(Project.key).order_by(Project.key))),
        }
    row = found[0]
    may = [(DOING[each], of) for each, of in comes_to(row) if each in DOING]
    context = {
        "title": row.shown, "row": row, "keys": keys, "wrong": wrong, "may": may,
        "own": principal.account == row.id, **_words(),
    }  # fmt: skip
    return _page(request, principal, "account.html", context, wrong)


def _words() -> dict[str, Any]:
    return {
        "ROLE_NAMES": ROLE_NAMES,
        "ROLE_SAYS": ROLE_SAYS,
        "SCOPE_NAMES": SCOPE_NAMES,
        "OFFICE_ONLY": OFFICE_ONLY,
    }


def _page(
    request: Request, principal: Principal, template: str, context: dict[str, Any], wrong: Wrong | None
) -> Response:
    body = html(template, principal=principal, here=request.url.path, **context)
    return Response(body, 200 if wrong is None else 409, _OLD, HTML)
