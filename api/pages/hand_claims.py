"""Claims by hand as a page: what the office stated, who, when and why, instead of what; made and withdrawn here."""

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
from api.access.visible import MatchingReader, Principal, only_visible, visible_projects
from api.hand_claim_reads import hand_claim_documents, hand_claims_query
from api.matching_steps import Officer, stated, unstated
from api.pages.matching import officer_of
from api.pages.render import HTML, html, page
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import Problem
from model.tables import HandClaim, Project
from sync.hand_claim_rules import doubts, standing_values
from sync.hand_claims import ATTRIBUTES

router = APIRouter()
ROWS: Final = 30  # a page
_MOST_FORM: Final = 16_384  # bytes
Number = Annotated[int, Path(ge=1, lt=2**63)]


class HandQuery(BaseModel):
    """The page's address: with a project and an attribute, the form is filled in so far."""

    model_config = ConfigDict(extra="forbid")

    project: str = Field("", max_length=200)
    attribute: str = Field("", max_length=200)
    show: Literal["standing", "ended"] = "standing"
    page: int = Field(1, ge=1, le=100_000)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}

    def but(self, **changed: Any) -> dict[str, Any]:
        """Return the address's parts with some changed; the page starts over."""
        return self.model_dump(exclude_defaults=True, exclude={"page"}) | changed


class Sent(BaseModel):
    """What was sent and refused: for which claim (None: a new one), why, and what was typed."""

    number: int | None
    why: str
    typed: dict[str, str]


@router.get("/hand-claims")
def hand_claims_page(reader: MatchingReader, query: Annotated[HandQuery, Query()]) -> Response:
    """Show what the office stated by hand, the newest first."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _shown(session, visible, query, reader.principal)

    who = f"{reader.principal.person}{sorted(reader.principal.roles)}"
    return page(reader, "hand_claims.html", collect, also=f"{datetime.now(UTC):%Y%m%d}{who}")


@router.post("/hand-claims")
async def state_by_form(request: Request) -> Response:
    """State a value."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a claim")
    return await run_in_threadpool(_done, request, None, form)


@router.post("/hand-claims/{number}")
async def withdraw_by_form(request: Request, number: Number) -> Response:
    """Withdraw one."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a claim")
    return await run_in_threadpool(_done, request, number, form)


def _shown(
    session: Session, visible: Visible, query: HandQuery, principal: Principal, sent: Sent | None = None
) -> dict[str, Any]:
    over = HandClaim.ended_at.is_not(None)
    chosen = hand_claims_query().where(
        only_visible(HandClaim.project_id, visible), over if query.show == "ended" else ~over
    )
    for column, value in ((Project.key, query.project), (HandClaim.attribute, query.attribute)):
        if value:
            chosen = chosen.where(column == value)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    rows = session.execute(
        chosen.order_by(HandClaim.id.desc()).limit(ROWS).offset((query.page - 1) * ROWS)
    ).all()
    officer = officer_of(principal)
    standing = [each[0].project_id for each in rows] if query.show == "standing" else []
    values = standing_values(session.connection(), standing, datetime.now(UTC)) if standing else {}
    led = select(Project.key, Project.name).where(
        only_visible(Project.id, visible), Project.closed_at.is_(None)
    )
    return {
        "title": _("Claims by hand"),
        "query": query,
        "rows": [
            document | {"doubts": doubts(each[0].attribute, values.get(each[0].project_id, {}))}
            for each, document in zip(rows, hand_claim_documents(rows), strict=True)
        ],
        "total": total,
        "pages": max(1, -(-total // ROWS)),
        "projects": session.execute(led.order_by(Project.name, Project.key)).all() if officer else [],
        "attributes": ATTRIBUTES,
        "officer": officer,
        "sent": sent,
    }


def _done(request: Request, number: int | None, form: dict[str, str]) -> Response:
    """Do it and show the page; what cannot be done is said on it, with what was typed still there."""
    principal, actor = acting(request)
    officer = Officer(request.app.state.engine, principal, actor)
    because = form.get("because", "")[:2000]
    try:
        if number is None:
            project, attribute, value = (form.get(name, "") for name in ("project", "attribute", "value"))
            number = stated(officer, project, attribute, value, because).number
        else:
            unstated(officer, number, because)
    except Problem as problem:
        if problem.status not in (400, 404, 409):
            raise
        return _again(request, principal, problem.status, Sent(number=number, why=problem.detail, typed=form))
    return RedirectResponse(f"/hand-claims#claim-{number}", 303)


def _again(request: Request, principal: Principal, status: int, sent: Sent) -> Response:
    with Session(request.app.state.engine) as session:
        visible = visible_projects(session, principal)
        context = _shown(session, visible, HandQuery.model_validate({}), principal, sent)
        content = html("hand_claims.html", principal=principal, here="/hand-claims", **context)
    return Response(content, status, {"Cache-Control": "no-store"}, HTML)
