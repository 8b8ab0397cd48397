"""What could not be read or taken, and how long it has stood; and what is no longer to be seen."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import AbsenceShape, Paged, RejectShape
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page
from api.wire.values import MOST_ID
from model.tables import Absence, RejectedRecord, Source

router = APIRouter()


@router.get(
    "/rejects", response_model=Paged[RejectShape], responses=PROBLEMS, summary="Rejected records",
    operation_id="list_rejects",
)  # fmt: skip
def list_rejects(
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    kind: Annotated[Literal["record", "page", "slice"] | None, Query()] = None,
    resolved: Annotated[
        bool | None, Query(description="True: those that were resolved; left out, those that stand")
    ] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List records, pages and slices that could not be read, each with its reason, the newest first."""
    reader.needs_everything("Rejected records")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(RejectedRecord, Source.name).join(Source, Source.id == RejectedRecord.source_id)
        stands = RejectedRecord.resolved_at.is_(None)
        query = query.where(~stands if resolved else stands)
        query = query.where(
            changed(
                changed_since,
                RejectedRecord.rejected_at,
                RejectedRecord.retried_at,
                RejectedRecord.resolved_at,
            )
        )
        if source is not None:
            query = query.where(Source.name == source)
        if kind is not None:
            query = query.where(RejectedRecord.kind == kind)
        rows = session.execute(paging.page(query, RejectedRecord.__table__.c.id, newest_first=True)).all()
        return paging.document(
            [reject_document(row, name) for row, name in rows], [row[0].id for row in rows]
        )

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/absences", response_model=Paged[AbsenceShape], responses=PROBLEMS, summary="Absent records",
    operation_id="list_absences",
)  # fmt: skip
def list_absences(
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    run: Annotated[int | None, Query(ge=1, le=MOST_ID, description="Noticed by this run")] = None,
    fate: Annotated[
        Literal["deleted", "archived", "moved", "out_of_scope", "access_lost"] | None, Query()
    ] = None,
    external_id: Text = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List the times in which records were not to be seen, the newest first; those that are back included."""
    reader.needs_everything("Absent records")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(Absence, Source.name).join(Source, Source.id == Absence.source_id)
        given = (
            (Source.name, source), (Absence.run_id, run), (Absence.fate, fate), (Absence.external_id, external_id),
        )  # fmt: skip
        query = query.where(*(column == value for column, value in given if value is not None))
        query = query.where(changed(changed_since, Absence.found_at, Absence.settled_at, Absence.ended_at))
        rows = session.execute(paging.page(query, Absence.__table__.c.id, newest_first=True)).all()
        return paging.document(
            [absence_document(row, name) for row, name in rows], [row[0].id for row in rows]
        )

    return json_answer(reader, collect, link=paging.link)


def reject_document(row: RejectedRecord, source: str) -> dict[str, Any]:
    """Return a reject."""
    return {
        "id": row.id,
        "source": source,
        "stream": row.stream,
        "kind": row.kind,
        "external_id": row.external_id,
        "locator": row.locator,
        "reason": row.reason,
        "run": row.run_id,
        "rejected_at": z(row.rejected_at),
        "attempts": row.attempts,
        "retried_at": z(row.retried_at),
        "resolved_at": z(row.resolved_at),
    }


def absence_document(row: Absence, source: str) -> dict[str, Any]:
    """Return a time of absence."""
    return {
        "id": row.id,
        "source": source,
        "stream": row.stream,
        "entity": row.entity,
        "external_id": row.external_id,
        "fate": row.fate,
        "says": row.says,
        "found_by": row.found_by,
        "found_at": z(row.found_at),
        "settled_at": z(row.settled_at),
        "ended_at": z(row.ended_at),
        "question": row.question_id,
        "run": row.run_id,
    }


def age_in_words(since: datetime, now: datetime) -> str:
    """Write how long something has stood: to the minute, hour or day."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= size:
            return f"{minutes // size} {unit}{'' if minutes // size == 1 else 's'}"
    return f"{minutes} min"
