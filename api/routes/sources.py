"""Sources and how fresh they are."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import ScalarSelect, func, select, text
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader, only_visible
from api.routes.common import PROBLEMS
from api.shapes.common import Paged, SourceShape
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page
from api.wire.problems import not_found
from model.tables import Run, Scope, Source
from sync.freshness import Freshness, freshness

router = APIRouter()


@router.get(
    "/sources", response_model=Paged[SourceShape], responses=PROBLEMS, summary="Sources",
    operation_id="list_sources",
)  # fmt: skip
def list_sources(reader: StatusReader, paging: Page) -> Response:
    """List the sources by name."""
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return paging.listed(source_documents(session, visible, now=now), "name")

    return json_answer(reader, collect, link=paging.link, also=_to_the_minute(now))


@router.get(
    "/sources/{name}", response_model=SourceShape, responses=PROBLEMS, summary="One source",
    operation_id="get_source",
)  # fmt: skip
def get_source(
    reader: StatusReader, name: Annotated[str, Path(max_length=200, examples=["jira-cloud"])]
) -> Response:
    """Return one source."""
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = [source for source in source_documents(session, visible, now=now) if source["name"] == name]
        if not found:
            raise not_found(f"There is no source {name}, or this token may not see it.")
        return found[0]

    return json_answer(reader, collect, also=_to_the_minute(now))


def _to_the_minute(now: datetime) -> str:
    """Return what decides an answer that also depends on the time: whether a source is overdue."""
    return f"{now:%Y%m%d%H%M}"


def source_documents(session: Session, visible: Visible, *, now: datetime) -> list[dict[str, Any]]:
    """Return the sources that feed what is visible: their newest run, how fresh they are, what is open."""
    fresh = freshness(session, now=now)
    standing = _standing(session) if visible is None else {}
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
            **_freshness(fresh.get(source.id)),
            **(_open(standing.get(source.id, {})) if visible is None else _UNSEEN),
        }
        for source, run, succeeded, read in session.execute(query)
    ]


_UNSEEN: Final = {"questions": None, "rejects": None, "absent": None, "census_at": None}


def _freshness(found: Freshness | None) -> dict[str, Any]:
    if found is None:
        return {"fresh_within_s": None, "due_at": None, "overdue": False}
    return {
        "fresh_within_s": int(found.within.total_seconds()),
        "due_at": z(found.due_at),
        "overdue": found.overdue,
    }


def _open(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "questions": found.get("questions", 0),
        "rejects": found.get("rejects", 0),
        "absent": found.get("absent", {}),
        "census_at": z(found.get("census_at")),
    }


def _standing(session: Session) -> dict[int, dict[str, Any]]:
    """Return by source how many questions and rejects are open, what is absent, and the last census."""
    found: dict[int, dict[str, Any]] = {}
    for source_id, name, fate, number, at in session.execute(text(_STANDING)):
        about = found.setdefault(source_id, {})
        if fate is not None:
            about.setdefault(name, {})[fate] = number
        else:
            about[name] = number if at is None else at
    return found


_STANDING: Final = """
    SELECT source_id, 'questions' AS name, NULL AS fate, count(*) AS number, CAST(NULL AS timestamptz) AS at
    FROM question WHERE settled_at IS NULL AND accepted_at IS NULL GROUP BY source_id
    UNION ALL SELECT source_id, 'rejects', NULL, count(*), NULL
    FROM rejected_record WHERE resolved_at IS NULL GROUP BY source_id
    UNION ALL SELECT source_id, 'census_at', NULL, NULL, max(taken_at) FROM census GROUP BY source_id
    UNION ALL SELECT source_id, 'absent', CASE WHEN settled_at IS NOT NULL THEN fate ELSE 'held' END, count(*), NULL
    FROM absence WHERE ended_at IS NULL GROUP BY 1, 3
    ORDER BY 1, 2, 3
"""


def _newest(*states: str) -> ScalarSelect[datetime | None]:
    """Return the end of a source's newest run that ended in one of the states."""
    return (
        select(func.max(Run.finished_at))
        .where(Run.source_id == Source.id, Run.state.in_(states))
        .correlate(Source)
        .scalar_subquery()
    )
