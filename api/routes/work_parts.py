"""What belongs to work items: their changes, links, iterations, comments and work logs, item by item.

A part has no clock of its own: an item is read with all of its parts, so they change when it does.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Select, and_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.responses import Response

from api.access.visible import RecordsReader, only_visible
from api.feed.named import changed_where_seen, other_where_seen, tell
from api.routes.common import PROBLEMS, Text, changed
from api.shapes.common import Paged
from api.shapes.work import ItemCommentShape, LinkShape, PlannedShape, TransitionShape, WorklogShape
from api.wire.answer import Visible, json_answer
from api.wire.paging import Page, Paging
from api.wire.values import Instant
from model.tables import (
    Comment,
    Project,
    Scope,
    Source,
    Transition,
    WorkItem,
    WorkItemIteration,
    WorkItemLink,
    Worklog,
)
from sync.json import instant_text
from sync.keys import resolve

router = APIRouter()
_Columns = Mapping[str, Any]
_Part = type[Transition | WorkItemLink | WorkItemIteration | Comment | Worklog]
_Rows = Select[*tuple[Any, ...]]

_OF_ITEM: Final[_Columns] = {
    "source": Source.name, "item": WorkItem.external_id, "key": WorkItem.key, "project": Project.key,
}  # fmt: skip
_TRANSITION: Final[_Columns] = {
    "at": Transition.at, "by": Transition.by, "field": Transition.field,
    "from_value": changed_where_seen("from_value"), "to_value": changed_where_seen("to_value"),
}  # fmt: skip
_LINK: Final[_Columns] = {
    "direction": WorkItemLink.direction, "type": WorkItemLink.type, "label": WorkItemLink.label,
    "other": other_where_seen(WorkItemLink.other_external_id.expression),
    "other_key": other_where_seen(WorkItemLink.other_key.expression),
}  # fmt: skip
_PLANNED: Final[_Columns] = {"name": WorkItemIteration.name, "state": WorkItemIteration.state}
_COMMENT: Final[_Columns] = {
    "author": Comment.author, "created_at": Comment.created_at, "updated_at": Comment.updated_at, "text": Comment.text,
}  # fmt: skip
_WORKLOG: Final[_Columns] = {
    "author": Worklog.author, "started_at": Worklog.started_at, "hours": Worklog.hours,
    "created_at": Worklog.created_at, "updated_at": Worklog.updated_at, "text": Worklog.text,
}  # fmt: skip
_INSTANTS: Final = frozenset({"at", "created_at", "updated_at", "started_at"})


class OfItems:
    """Whose parts are asked for."""

    def __init__(
        self,
        source: Text = None,
        project: Text = None,
        item: Annotated[
            str | None,
            Query(max_length=200, description="The item's key, or one that it had before it was moved"),
        ] = None,
        changed_since: Annotated[
            Instant | None,
            Query(
                description="Of items that were stored anew at or after this: take all parts of these anew, for"
                " what they lack is gone"
            ),
        ] = None,
    ) -> None:
        self.given = ((Source.name, source), (Project.key, project))
        self.item = item
        self.changed_since = changed_since

    def held(self, session: Session, query: _Rows) -> _Rows:
        """Return the query held to these items."""
        query = query.where(*(column == value for column, value in self.given if value is not None))
        if self.item is not None:
            query = query.where(
                WorkItem.id.in_(resolve(session.connection(), [self.item]).get(self.item, []))
            )
        return query.where(changed(self.changed_since, WorkItem.changed_at))


AskedItems = Annotated[OfItems, Depends(OfItems)]


@router.get(
    "/transitions", response_model=Paged[TransitionShape], responses=PROBLEMS, summary="Changes of work items",
    operation_id="list_transitions",
)  # fmt: skip
def list_transitions(
    reader: RecordsReader,
    paging: Page,
    of: AskedItems,
    field: Text = None,
    since: Annotated[Instant | None, Query(description="That happened at or after this")] = None,
    until: Annotated[Instant | None, Query(description="That happened before this")] = None,
) -> Response:
    """List the changed fields of work items, item by item."""
    when = (
        true() if field is None else Transition.field == field,
        true() if since is None else Transition.at >= since,
        true() if until is None else Transition.at < until,
    )

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        tell(session.connection(), visible)
        query = _parts(Transition, _TRANSITION, visible).where(*when)
        return _document(session, paging, of.held(session, query), _TRANSITION, Transition.external_id)

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/work-item-links", response_model=Paged[LinkShape], responses=PROBLEMS, summary="Links of work items",
    operation_id="list_work_item_links",
)  # fmt: skip
def list_links(reader: RecordsReader, paging: Page, of: AskedItems, type: Text = None) -> Response:  # noqa: A002 - the contract's own word
    """List links, each as the item it was read from shows it; of hidden projects' items only that there is one."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = _parts(WorkItemLink, _LINK, visible)
        if type is not None:
            query = query.where(WorkItemLink.type == type)
        tell(session.connection(), visible)
        return _document(session, paging, of.held(session, query), _LINK, WorkItemLink.external_id)

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/work-item-iterations", response_model=Paged[PlannedShape], responses=PROBLEMS,
    summary="Iterations that work items are planned in", operation_id="list_work_item_iterations",
)  # fmt: skip
def list_planned(reader: RecordsReader, paging: Page, of: AskedItems) -> Response:
    """List which iterations each work item is or was planned in."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = of.held(session, _parts(WorkItemIteration, _PLANNED, visible))
        return _document(session, paging, query, _PLANNED, WorkItemIteration.external_id)

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/comments", response_model=Paged[ItemCommentShape], responses=PROBLEMS, summary="Comments on work items",
    operation_id="list_comments",
)  # fmt: skip
def list_comments(reader: RecordsReader, paging: Page, of: AskedItems) -> Response:
    """List comments, of sources whose options ask for them."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = of.held(session, _parts(Comment, _COMMENT, visible))
        return _document(session, paging, query, _COMMENT, Comment.external_id)

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/worklogs", response_model=Paged[WorklogShape], responses=PROBLEMS, summary="Work logs of work items",
    operation_id="list_worklogs",
)  # fmt: skip
def list_worklogs(reader: RecordsReader, paging: Page, of: AskedItems) -> Response:
    """List the time said to be spent on work items, of sources whose options ask for it."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = of.held(session, _parts(Worklog, _WORKLOG, visible))
        return _document(session, paging, query, _WORKLOG, Worklog.external_id)

    return json_answer(reader, collect, link=paging.link)


def _parts(table: _Part, columns: _Columns, visible: Visible) -> _Rows:
    """Return the query of the parts of visible items, behind the id of their item and their own."""
    return (
        select(WorkItem.id, table.external_id, *_OF_ITEM.values(), *columns.values())
        .join_from(
            table,
            WorkItem,
            and_(WorkItem.source_id == table.source_id, WorkItem.external_id == table.item_external_id),
        )
        .join(Source, Source.id == WorkItem.source_id)
        .outerjoin(
            Scope,
            and_(Scope.source_id == WorkItem.source_id, Scope.external_id == WorkItem.scope_external_id),
        )
        .outerjoin(Project, Project.id == Scope.project_id)
        .where(only_visible(Scope.project_id, visible))
    )


def _document(
    session: Session, paging: Paging, query: _Rows, columns: _Columns, own: InstrumentedAttribute[str]
) -> dict[str, Any]:
    """Return one page, item by item."""
    page = paging.page_of_records(query, WorkItem.__table__.c.id, own.expression)
    rows = session.execute(page).all()
    items = []
    for row in rows:
        found = dict(zip((*_OF_ITEM, *columns), row[2:], strict=True)) | {"external_id": row[1]}
        for name in found.keys() & _INSTANTS:
            found[name] = instant_text(found[name])
        items.append(found)
    return paging.document(items, [(row[0], row[1]) for row in rows])
