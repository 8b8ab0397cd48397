"""Conflicts as pages: every value with its receipt, what counts and why, and the rules that settle."""

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
from api.matching_reads import conflict_documents, conflicts_query, rule_documents
from api.matching_steps import Officer, ruled, settled, tried, unruled
from api.pages.matching import officer_of
from api.pages.render import HTML, html, page
from api.translation import N_, Translated, _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import Problem, bad_request, not_found
from model.attributes import REGISTER
from model.identity.settling import PREFERENCES, check_preference, preference_says
from model.tables import ClaimConflict, Programme, Project, Source
from sync.identity.rules import RuleAsked, RuleEffect

router = APIRouter()
ROWS: Final = 30  # a page
Number = Annotated[int, Path(ge=1, lt=2**63)]
SETTLED: Final = Translated(
    {"precedence": N_("by precedence"), "rule": N_("by a rule"), "person": N_("by a person")}
)


class ConflictsQuery(BaseModel):
    """The page's address."""

    model_config = ConfigDict(extra="forbid")

    project: str = Field("", max_length=200)
    attribute: str = Field("", max_length=200)
    settled_by: Literal["precedence", "rule", "person", ""] = ""
    open: bool = True
    page: int = Field(1, ge=1, le=100_000)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}

    def but(self, **changed: Any) -> dict[str, Any]:
        """Return the address's parts with some changed; the page starts over."""
        values = self.model_dump(exclude_defaults=True, exclude={"page"}) | changed
        return {
            name: "false" if value is False else value for name, value in values.items() if value is not True
        }


class Sent(BaseModel):
    """What was sent: for which part of the page, what came of it, and what was typed."""

    part: str  # conflict-3, rule-2, or rule
    why: str | None = None
    effect: RuleEffect | None = None
    typed: dict[str, str]


@router.get("/conflicts")
def conflicts_page(reader: MatchingReader, query: Annotated[ConflictsQuery, Query()]) -> Response:
    """Show what sources say differently, and what settles it."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _shown(session, visible, query, reader.principal)

    who = f"{reader.principal.person}{sorted(reader.principal.roles)}"
    return page(reader, "conflicts.html", collect, also=f"{datetime.now(UTC):%Y%m%d}{who}")


@router.get("/conflicts/{number}")
def conflict_page(reader: MatchingReader, number: Number) -> Response:
    """Show one conflict, also one that is over."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _shown(session, visible, ConflictsQuery.model_validate({}), reader.principal, only=number)

    who = f"{reader.principal.person}{sorted(reader.principal.roles)}"
    return page(reader, "conflicts.html", collect, also=f"{datetime.now(UTC):%Y%m%d}{who}")


@router.post("/conflicts/{number}")
async def settle_by_form(request: Request, number: Number) -> Response:
    """Take a person's word on a conflict, or take it back."""
    return await _posted(request, f"conflict-{number}", number)


@router.post("/conflicts/rules/new")
async def rule_by_form(request: Request) -> Response:
    """Try or make a rule."""
    return await _posted(request, "rule", None)


@router.post("/conflicts/rules/{number}")
async def end_rule_by_form(request: Request, number: Number) -> Response:
    """End a rule."""
    return await _posted(request, f"rule-{number}", number)


def _shown(
    session: Session,
    visible: Visible,
    query: ConflictsQuery,
    principal: Principal,
    sent: Sent | None = None,
    *,
    only: int | None = None,
) -> dict[str, Any]:
    over = ClaimConflict.closed_at.is_not(None)
    seen = only_visible(ClaimConflict.project_id, visible)
    which = ClaimConflict.id == only if only is not None else ~over if query.open else over
    here = conflicts_query().where(seen, which)
    chosen = here
    for column, value in ((Project.key, query.project), (ClaimConflict.attribute, query.attribute)):
        if value:
            chosen = chosen.where(column == value)
    if query.settled_by:
        chosen = chosen.where(ClaimConflict.settled_by == query.settled_by)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    # What nobody decided comes first: it is what an officer is here for.
    undecided = ClaimConflict.settled_by == "precedence"
    ordered = chosen.order_by(undecided.desc(), ClaimConflict.opened_at.desc(), ClaimConflict.id)
    rows = session.execute(ordered.limit(ROWS).offset((query.page - 1) * ROWS)).all()
    if only is not None and not rows:
        raise not_found(f"There is no conflict {only}, or this token may not see it.")
    listed = here.subquery()
    return {
        "title": _("Conflicts") if only is None else _("Conflict %(number)s", number=only),
        "only": only,
        "query": query,
        "rows": conflict_documents(session, [(row[0], row[1]) for row in rows]),
        "total": total,
        "pages": max(1, -(-total // ROWS)),
        "projects": _choices(session, listed.c.key),
        "attributes": _choices(session, listed.c.attribute),
        "settlings": _choices(session, listed.c.settled_by),
        "rules": rule_documents(session, ended=False) if principal.sees_everything else [],
        "counting": _preferences(session),
        "project_attributes": sorted(REGISTER["project"]),
        "programmes": list(session.scalars(select(Programme.name).order_by(Programme.name))),
        "sent": sent,
        "officer": officer_of(principal),
        "SETTLED": SETTLED,
    }


def _choices(session: Session, column: Any) -> list[tuple[str, int]]:
    rows = session.execute(
        select(column, func.count()).group_by(column).order_by(func.count().desc(), column)
    )
    return [(row[0], row[1]) for row in rows]


def _preferences(session: Session) -> list[tuple[str, str]]:
    """Return what a rule may prefer, with what it says and for which values."""
    kinds = sorted({attribute.type for attribute in REGISTER["project"].values()})
    found = []
    for prefer in PREFERENCES:
        fits = [kind for kind in kinds if check_preference(prefer, kind) is None]
        says = preference_says(prefer)
        found.append((prefer, says if len(fits) == len(kinds) else f"{says} ({', '.join(fits)})"))
    sources = session.scalars(select(Source.name).where(Source.enabled).order_by(Source.position))
    return [*((f"source:{name}", f"what {name} says") for name in sources), *found]


async def _posted(request: Request, part: str, number: int | None) -> Response:
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_worked, request, part, number, form)


def _worked(request: Request, part: str, number: int | None, form: dict[str, str]) -> Response:
    """Do it and show the page; what cannot be done is said on it, with what was typed still there."""
    principal, actor = acting(request)
    officer = Officer(request.app.state.engine, principal, actor)
    because = form.get("because", "")[:2000]
    try:
        if number is None:
            asked = _asked(form)
            if form.get("act") == "try":
                return _again(
                    request, principal, 200, Sent(part=part, effect=tried(officer, asked), typed=form)
                )
            number = ruled(officer, asked, because).number
            part = f"rule-{number}"
        elif part.startswith("rule"):
            unruled(officer, number, because)
            part = "rules"
        else:
            settled(officer, number, _claim(form), because)
    except Problem as problem:
        if problem.status not in (400, 409):
            raise
        return _again(request, principal, problem.status, Sent(part=part, why=problem.detail, typed=form))
    return RedirectResponse(f"/conflicts#{part}", 303)


def _asked(form: dict[str, str]) -> RuleAsked:
    return RuleAsked(
        form.get("attribute", "")[:200],
        form.get("prefer", "")[:200],
        form.get("project", "").strip()[:200] or None,
        form.get("programme", "").strip()[:200] or None,
    )


def _claim(form: dict[str, str]) -> int | None:
    """Return the chosen claim; None where a word is taken back."""
    if form.get("act") == "reopen":
        return None
    chosen = form.get("claim", "")
    if not chosen.isascii() or not chosen.isdigit() or len(chosen) > 18:  # noqa: PLR2004 - digits of a bigint
        raise bad_request("choose which value is to count")
    return int(chosen)


def _again(request: Request, principal: Principal, status: int, sent: Sent) -> Response:
    with Session(request.app.state.engine) as session:
        visible = visible_projects(session, principal)
        context = _shown(session, visible, ConflictsQuery.model_validate({}), principal, sent)
        content = html("conflicts.html", principal=principal, here="/conflicts", **context)
    return Response(content, status, {"Cache-Control": "no-store"}, HTML)
