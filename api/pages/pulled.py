"""Sources and runs: what was pulled, whether it balances, and what belongs to no project yet."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import RecordsReader
from api.answer import Visible
from api.pages.board import fresh
from api.pages.render import page
from api.routes.projects import scope_document
from api.routes.runs import run_documents
from api.routes.sources import source_documents
from model.tables import RejectedRecord, Run, Scope, Source, WorkItem
from sync.match import unmatched_rows

router = APIRouter()
RUNS: Final = 20
REJECTED: Final = 100


@router.get("/sources")
def sources_page(reader: RecordsReader) -> Response:
    """Show sources, runs with their ledgers, and what is unbound, unmatched or rejected."""
    reader.needs_everything("Sources and runs")

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        newest = (
            select(Run, Source.name)
            .join(Source, Source.id == Run.source_id)
            .order_by(Run.id.desc())
            .limit(RUNS)
        )
        rejected = (
            select(RejectedRecord, Source.name)
            .join(Source, Source.id == RejectedRecord.source_id)
            .where(RejectedRecord.resolved_at.is_(None))
            .order_by(RejectedRecord.id.desc())
            .limit(REJECTED)
        )
        known = fresh(source_documents(session, visible), datetime.now(UTC))
        return {
            "title": "Sources and runs",
            "sources": [source for source in known if source["enabled"]],
            "disabled": [source for source in known if not source["enabled"]],
            "runs": run_documents(session, newest, visible),
            "unbound": _unbound(session),
            "unmatched": unmatched_rows(session.connection()),
            "rejected": session.execute(rejected).all(),
        }

    return page(reader, "sources.html", collect, also=f"{datetime.now(UTC):%Y%m%d%H}")


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
