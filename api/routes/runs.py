"""Runs and their ledgers, the newest first."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session, aliased
from starlette.responses import Response

from api.access.visible import RecordsReader, only_visible
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import RunShape, RunsShape
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page, Paging
from api.wire.problems import not_found
from api.wire.values import MOST_ID
from model.reconciliation import balanced
from model.tables import MappingVersion, Run, RunStream, Scope, Source

router = APIRouter()
REJECTED: Final = 100  # records shown of a run


@router.get("/runs", response_model=RunsShape, responses=PROBLEMS, summary="Runs", operation_id="list_runs")
def list_runs(
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    state: Annotated[Literal["queued", "running", "succeeded", "partial", "failed"] | None, Query()] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List runs. What a ledger counts is of the whole source, so only those who see all see it."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = _visible_runs(visible).where(
            changed(changed_since, Run.queued_at, Run.started_at, Run.finished_at)
        )
        if source is not None:
            query = query.where(Source.name == source)
        if state is not None:
            query = query.where(Run.state == state)
        return runs_page(session, query, paging, visible)

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/runs/{number}", response_model=RunShape, responses=PROBLEMS, summary="One run", operation_id="get_run"
)
def get_run(
    reader: RecordsReader, number: Annotated[int, Path(ge=1, le=MOST_ID, examples=[812])]
) -> Response:
    """Return one run."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = run_documents(session, _visible_runs(visible).where(Run.id == number), visible)
        if not found:
            raise not_found(f"There is no run {number}, or this token may not see it.")
        return found[0]

    return json_answer(reader, collect)


def _visible_runs(visible: Visible) -> Select[Run, str]:
    query = select(Run, Source.name).join(Source, Source.id == Run.source_id)
    if visible is not None:
        query = query.where(
            Run.source_id.in_(select(Scope.source_id).where(only_visible(Scope.project_id, visible)))
        )
    return query


def runs_page(session: Session, query: Select[Run, str], paging: Paging, visible: Visible) -> dict[str, Any]:
    """Return one page of runs, newest first: the key descends."""
    rows = run_documents(session, paging.page(query, Run.__table__.c.id, newest_first=True), visible)
    page = paging.document(rows, [row["id"] for row in rows])
    return {"runs": page["items"], "next": page["next"]}


def run_documents(session: Session, query: Select[Run, str], visible: Visible) -> list[dict[str, Any]]:
    """Return runs with their ledgers, in a few statements however many there are.

    Who sees some projects only is given empty lists, and null for numbers, of what is of the whole source.
    """
    runs = session.execute(query).all()
    ledgers: dict[int, list[dict[str, Any]]] = {}
    wanted = (
        select(RunStream).where(RunStream.run_id.in_([run.id for run, _ in runs])).order_by(RunStream.stream)
    )
    for line in session.scalars(wanted) if visible is None else ():
        ledgers.setdefault(line.run_id, []).append(ledger_line(line))
    rejected = _rejected(session, [run.id for run, _ in runs]) if visible is None else {}
    idle = [run.id for run, _ in runs if run.state == "succeeded" and run.id not in ledgers]
    read = _last_read(session, idle) if visible is None else {}
    versions = _versions(session, [run.mapping_version_id for run, _ in runs])
    return [
        {
            "id": run.id,
            "source": source,
            "slot": z(run.slot),
            "state": run.state,
            "mode": run.mode,
            "mapping_version": versions.get(run.mapping_version_id),
            "queued_at": z(run.queued_at),
            "started_at": z(run.started_at),
            "finished_at": z(run.finished_at),
            "requests": run.requests if visible is None else None,
            "retries": run.retries if visible is None else None,
            "bytes_fetched": run.bytes_fetched if visible is None else None,
            "waited_s": run.waited_s if visible is None else None,
            "error": run.error if visible is None else None,
            "warnings": run.warnings if visible is None else [],
            "ledger": ledgers.get(run.id, []),
            "kept": kept(run) if visible is None else {},
            "rejected": rejected.get(run.id, []),
            "unchanged_since": z(read.get(run.id)),
        }
        for run, source in runs
    ]


def kept(run: Run) -> dict[str, str | None]:
    """Return the streams that a run did not read, each with when it last was."""
    return {stream: z(datetime.fromisoformat(at)) for stream, at in sorted(run.kept.items())}


def _versions(session: Session, ids: list[int | None]) -> dict[int | None, int]:
    """Return id -> number of the mappings that runs read by."""
    wanted = [one for one in ids if one is not None]
    rows = session.execute(
        select(MappingVersion.id, MappingVersion.version).where(MappingVersion.id.in_(wanted))
    )
    return {id_: version for id_, version in rows}  # noqa: C416  (rows are not pairs to a type checker)


def _rejected(session: Session, runs: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return run -> where its first rejected records stand, and why they were rejected."""
    rows = session.execute(
        text(
            "SELECT r.id AS run, l.locator, l.reason FROM unnest(CAST(:runs AS bigint[])) AS r(id)"
            " CROSS JOIN LATERAL (SELECT locator, reason FROM rejected_record j WHERE j.run_id = r.id"
            " ORDER BY j.id LIMIT :most) AS l"
        ),
        {"runs": runs, "most": REJECTED},
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.run, []).append({"locator": row.locator, "reason": row.reason})
    return found


def _last_read(session: Session, runs: list[int]) -> dict[int, datetime]:
    """Return run -> when its source was last read before it, for runs that found nothing to read."""
    before = aliased(Run)
    query = (
        select(Run.id, func.max(before.finished_at))
        .join(before, (before.source_id == Run.source_id) & (before.id < Run.id))
        .where(Run.id.in_(runs), select(RunStream).where(RunStream.run_id == before.id).exists())
        .group_by(Run.id)
    )
    return {number: at for number, at in session.execute(query) if at is not None}


def ledger_line(line: RunStream) -> dict[str, Any]:
    """Return one line of the double entry."""
    counts = {"stored": line.stored, "rejected": line.rejected, "filtered": line.filtered}
    return {
        "stream": line.stream,
        "said": line.said,
        **counts,
        "unchanged": line.unchanged,
        "deleted": line.deleted,
        "filters": line.filters,
        "balanced": balanced(line.said, **counts),
    }
