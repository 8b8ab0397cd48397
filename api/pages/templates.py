"""Templates as pages: which version judges, what a version asks, what trying it found, and what waits for somebody."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, acts_as, deciding
from api.access.origin import same_origin
from api.access.rights import refusal
from api.access.visible import Principal, TemplatesReader, visible_projects
from api.pages.render import HTML, html, page
from api.template_documents import (
    head_document,
    programme_names,
    tailoring_document,
    template_documents,
    told_tailorings,
    waiver_document,
)
from api.translation import N_, Translated, _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import forbidden, not_found
from model.collection.roles import Actor
from model.declaration import InvalidDeclaration
from model.rights import Permission
from model.template.differences import differences, step
from sync.collection import tailoring, waivers
from sync.collection.template_migration import migrate_open
from sync.collection.template_steps import (
    APPROVER,
    WRITERS,
    TemplateRefused,
    approve,
    authors_of,
    base_of,
    keep_trial,
    retire,
    send_back,
    submit,
)
from sync.collection.template_trial import try_on_all
from sync.collection.templates import NoSuchTemplate, judging, kept, kept_version
from sync.store import unit_of_work
from sync.today import today

router = APIRouter()
TemplateId = Annotated[str, Path(max_length=100)]
Version = Annotated[str, Path(max_length=40)]
STANDS: Final = Translated(
    {"draft": N_("a draft"), "review": N_("in review"), "approved": N_("approved"), "retired": N_("retired")}
)


@router.get("/templates")
def templates_page(reader: TemplatesReader) -> Response:
    """Show the templates, and the waivers and tailorings of them."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _listed(session.connection(), reader.principal, visible)

    return page(reader, "templates.html", collect, also=deciding(reader.principal))


@router.get("/templates/{template}/{version}")
def template_page(reader: TemplatesReader, template: TemplateId, version: Version) -> Response:
    """Show one version whole."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _shown(session.connection(), reader.principal, visible, template, version)

    return page(reader, "template.html", collect, also=deciding(reader.principal))


@router.post("/templates/{template}/{version}/{act}")
async def step_by_form(request: Request, template: TemplateId, version: Version, act: str) -> Response:
    """Take a step of a version: try, hand in, approve, return, retire."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_stepped, request, (template, version), act, form)


@router.post("/templates/{kind}/{number}")
async def term_by_form(request: Request, kind: str, number: str) -> Response:
    """Grant or end a waiver, approve or end a tailoring."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_decided, request, kind, number, form)


def templates_shown(request: Request, principal: Principal, wrong: str, typed: dict[str, str]) -> Response:
    """Show the page of templates again with what could not be done, and what was typed."""
    with request.app.state.engine.connect() as connection, Session(connection) as session:
        visible = visible_projects(session, principal)
        context = _listed(connection, principal, visible, wrong=wrong) | {"typed": typed}
    return _told(request, "templates.html", principal, context)


def _writes(principal: Principal) -> bool:
    return acts_as(principal, *WRITERS) and principal.can(Permission.DESIGN)


def _listed(
    connection: Connection, principal: Principal, visible: Visible, wrong: str | None = None
) -> dict[str, Any]:
    day = today(connection, datetime.now(UTC))
    mine = principal.projects
    let_off = [
        waiver_document(each, day)
        for each in waivers.waivers(connection)
        if mine is None or each["project"] in mine
    ]
    changed = [
        {**tailoring_document(each), "covers": tailoring.covers_in_words(each["applies"])}
        for each in told_tailorings(connection, visible)
    ]
    return {
        "title": _("Templates"),
        "templates": template_documents(kept(connection), day),
        "waivers": let_off,
        "tailorings": changed,
        "STANDS": STANDS,
        "officer": acts_as(principal, "project_officer", APPROVER),
        "head": acts_as(principal, APPROVER),
        "writer": _writes(principal),
        "programmes": sorted(programme_names(connection, visible)),
        "typed": {},
        "wrong": wrong,
    }


def _shown(
    connection: Connection,
    principal: Principal,
    visible: Visible,
    template: str,
    version: str,
    wrong: str | None = None,
) -> dict[str, Any]:
    try:
        each = kept_version(connection, template, version)
        loaded = each.loaded()
    except (NoSuchTemplate, InvalidDeclaration) as error:
        raise not_found(f"{error}.") from None
    day = today(connection, datetime.now(UTC))
    versions = kept(connection, template)
    base = base_of(versions, version) if each.state in ("draft", "review") else _before(versions, each.number)
    try:
        found = () if base is None else differences(base.loaded().document, loaded.document)
    except InvalidDeclaration:  # what it is measured by cannot be read any more
        base, found = None, ()
    return {
        "title": each.label,
        "head": head_document(each, judging(versions, day)),
        "stands": STANDS[each.state],
        "authors": authors_of(versions, each) if each.state in ("draft", "review") else each.writers,
        "loaded": loaded,
        "versions": [one.version for one in versions],
        "base": None if base is None else base.label,
        "differences": found,
        "step": step(found),
        "trial": each.trial if visible is None else None,
        "day": day,
        "approver": acts_as(principal, APPROVER),
        "writer": _writes(principal),
        "wrong": wrong,
    }


def _before(versions: list[Any], number: tuple[int, ...]) -> Any:
    earlier = [one for one in versions if one.number < number and one.state in ("approved", "retired")]
    return earlier[-1] if earlier else None


def _stepped(request: Request, which: tuple[str, str], act: str, form: dict[str, str]) -> Response:
    if act not in STEPS:
        raise not_found(f"There is nothing at {request.url.path}.")
    principal, actor = acting(request)
    engine = request.app.state.engine
    try:
        with unit_of_work(engine) as connection:
            STEPS[act](connection, which, actor, form)
    except NoSuchTemplate as error:
        raise not_found(f"{error}.") from None
    except (TemplateRefused, InvalidDeclaration) as error:
        with engine.connect() as connection, Session(connection) as session:
            visible = visible_projects(session, principal)
            context = _shown(connection, principal, visible, *which, wrong=str(error))
        return _told(request, "template.html", principal, context)
    return RedirectResponse(f"/templates/{which[0]}/{which[1]}", 303)


def _try(connection: Connection, which: tuple[str, str], _actor: Actor, _form: dict[str, str]) -> None:
    known = kept_version(connection, *which)
    keep_trial(connection, known, try_on_all(connection, known, now=datetime.now(UTC)).to_json())


def _submit(connection: Connection, which: tuple[str, str], actor: Actor, _form: dict[str, str]) -> None:
    submit(connection, *which, actor=actor, now=datetime.now(UTC))


def _approve(connection: Connection, which: tuple[str, str], actor: Actor, form: dict[str, str]) -> None:
    now = datetime.now(UTC)
    because = form.get("because", "").strip()[:2000] or None
    approve(connection, *which, actor=actor, now=now, effective=_day(form.get("from", "")), because=because)
    migrate_open(connection, day=today(connection, now), now=now, template=which[0])


def _return(connection: Connection, which: tuple[str, str], actor: Actor, form: dict[str, str]) -> None:
    because = form.get("because", "")[:2000]
    send_back(connection, *which, because=because, actor=actor, now=datetime.now(UTC))


def _retire(connection: Connection, which: tuple[str, str], actor: Actor, form: dict[str, str]) -> None:
    because, last = form.get("because", "")[:2000], _day(form.get("last", ""))
    retire(connection, *which, because=because, actor=actor, now=datetime.now(UTC), last=last)


STEPS: Final[dict[str, Callable[[Connection, tuple[str, str], Actor, dict[str, str]], None]]] = {
    "try": _try, "submit": _submit, "approve": _approve, "return": _return, "retire": _retire,
}  # fmt: skip
TERMS: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    ("waivers", "grant"): partial(waivers.grant, door="web"), ("waivers", "end"): waivers.end,
    ("tailorings", "approve"): tailoring.approve, ("tailorings", "end"): tailoring.end,
}  # fmt: skip


def _decided(request: Request, kind: str, number: str, form: dict[str, str]) -> Response:
    do = TERMS.get((kind, form.get("act", "")))
    if do is None or not number.isascii() or not number.isdigit() or len(number) > 18:  # noqa: PLR2004  (bigint)
        raise not_found(f"There is nothing at {request.url.path}.")
    principal, actor = acting(request)
    if kind == "tailorings" and not principal.can(
        Permission.DESIGN
    ):  # one changes the rules of every project
        raise forbidden(refusal(principal, Permission.DESIGN))
    engine = request.app.state.engine
    try:
        with unit_of_work(engine) as connection:
            if kind == "waivers":
                _visible_waiver(connection, principal, int(number))
            do(connection, int(number), actor=actor, now=datetime.now(UTC))
    except (TemplateRefused, InvalidDeclaration, NoSuchTemplate) as error:
        with engine.connect() as connection, Session(connection) as session:
            context = _listed(connection, principal, visible_projects(session, principal), wrong=str(error))
        return _told(request, "templates.html", principal, context)
    return RedirectResponse(f"/templates#{kind}", 303)


def _visible_waiver(connection: Connection, principal: Principal, number: int) -> None:
    """Refuse a waiver of a project that is hidden, in the words of one that is not there."""
    if principal.projects is None:
        return
    found = {each["id"]: each["project"] for each in waivers.waivers(connection)}
    if found.get(number) not in principal.projects:
        raise not_found(f"There is no waiver {number}, or this token may not see it.")


def _told(request: Request, name: str, principal: Principal, context: dict[str, Any]) -> Response:
    """Show the page again with what could not be done."""
    body = html(name, principal=principal, here=request.url.path, **context)
    return Response(body, 409, {"Cache-Control": "no-store"}, HTML)


def _day(typed: str) -> date | None:
    """Read a day of a form; empty is none.

    Raises:
        TemplateRefused: It is no day.
    """
    try:
        return date.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError:
        raise TemplateRefused(f"{typed!r} is no day; write it as YYYY-MM-DD") from None
