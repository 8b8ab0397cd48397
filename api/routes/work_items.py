"""Work items of all trackers, paged in the order they were first read."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader, only_visible
from api.feed.named import parent_where_seen, tell
from api.routes.common import PROBLEMS, Text, changed
from api.shapes.common import Paged
from api.shapes.plan import WorkItemShape
from api.wire.answer import Visible, json_answer
from api.wire.paging import Page
from api.wire.values import Instant
from model.tables import Project, Scope, Source, WorkItem
from sync.keys import resolve

router = APIRouter()

_COLUMNS: Final = {
    "source": Source.name,
    "external_id": WorkItem.external_id,
    "key": WorkItem.key,
    "project": Project.key,
    "type": WorkItem.type,
    "hub_type": WorkItem.hub_type,
    "title": WorkItem.title,
    "status": WorkItem.status,
    "status_category": WorkItem.status_category,
    "resolution": WorkItem.resolution,
    "points": WorkItem.points,
    "original_hours": WorkItem.original_hours,
    "remaining_hours": WorkItem.remaining_hours,
    "spent_hours": WorkItem.spent_hours,
    "priority": WorkItem.priority,
    "assignee": WorkItem.assignee,
    "reporter": WorkItem.reporter,
    "parent_key": parent_where_seen(),
    "labels": WorkItem.labels,
    "created_at": WorkItem.created_at,
    "updated_at": WorkItem.updated_at,
    "started_at": WorkItem.started_at,
    "done_at": WorkItem.done_at,
    "due": WorkItem.due,
    "deleted_at": WorkItem.deleted_at,
    "url": WorkItem.url,
    "locator": WorkItem.locator,
}


@router.get(
    "/work-items", response_model=Paged[WorkItemShape], responses=PROBLEMS, summary="Work items",
    operation_id="list_work_items",
)  # fmt: skip
def list_work_items(  # noqa: PLR0913, PLR0917 - a parameter a filter
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    project: Text = None,
    key: Annotated[str | None, Query(description="Its key, or one that it had before it was moved")] = None,
    type: Text = None,  # noqa: A002 - the contract's own word
    status_category: Annotated[Literal["todo", "doing", "done", "dropped"] | None, Query()] = None,
    changed_since: Annotated[
        Instant | None,
        Query(description="Stored anew at or after this: changed, found deleted, bound to another project"),
    ] = None,
    deleted: Annotated[bool | None, Query(description="Only deleted ones, or only those that stand")] = None,
) -> Response:
    """List work items as last read, deleted ones included unless asked otherwise; `/transitions` has what they were."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        tell(session.connection(), visible)
        query = _visible_items(visible)
        given = ((Source.name, source), (Project.key, project), (WorkItem.type, type))
        query = query.where(*(column == value for column, value in given if value is not None))
        if key is not None:
            query = query.where(WorkItem.id.in_(resolve(session.connection(), [key]).get(key, [])))
        if status_category is not None:
            query = query.where(WorkItem.status_category == status_category)
        query = query.where(changed(changed_since, WorkItem.changed_at))
        if deleted is not None:
            query = query.where(
                WorkItem.deleted_at.is_not(None) if deleted else WorkItem.deleted_at.is_(None)
            )
        rows = session.execute(paging.page(query, WorkItem.__table__.c.id)).all()
        items = [dict(zip(_COLUMNS, row[1:], strict=True)) for row in rows]
        return paging.document(items, [row[0] for row in rows])

    return json_answer(reader, collect, link=paging.link)


def _visible_items(visible: Visible) -> Select[*tuple[Any, ...]]:
    return (
        select(WorkItem.id, *_COLUMNS.values())
        .join(Source, Source.id == WorkItem.source_id)
        .outerjoin(
            Scope,
            and_(Scope.source_id == WorkItem.source_id, Scope.external_id == WorkItem.scope_external_id),
        )
        .outerjoin(Project, Project.id == Scope.project_id)
        .where(only_visible(Scope.project_id, visible))
    )
