"""Matching as pages: what may be one, with its reasons, and what an officer says of it."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting
from api.access.origin import same_origin
from api.access.visible import MatchingReader, Principal
from api.matching_reads import KIND_WORDS, open_counts, proposal_detail
from api.matching_steps import ACTS, OFFICERS, Many, Officer, decided, decided_many, linked
from api.pages.render import HTML, html, page
from api.translation import N_, Translated, _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import Problem, bad_request, not_found
from model.rights import Permission
from model.tables import MatchProposal

router = APIRouter()
ROWS: Final = 40  # a page
Number = Annotated[int, Path(ge=1, lt=2**63)]
STATES: Final = Translated(
    {
        "open": N_("To decide"),
        "confirmed": N_("Confirmed"),
        "refused": N_("Refused"),
        "gone": N_("No longer likely"),
    }
)


class MatchingQuery(BaseModel):
    """The page's address."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "confirmed", "refused", "gone"] = "open"
    kind: Literal["scope", "reference", "project", "person", "account", "name", ""] = ""
    page: int = Field(1, ge=1, le=100_000)
    tick: Literal["sure", ""] = ""  # which are ticked when the page is shown
    did: int | None = Field(None, ge=1, lt=2**63)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}


class Refused(BaseModel):
    """What was sent and cannot be done: on which proposal (None: by hand), why, and what was typed."""

    number: int | None
    why: str
    typed: dict[str, str]


@router.get("/matching")
def matching_page(reader: MatchingReader, query: Annotated[MatchingQuery, Query()]) -> Response:
    """Show what may be one, the surest first, each with its reasons."""
    reader.needs_everything("Matching")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        return _shown(session, query, reader.principal)

    who = f"{reader.principal.person}{sorted(reader.principal.roles)}"
    return page(reader, "matching.html", collect, also=f"{datetime.now(UTC):%Y%m%d}{who}")


@router.post("/matching/link")
async def link_by_form(request: Request) -> Response:
    """Take a link that an officer makes by hand."""
    return await _posted(request, None)


@router.post("/matching/many")
async def decide_many_by_form(request: Request) -> Response:
    """Decide several that were ticked, for one reason."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_many, request, form)


@router.post("/matching/{number}")
async def decide_by_form(request: Request, number: Number) -> Response:
    """Take a decision from the page."""
    return await _posted(request, number)


def officer_of(principal: Principal) -> bool:
    """Tell whether a principal may decide, on some projects at least, so that the page offers it."""
    settling = principal.held_to(Permission.SETTLE)
    return settling is not None and settling.person is not None and bool(settling.roles & OFFICERS)


def _shown(
    session: Session,
    query: MatchingQuery,
    principal: Principal,
    refused: Refused | None = None,
    *,
    done: Many | None = None,
) -> dict[str, Any]:
    chosen = select(MatchProposal).where(MatchProposal.state == query.state)
    if query.kind:
        chosen = chosen.where(MatchProposal.kind == query.kind)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    order = (
        (MatchProposal.confidence.desc(), MatchProposal.id)
        if query.state == "open"
        else (MatchProposal.changed_at.desc(), MatchProposal.id.desc())
    )
    rows = session.scalars(chosen.order_by(*order).limit(ROWS).offset((query.page - 1) * ROWS)).all()
    told = None if query.did is None else session.get(MatchProposal, query.did)
    states = select(MatchProposal.state, func.count()).group_by(MatchProposal.state)
    return {
        "title": _("Matching"),
        "query": query,
        "rows": [proposal_detail(session, row) for row in rows],
        "total": total,
        "pages": max(1, -(-total // ROWS)),
        "states": {row[0]: row[1] for row in session.execute(states)},
        "kinds": open_counts(session),
        "told": None if told is None else proposal_detail(session, told),
        "refused": refused,
        "many": done,
        "ticked": {} if refused is None or refused.number != 0 else refused.typed,
        "officer": officer_of(principal),
        "STATES": STATES,
        "KIND_WORDS": KIND_WORDS,
    }


def _many(request: Request, form: dict[str, str]) -> Response:
    """Decide what was ticked and say of each what came of it."""
    principal, actor = acting(request)
    officer = Officer(request.app.state.engine, principal, actor)
    act = "refuse" if form.get("act") == "refuse" else "confirm"
    kind = form.get("kind", "")
    query = MatchingQuery.model_validate({"kind": kind if kind in KIND_WORDS else ""})
    numbers = [int(name[2:]) for name in form if re.fullmatch(r"p\.\d{1,18}", name, re.ASCII)][:ROWS]
    done: Many | None = None
    refused: Refused | None = None
    try:
        if not numbers:
            raise bad_request(_("tick what is to be decided"))
        done = decided_many(officer, numbers, act, form.get("because", "")[:2000])
    except Problem as problem:
        if problem.status != 400:  # noqa: PLR2004 - HTTP's own number
            raise
        refused = Refused(number=0, why=problem.detail, typed=form)
    with Session(officer.engine) as session:
        context = _shown(session, query, principal, refused, done=done)
        content = html("matching.html", principal=principal, here="/matching", **context)
    status = 200 if refused is None else 400
    return Response(content, status, {"Cache-Control": "no-store"}, HTML)


async def _posted(request: Request, number: int | None) -> Response:
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_worked, request, number, form)


def _worked(request: Request, number: int | None, form: dict[str, str]) -> Response:
    """Do it and show what follows; what cannot be done is said on the page, with what was typed still there."""
    principal, actor = acting(request)
    officer = Officer(request.app.state.engine, principal, actor)
    because = form.get("because", "")[:2000]
    try:
        if number is None:
            pair = (form.get("subject", "")[:500], form.get("target", "")[:500])
            done = linked(officer, form.get("kind", ""), pair, because, same=form.get("act") != "refuse")
        else:
            act = form.get("act", "")
            if act not in ACTS:
                raise not_found(f"There is nothing at {request.url.path}.")
            done = decided(officer, number, act, because)
    except Problem as problem:
        if problem.status not in (400, 409):
            raise
        return _refused(request, principal, problem, Refused(number=number, why=problem.detail, typed=form))
    return RedirectResponse(f"/matching?did={done.number}#told", 303)


def _refused(request: Request, principal: Principal, problem: Problem, refused: Refused) -> Response:
    with Session(request.app.state.engine) as session:
        row = None if refused.number is None else session.get(MatchProposal, refused.number)
        query = MatchingQuery.model_validate({} if row is None else {"state": row.state, "kind": row.kind})
        context = _shown(session, query, principal, refused)
        content = html("matching.html", principal=principal, here="/matching", **context)
    return Response(content, problem.status, {"Cache-Control": "no-store"}, HTML)
