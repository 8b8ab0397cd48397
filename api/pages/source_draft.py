"""The guided path to a source: each step a page of its own, kept as a draft, left and come back to at will."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.csrf import form_token
from api.access.origin import same_origin
from api.access.visible import Principal, authenticate
from api.pages.render import HTML, html
from api.pages.source_asked import Typed
from api.pages.source_show import CONSENT, STEPS, FormRefused, reached, step_page
from api.pages.source_steps import DEEDS, At, looked_at
from api.pages.source_upload import Sent, read_sent
from api.pages.source_ways import WAYS, way_for, way_of
from api.signin.sessions import base_url
from api.translation import _
from api.wire.forms import read_form
from api.wire.problems import bad_request, not_found
from config.vault import VaultUnusable
from sync import audit
from sync.draft_certificates import public_part
from sync.draft_consent import ConsentRefused, draft_of, take
from sync.drafts import Draft, DraftMoved, DraftRefused, NoDraft, begin, changing, discard, draft, drafts
from sync.store import unit_of_work

router = APIRouter()
Number = Annotated[int, Path(ge=1, lt=2**63)]
Step = Annotated[str, Path(max_length=40)]
_MOST: Final = 1_000_000  # bytes of a form: thousands of ticks
_LONGEST: Final = 4_000  # characters of a part of an answer
CALLBACK: Final = "/sources/consent"


@router.get("/sources/new")
def new_page(request: Request) -> Response:
    """Show what kinds of sources there are, and the drafts that wait."""
    principal, _version = authenticate(request.app.state.engine, request)
    return _kinds(request, principal)


@router.post("/sources/new")
async def begin_by_form(request: Request) -> Response:
    """Begin a draft of the chosen kind."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_begun, request, form)


@router.post("/sources/{name}/change")
async def change_by_form(request: Request, name: Annotated[str, Path(max_length=200)]) -> Response:
    """Begin a draft that changes a source, or go on with the one there is, at the step that was asked for."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_changed, request, name, form)


@router.get(CALLBACK)
def consent_answer(request: Request) -> Response:
    """Take whoever comes back from letting Muster in; the answer stands in the address, so it leads on at once."""
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    answer = {name: value[:_LONGEST] for name, value in request.query_params.items() if value.isprintable()}
    try:
        known = _draft(engine, draft_of(answer.get("state", "")))
    except DraftRefused as error:
        raise bad_request(str(error)) from None
    at = _at(request, principal, known, Sent({}))
    try:
        take(engine, known, answer, bound_to=at.bound_to, by=at.by, now=at.now)
        at.known = _draft(engine, known.id)
        return RedirectResponse(looked_at(at), 303)
    except ConsentRefused as error:
        at.keep(seen={"consent": None, "failure": str(error)})
        return RedirectResponse(at.to(CONSENT), 303)
    except (DraftRefused, DraftMoved, VaultUnusable) as error:
        return _page(request, principal, _draft(engine, known.id), CONSENT, Typed({}, {"": str(error)}))


@router.get("/sources/drafts/{number}/certificate.cer")
def certificate_file(request: Request, number: Number) -> Response:
    """Give the public part of a draft's certificate, for the registration of its application."""
    engine: Engine = request.app.state.engine
    authenticate(engine, request)
    known = _draft(engine, number)
    public = public_part(engine, str((known.block.get("auth") or {}).get("certificate") or ""))
    if not public:
        raise not_found(_("There is no certificate here."))
    sent = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="muster.cer"'}
    return Response(public, 200, sent, "application/x-pem-file")


@router.get("/sources/drafts/{number}/{step}")
def draft_page(request: Request, number: Number, step: Step) -> Response:
    """Show one step of a draft; one that cannot be taken yet leads to the one that can."""
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    known = _draft(engine, number)
    if step == CONSENT:
        return _page(request, principal, known, step)
    if step not in STEPS:
        raise not_found(_("There is no step %(step)s.", step=step))
    if step not in (open_ := reached(known)):
        return RedirectResponse(f"/sources/drafts/{number}/{open_[-1]}", 303)
    return _page(request, principal, known, step)


@router.post("/sources/drafts/{number}/{step}")
async def step_by_form(request: Request, number: Number, step: Step) -> Response:
    """Take a step: what was typed is kept, then tried; or throw the draft away."""
    same_origin(request)
    sent = await read_sent(request, most=_MOST, what=_("a step can be"))
    return await run_in_threadpool(_taken, request, number, step, sent)


def _who(principal: Principal) -> str:
    """Return what somebody is called beside what they did: the person, else the token's or account's name."""
    return principal.person or principal.shown


def _draft(engine: Engine, number: int) -> Draft:
    with engine.connect() as connection:
        try:
            return draft(connection, number)
        except NoDraft as error:
            raise not_found(str(error)) from None


def _kinds(request: Request, principal: Principal, wrong: str | None = None) -> Response:
    with request.app.state.engine.connect() as connection:
        waiting = drafts(connection)
    context = {"title": _("Add a source"), "ways": WAYS, "waiting": waiting, "wrong": wrong}
    return _sent(
        html("source_new.html", principal=principal, here="/sources/new", **context), wrong is not None
    )


def _begun(request: Request, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    way = way_of(form.get("way", ""))
    if way is None:
        return _kinds(request, principal, _("Choose what kind of source it is."))
    now = datetime.now(UTC)
    with unit_of_work(engine) as connection:
        number = begin(connection, way.key, {"kind": way.kind}, by=_who(principal), now=now)
        audit.record(connection, "draft.changed", f"draft {number}", {"kind": way.key}, at=now)
    return RedirectResponse(f"/sources/drafts/{number}/access", 303)


def _changed(request: Request, name: str, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    step = form.get("step", "review")
    if step not in STEPS:
        raise bad_request(_("There is no step %(step)s.", step=step))
    now = datetime.now(UTC)
    with unit_of_work(engine) as connection:
        try:
            number, block = changing(connection, name)
        except LookupError as error:
            raise not_found(str(error)) from None
        if number is None:
            way = way_for(block)
            number = begin(connection, way.key, block, by=_who(principal), now=now, source=name)
            audit.record(connection, "draft.changed", f"draft {number}", {"of": f"source {name}"}, at=now)
    return RedirectResponse(f"/sources/drafts/{number}/{step}", 303)


def _at(request: Request, principal: Principal, known: Draft, sent: Sent) -> At:
    """Return the step that a request takes, in this browser."""
    bound_to = hashlib.sha256((form_token(request.scope) or principal.name).encode()).hexdigest()
    callback = f"{base_url(request)}{CALLBACK}"
    return At(
        request.app.state.engine, known, sent.fields, _who(principal), datetime.now(UTC), callback, bound_to,
        sent.files,
    )  # fmt: skip


def _taken(request: Request, number: int, step: str, sent: Sent) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    if step == "discard":
        return _discarded(engine, number)
    known = _draft(engine, number)
    if step not in DEEDS or step not in (*reached(known), CONSENT):
        raise not_found(_("There is no step %(step)s.", step=step))
    form = sent.fields
    if form.get("version") != str(known.version):
        moved = _("Somebody else changed this draft meanwhile. Look at it again, then change it.")
        return _page(request, principal, known, step, Typed({}, {"": moved}))
    at = _at(request, principal, known, sent)
    try:
        return RedirectResponse(DEEDS[step](at), 303)
    except FormRefused as refused:
        typed = Typed(form, refused.errors)
    except (DraftMoved, DraftRefused, VaultUnusable) as error:
        typed = Typed(form, {"": at.said(error)})
    except NoDraft as error:
        raise not_found(str(error)) from None
    return _page(request, principal, _draft(engine, number), step, typed)


def _discarded(engine: Engine, number: int) -> Response:
    known = _draft(engine, number)
    with unit_of_work(engine) as connection:
        discard(connection, number)
        audit.record(connection, "draft.dropped", f"draft {number}", {"of": known.name})
    return RedirectResponse(f"/sources/{known.source}" if known.source else "/sources/new", 303)


def _page(
    request: Request, principal: Principal, known: Draft, step: str, typed: Typed | None = None
) -> Response:
    context: dict[str, Any] = step_page(request.app.state.engine, known, step, typed or Typed({}, {}))
    callback = f"{base_url(request)}{CALLBACK}"
    body = html(f"source_{step}.html", principal=principal, here="/sources/new", callback=callback, **context)
    return _sent(body, typed is not None)


def _sent(body: bytes, wrong: bool) -> Response:  # noqa: FBT001 - of an answer alone
    return Response(body, 422 if wrong else 200, {"Cache-Control": "no-store"}, HTML)
