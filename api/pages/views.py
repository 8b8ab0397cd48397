"""Saved views: pages with their filters and day, by name, for oneself or for everybody."""

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.principal import Principal
from api.access.visible import authenticate
from api.pages.render import HTML, html
from api.translation import _
from api.wire.forms import read_form
from api.wire.problems import forbidden, not_found
from model.rights import SHOWN, Permission, who_may
from sync.store import unit_of_work
from sync.views import ViewRefused, Wanted, forget, keep, rename, views

router = APIRouter()
_MOST_FORM: Final = 8192  # bytes
SHARES: Final = Permission.DESIGN  # of the whole office: what is shared, everybody is shown


def owner_of(principal: Principal) -> str:
    """Say whose views somebody's are: the account's, else the person's, else the token's."""
    if principal.account is not None:
        return f"account {principal.account}"
    return f"person {principal.person}" if principal.person else f"token {principal.token}"


def may_share(principal: Principal, wanted: Wanted) -> None:
    """Refuse to share where only the office does.

    Raises:
        Problem: 403, with who may.
    """
    if wanted.shared and not principal.can(SHARES):
        roles = ", ".join(SHOWN[role] for role in who_may(SHARES))
        raise forbidden(f"Views are shared by the office ({roles}); keep this one for yourself.")


@router.get("/views")
def views_page(request: Request, name: str = "", address: str = "") -> Response:
    """List one's own views and those that are shared; with an address, let it be kept."""
    principal, _version = authenticate(request.app.state.engine, request)
    return _listed(request, principal, Wanted(name[:200], address[:2000]))


@router.post("/views")
async def keep_by_form(request: Request) -> Response:
    """Keep a view."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a view")
    return await run_in_threadpool(_kept, request, form)


@router.post("/views/{number}/rename")
async def rename_by_form(request: Request, number: int) -> Response:
    """Call a view of one's own otherwise."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a view")
    return await run_in_threadpool(_renamed, request, number, form)


@router.post("/views/{number}/forget")
async def forget_by_form(request: Request, number: int) -> Response:
    """Throw a view of one's own away."""
    same_origin(request)
    await read_form(request, most=_MOST_FORM, what="a view")
    return await run_in_threadpool(_forgotten, request, number)


def _kept(request: Request, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    wanted = Wanted(form.get("name", ""), form.get("address", ""), form.get("shared") == "1")
    may_share(principal, wanted)
    try:
        with unit_of_work(engine) as connection:
            keep(
                connection,
                owner_of(principal),
                principal.shown,
                wanted,
                at=datetime.now(UTC),
            )
    except ViewRefused as error:
        return _listed(request, principal, wanted, wrong=str(error))
    return RedirectResponse("/views", 303)


def _renamed(request: Request, number: int, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    try:
        with unit_of_work(engine) as connection:
            if not rename(connection, owner_of(principal), number, form.get("name", "")):
                raise not_found(f"There is no view {number} of yours.")
    except ViewRefused as error:
        return _listed(request, principal, Wanted("", ""), wrong=str(error), at=number)
    return RedirectResponse("/views", 303)


def _forgotten(request: Request, number: int) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    with unit_of_work(engine) as connection:
        if not forget(connection, owner_of(principal), number):
            raise not_found(f"There is no view {number} of yours.")
    return RedirectResponse("/views", 303)


def _listed(
    request: Request, principal: Principal, wanted: Wanted, wrong: str | None = None, at: int | None = None
) -> Response:
    engine: Engine = request.app.state.engine
    with engine.connect() as connection:
        found = views(connection, owner_of(principal), principal.projects)
    context = {
        "title": _("Saved views"),
        "mine": [each for each in found if each.mine],
        "others": [each for each in found if not each.mine],
        "wanted": wanted,
        "wrong": wrong,
        "at": at,
        "shares": principal.can(SHARES),
    }
    body = html("views.html", principal=principal, here="/views", **context)
    return Response(body, 422 if wrong else 200, {"Cache-Control": "private, no-store"}, HTML)
