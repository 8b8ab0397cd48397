"""Sources and runs: what was pulled, whether it balances, what is asked, and what belongs to no project yet."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.visible import RecordsReader
from api.pages.board import fresh
from api.pages.render import page
from api.routes.drift import open_drift
from api.routes.projects import scope_document
from api.routes.questions import Answer, answered, may_answer, question_document
from api.routes.rejects import absence_document, age_in_words, reject_document
from api.routes.runs import run_documents
from api.routes.sources import source_documents
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import bad_request, not_found
from model.rights import Permission
from model.tables import (
    Absence,
    CensusTaken,
    Question,
    RejectedRecord,
    Run,
    RunStream,
    Scope,
    Source,
    WorkItem,
)
from sync.consolidation.log import last_told
from sync.drafts import drafts
from sync.match import unmatched_rows
from sync.record_rows import COLLECTION

router = APIRouter()
RUNS: Final = 20
SHOWN: Final = 100
FEW: Final = 40


@router.get("/sources")
def sources_page(reader: RecordsReader) -> Response:
    """Show sources, questions, runs with their ledgers, and what is unbound, unmatched or rejected."""
    reader.needs_everything("Sources and runs")
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        newest = (
            select(Run, Source.name)
            .join(Source, Source.id == Run.source_id)
            .order_by(Run.id.desc())
            .limit(RUNS)
        )
        known = fresh(source_documents(session, visible, now=now), now)
        return {
            "title": _("Sources and runs"),
            "sources": [source for source in known if source["enabled"]],
            "disabled": [each for each in known if not each["enabled"] and each["kind"] != COLLECTION],
            "questions": _questions(session, Question.settled_at.is_(None)),
            "answers": reader.principal.may("sync"),
            "drift": open_drift(session),
            "runs": run_documents(session, newest, visible),
            "told": last_told(session),
            "unbound": _unbound(session),
            "unmatched": unmatched_rows(session.connection()),
            "rejected": rejects_of(session, RejectedRecord.resolved_at.is_(None), now),
            "may_change": (may_change := reader.principal.can(Permission.CONFIGURE)),
            "drafts": drafts(session.connection()) if may_change else [],
        }

    with reader.engine.connect() as connection:  # drafts are no data that versions are counted of
        begun = connection.scalar(text("SELECT (max(changed_at), count(*))::text FROM source_draft"))
    also = f"{now:%Y%m%d%H%M}{reader.principal.may('sync')}{begun}"
    return page(reader, "sources.html", collect, also=also)


@router.post("/sources/{name}/questions/{number}/accept")
async def accept_by_form(
    request: Request,
    name: Annotated[str, Path(max_length=200)],
    number: Annotated[int, Path(ge=1, lt=2**63)],
) -> Response:
    """Take an answer from the sources page."""
    same_origin(request)
    principal = await run_in_threadpool(may_answer, request)
    form = await read_form(request)
    by, because = form.get("by", "").strip(), form.get("because", "").strip()
    if not by or not because:
        raise bad_request("say who accepts it and why: both stand beside it from then on")
    given = Answer(by=by[:200], because=because[:2000])
    await run_in_threadpool(answered, request, principal, name, number, given)
    return RedirectResponse("/sources#questions", 303)


@router.get("/runs/{number}")
def run_page(reader: RecordsReader, number: Annotated[int, Path(ge=1, lt=2**63)]) -> Response:
    """Show one run: its ledgers and control totals, what it rejected, missed, asked and counted."""
    reader.needs_everything("Runs")
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = select(Run, Source.name).join(Source, Source.id == Run.source_id).where(Run.id == number)
        found = run_documents(session, query, visible)
        if not found:
            raise not_found(f"There is no run {number}.")
        lines = session.scalars(
            select(RunStream).where(RunStream.run_id == number).order_by(RunStream.stream)
        )
        item = and_(
            Absence.entity == "work_item",
            WorkItem.source_id == Absence.source_id,
            WorkItem.external_id == Absence.external_id,
        )
        absent = (
            select(Absence, Source.name, WorkItem.key)
            .join(Source, Source.id == Absence.source_id)
            .outerjoin(WorkItem, item)
            .where(Absence.run_id == number)
            .order_by(Absence.settled_at, Absence.id)
            .limit(FEW)
        )
        census = session.scalars(
            select(CensusTaken).where(CensusTaken.run_id == number).order_by(CensusTaken.id)
        )
        fates = session.execute(
            select(Absence.fate, func.count()).where(Absence.run_id == number).group_by(Absence.fate)
        )
        return {
            "title": _("Run %(number)s of %(source)s", number=number, source=found[0]["source"]),
            "run": found[0],
            "controls": [
                {"stream": line.stream, "name": name, **balance}
                for line in lines
                for name, balance in sorted(line.controls.items())
            ],
            "questions": _questions(session, Question.run_id == number),
            "answers": reader.principal.may("sync"),
            "rejected": rejects_of(session, RejectedRecord.run_id == number, now),
            "fates": {fate or "held": count for fate, count in fates},
            "absent": [
                {**absence_document(row, name), "key": key} for row, name, key in session.execute(absent)
            ],
            "census": list(census),
            "under_way": _under_way(session, found[0], now),
            "pace": _pace(found[0], now),
        }

    also = f"{now:%Y%m%d%H%M%S}{reader.principal.may('sync')}"
    return page(reader, "run.html", collect, also=also)


def _pace(run: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return how long a run took, how many records and requests a second, and what share of it was waiting."""
    records = sum(line["stored"] + line["rejected"] + line["filtered"] for line in run["ledger"])
    if run["started_at"] is None:
        return {"took": None, "records": records, "per_s": None, "requests_per_s": None, "waited": None}
    end = now if run["finished_at"] is None else datetime.fromisoformat(run["finished_at"])
    seconds = (end - datetime.fromisoformat(run["started_at"])).total_seconds()
    minutes, rest = divmod(round(seconds), 60)
    took = f"{minutes} min {rest} s" if minutes else f"{max(seconds, 0):.1f} s"
    if seconds < 1:  # over too little time a rate says nothing
        return {"took": took, "records": records, "per_s": None, "requests_per_s": None, "waited": None}
    over = run["finished_at"] is not None  # what a run cost is written down at its end
    return {
        "took": took,
        "records": records,
        "per_s": records / seconds if records else None,
        "requests_per_s": run["requests"] / seconds if over and run["requests"] else None,
        # Connections wait side by side: together they may wait longer than the run took.
        "waited": min(100.0, 100 * run["waited_s"] / seconds) if over and run["waited_s"] else None,
    }


_AT_WORK: Final = """
    SELECT (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute') AS workers,
        (SELECT o.id FROM run o JOIN source os ON os.id = o.source_id JOIN source s ON s.host = os.host
         WHERE s.name = :source AND o.state = 'running' AND o.id <> :id ORDER BY o.id LIMIT 1) AS before
"""


def _under_way(session: Session, run: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """Return how far a run is that is not over: what it waits for, and what the run before had brought."""
    if run["state"] not in ("queued", "running"):
        return None
    found = session.execute(text(_AT_WORK), {"source": run["source"], "id": run["id"]}).one()
    since = datetime.fromisoformat(run["started_at"] or run["queued_at"])
    return {
        "workers": found.workers,
        "before": found.before,
        "for_s": max(0, int((now - since).total_seconds())),
        "records": sum(line["stored"] for line in run["ledger"]),
    }


def _questions(session: Session, condition: Any) -> list[dict[str, Any]]:
    query = select(Question, Source.name).join(Source, Source.id == Question.source_id).where(condition)
    rows = session.execute(query.order_by(Source.position, Question.id))
    return [question_document(row, name) for row, name in rows]


def rejects_of(session: Session, condition: Any, now: datetime) -> dict[str, Any]:
    """Return the newest rejects with their age, and how many there are by kind."""
    query = select(RejectedRecord, Source.name).join(Source, Source.id == RejectedRecord.source_id)
    rows = session.execute(query.where(condition).order_by(RejectedRecord.id.desc()).limit(SHOWN)).all()
    counts = session.execute(
        select(RejectedRecord.kind, func.count(), func.min(RejectedRecord.rejected_at))
        .where(condition)
        .group_by(RejectedRecord.kind)
    ).all()
    return {
        "rows": [
            {**reject_document(row, name), "age": age_in_words(row.rejected_at, now)} for row, name in rows
        ],
        "kinds": {
            kind: {"count": number, "oldest": age_in_words(oldest, now)} for kind, number, oldest in counts
        },
        "total": sum(number for _, number, _ in counts),
    }


def _unbound(session: Session) -> list[dict[str, Any]]:
    """Return the scopes of enabled sources that no project claims, with how many work items they hold."""
    items = (
        select(func.count())
        .where(
            WorkItem.source_id == Scope.source_id,
            WorkItem.scope_external_id == Scope.external_id,
            WorkItem.deleted_at.is_(None),
        )
        .correlate(Scope)
        .scalar_subquery()
    )
    query = (
        select(Scope, Source.name, items)
        .join(Source, Source.id == Scope.source_id)
        .where(Scope.project_id.is_(None), Scope.deleted_at.is_(None), Source.enabled)
        .order_by(Source.position, Scope.key)
    )
    return [
        {**scope_document(scope, name), "work_items": count} for scope, name, count in session.execute(query)
    ]
