"""Sources and how fresh they are."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import StatusReader, only_visible
from api.answer import Visible, json_answer, z
from api.problems import not_found
from api.routes.common import PROBLEMS
from api.shapes import Paged, SourceShape
from model.tables import Run, Scope, Source

router = APIRouter()


@router.get(
    "/sources", response_model=Paged[SourceShape], responses=PROBLEMS, summary="Sources",
    operation_id="list_sources",
)  # fmt: skip
def list_sources(reader: StatusReader) -> Response:
    """List the sources in the order of the configuration; all on one page."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return {"items": source_documents(session, visible), "next": None}

    return json_answer(reader, collect)


@router.get(
    "/sources/{name}", response_model=SourceShape, responses=PROBLEMS, summary="One source",
    operation_id="get_source",
)  # fmt: skip
def get_source(
    reader: StatusReader, name: Annotated[str, Path(max_length=200, examples=["jira-cloud"])]
) -> Response:
    """Return one source."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = [source for source in source_documents(session, visible) if source["name"] == name]
        if not found:
            raise not_found(f"There is no source {name}, or this token may not see it.")
        return found[0]

    return json_answer(reader, collect)


def source_documents(session: Session, visible: Visible) -> list[dict[str, Any]]:
    """Return the sources that feed what is visible, with their newest run and newest success."""
    newest = select(func.max(Run.id)).where(Run.source_id == Source.id).correlate(Source).scalar_subquery()
    query = (
        select(Source, Run, _newest("succeeded"), _newest("succeeded", "partial"))
        .outerjoin(Run, Run.id == newest)
        .order_by(Source.position, Source.id)
    )
    if visible is not None:
        fed = select(Scope.source_id).where(only_visible(Scope.project_id, visible))
        query = query.where(Source.id.in_(fed))
    return [
        {
            "name": source.name,
            "kind": source.kind,
            "host": source.host if visible is None else None,
            "schedule": source.schedule,
            "enabled": source.enabled,
            "last_run": None
            if run is None
            else {
                "id": run.id,
                "state": run.state,
                "mode": run.mode,
                "at": z(run.finished_at or run.started_at or run.queued_at),
                "finished_at": z(run.finished_at),
            },
            "synced_at": z(succeeded),
            "read_at": z(read),
        }
        for source, run, succeeded, read in session.execute(query)
    ]


def _newest(*states: str) -> ScalarSelect[datetime | None]:
    """Return the end of a source's newest run that ended in one of the states."""
    return (
        select(func.max(Run.finished_at))
        .where(Run.source_id == Source.id, Run.state.in_(states))
        .correlate(Source)
        .scalar_subquery()
    )
