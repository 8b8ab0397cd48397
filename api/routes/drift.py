"""What of the sources is no longer as their mappings were made for."""

from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import DriftShape, Paged
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page
from model.tables import Drift, Source

router = APIRouter()
SHOWN: Final = 100


@router.get(
    "/drift", response_model=Paged[DriftShape], responses=PROBLEMS, summary="Drift", operation_id="list_drift"
)
def list_drift(
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    resolved: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    changed_since: ChangedSince = None,
) -> Response:
    """List what has drifted, the newest first: what is open, or what went by itself or was accepted."""
    reader.needs_everything("Drift")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(Drift, Source.name).join(Source, Source.id == Drift.source_id)
        stands = Drift.resolved_at.is_(None)
        query = query.where(~stands if resolved else stands)
        query = query.where(changed(changed_since, Drift.first_seen, Drift.last_seen, Drift.resolved_at))
        if source is not None:
            query = query.where(Source.name == source)
        rows = session.execute(paging.page(query, Drift.__table__.c.id, newest_first=True)).all()
        return paging.document([drift_document(row, name) for row, name in rows], [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


def open_drift(session: Session) -> list[dict[str, Any]]:
    """Return what stands, for pages, in the order of the sources."""
    query = (
        select(Drift, Source.name)
        .join(Source, Source.id == Drift.source_id)
        .where(Drift.resolved_at.is_(None))
        .order_by(Source.position, Drift.id)
        .limit(SHOWN)
    )
    return [drift_document(row, name) for row, name in session.execute(query)]


def drift_document(found: Drift, source: str) -> dict[str, Any]:
    """Return one line of drift as the API shows it."""
    return {
        "id": found.id,
        "source": source,
        "kind": found.kind,
        "subject": found.subject,
        "was": found.was,
        "now": found.now,
        "says": found.says,
        "todo": found.todo,
        "first_seen": z(found.first_seen),
        "last_seen": z(found.last_seen),
        "run": found.run_id,
        "resolved_at": z(found.resolved_at),
        "resolved_by": found.resolved_by,
    }
