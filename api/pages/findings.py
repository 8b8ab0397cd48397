"""The queue of findings as pages: filtered and counted, and one finding with what can be done about it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of
from api.access.origin import same_origin
from api.access.visible import FindingsReader, Principal, visible_projects
from api.finding_queue import (
    AGES,
    NOBODY,
    Filters,
    State,
    by_id,
    counts,
    detail,
    documents,
    filters_now,
    found,
    severity_key,
    without,
)
from api.finding_steps import STEPS, VERDICTS, Doer, Step, grant, judge, take
from api.pages.render import HTML, html, page
from api.routes.rejects import age_in_words
from api.translation import N_, Translated, _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import Problem, not_found
from model.collection.roles import same_person
from model.tables import Finding
from sync.today import quarter, today

router = APIRouter()
ROWS: Final = 50  # a page
Number = Annotated[int, Path(ge=1, lt=2**63)]
_UNSEEN: Final = 404
DONE: Final = Translated(
    {
        "accept": N_("Accepted. It closes by itself when its source says something else."),
        "fix": N_("Noted. The next reading of its sources shows whether it is fixed."),
        "release": N_("Given back: nobody sees to it now."),
        "dispute": N_("Disputed. An officer answers it, and the value counts until then."),
        "waive": N_("Asked for. Somebody else, who may, has to grant the waiver."),
        "grant": N_("Waived. It is back when the waiver ends."),
        "uphold": N_(
            "Upheld. The value counts, with the dispute beside it, until its source says something else."
        ),
        "refuse": N_("Refused. The value stands, and what was found with it."),
        "withdraw": N_("Taken back."),
    }
)


class QueueQuery(BaseModel):
    """The queue's address."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field("", max_length=200)
    severity: Literal["block", "warn", "info", ""] = ""
    project: str = Field("", max_length=200)
    rule: str = Field("", max_length=300)  # template:rule
    older_than: int | Literal[""] = ""
    state: State = "open"
    sort: Literal["severity", "oldest", "newest"] = "severity"
    page: int = Field(1, ge=1, le=100_000)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}

    def but(self, **changed: Any) -> dict[str, Any]:
        """Return the address's parts with some changed and defaults left out; the page starts over."""
        values = self.model_dump(exclude_defaults=True, exclude={"page"}) | changed
        defaults = {name: info.default for name, info in type(self).model_fields.items()}
        return {name: value for name, value in values.items() if value != defaults.get(name)}

    def filters(self, session: Session, now: datetime) -> Filters:
        """Return which findings are meant."""
        template, _, rule = self.rule.partition(":")
        return filters_now(
            session,
            now,
            project=self.project or None,
            owner=self.owner or None,
            severity=self.severity or None,
            template=template or None,
            rule=rule or None,
            older_than=self.older_than or None,
            state=self.state,
        )


@router.get("/findings")
def queue_page(reader: FindingsReader, query: Annotated[QueueQuery, Query()]) -> Response:
    """Show the queue, the worst and oldest first."""
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        filters = query.filters(session, now)
        choices = {
            by: counts(session, by, without(filters, by), visible)
            for by in ("owner", "severity", "project", "rule", "age")
        }
        total = sum(row["count"] for row in counts(session, "severity", filters, visible))
        every = Filters(filters.today, filters.zone, state="all")
        return {
            "title": _("Findings"),
            "query": query,
            "rows": _rows(session, query, filters, visible, now),
            "total": total,
            "pages": max(1, -(-total // ROWS)),
            "choices": choices,
            "states": {row["value"]: row["count"] for row in counts(session, "state", every, visible)},
            "NOBODY": NOBODY,
            "AGES": AGES[:-1],
        }

    return page(reader, "findings.html", collect, also=quarter(now))


def _rows(
    session: Session, query: QueueQuery, filters: Filters, visible: Visible, now: datetime
) -> list[dict[str, Any]]:
    statement = found(filters, visible)
    order = {
        "severity": severity_key(), "oldest": Finding.__table__.c.id, "newest": Finding.__table__.c.id.desc()
    }[query.sort]  # fmt: skip
    rows = session.execute(statement.order_by(order).limit(ROWS).offset((query.page - 1) * ROWS)).all()
    shown = documents(session, [(row[0], row[1]) for row in rows])
    return [
        document | {"age": age_in_words(row[0].opened_at, now), "overdue": _overdue(row[0], filters.today)}
        for document, row in zip(shown, rows, strict=True)
    ]


def _overdue(finding: Finding, day: date) -> bool:
    return finding.closed_at is None and finding.due is not None and finding.due < day


@dataclass(frozen=True, slots=True)
class _Failed:
    """What was sent and refused: the action, why, and what was typed."""

    action: str
    why: str
    typed: dict[str, str]


@router.get("/findings/{number}")
def finding_page(
    reader: FindingsReader, number: Number, did: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """Show one finding: what it was found on, where it is fixed, and what was done about it."""
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _shown(session, visible, number, reader.principal, now, did=did)

    person = reader.principal.person
    return page(reader, "finding.html", collect, also=f"{quarter(now)}{person}{did}")


def _shown(
    session: Session,
    visible: Visible,
    number: int,
    principal: Principal,
    now: datetime,
    *,
    did: str | None = None,
    failed: _Failed | None = None,
) -> dict[str, Any]:
    row = by_id(session, number, visible)
    if row is None:
        raise not_found(f"There is no finding {number}, or this token may not see it.")
    shown = detail(session, *row, visible)
    day = today(session.connection(), now)
    actor = actor_of(principal)
    name = None if actor is None else actor.name
    for each in (*shown["waivers"], *shown["disputes"]):
        each["mine"] = same_person(each.get("asked_by") or each.get("by"), name)
    return {
        "title": _("Finding %(number)s of %(project)s", number=number, project=row[1]),
        "f": shown,
        "age": age_in_words(row[0].opened_at, now),
        "overdue": _overdue(row[0], day),
        "actor": actor,
        "done": DONE.get(did or ""),
        "failed": failed,
        "typed": {} if failed is None else failed.typed,
        "today": day,
    }


@router.post("/findings/{number}/{action}")
async def work_by_form(request: Request, number: Number, action: str) -> Response:
    """Take a step from the finding's page."""
    if action not in STEPS:
        raise not_found(f"There is nothing at {request.url.path}.")
    return await _posted(request, number, action)


@router.post("/findings/{number}/{kind}/{below}/{action}")
async def work_below(
    request: Request, number: Number, kind: Literal["waivers", "disputes"], below: Number, action: str
) -> Response:
    """Grant a waiver, or answer a dispute, from the finding's page."""
    if (kind == "waivers" and action != "grant") or (kind == "disputes" and action not in VERDICTS):
        raise not_found(f"There is nothing at {request.url.path}.")
    return await _posted(request, number, action, below)


async def _posted(request: Request, number: int, action: str, below: int | None = None) -> Response:
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_worked, request, number, action, below, form)


def _worked(request: Request, number: int, action: str, below: int | None, form: dict[str, str]) -> Response:
    """Do it and show the finding; what is refused is said on its page, with what was typed still there."""
    principal, actor = acting(request)
    doer = Doer(request.app.state.engine, principal, actor, "web")
    try:
        if action == "grant" and below is not None:
            grant(doer, number, below)
        elif below is not None:
            judge(doer, below, action, form.get("because", "")[:2000])
        else:
            take(doer, number, action, _step(form))
    except Problem as problem:
        if problem.status == _UNSEEN:
            raise
        return _refused(request, principal, number, problem, _Failed(action, problem.detail, form))
    return RedirectResponse(f"/findings/{number}?did={action}", 303)


def _step(form: dict[str, str]) -> Step:
    proposed = form.get("proposed", "").strip()
    return Step(form.get("because", "")[:2000], form.get("due"), form.get("until"), proposed[:2000] or None)


def _refused(
    request: Request, principal: Principal, number: int, problem: Problem, failed: _Failed
) -> Response:
    with Session(request.app.state.engine) as session:
        visible = visible_projects(session, principal)
        context = _shown(session, visible, number, principal, datetime.now(UTC), failed=failed)
        content = html("finding.html", principal=principal, here="/findings", **context)
    return Response(content, problem.status, {"Cache-Control": "no-store"}, HTML)
