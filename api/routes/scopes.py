"""Scopes: the pieces of sources, bound to a project or to none yet."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader, only_visible
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.routes.projects import scope_document
from api.shapes.common import Paged, ScopeShape
from api.wire.answer import Visible, json_answer
from api.wire.paging import Page
from model.tables import Project, Scope, Source

router = APIRouter()


@router.get(
    "/scopes", response_model=Paged[ScopeShape], responses=PROBLEMS, summary="Scopes",
    operation_id="list_scopes",
)  # fmt: skip
def list_scopes(
    reader: StatusReader,
    paging: Page,
    source: Text = None,
    bound: Annotated[bool | None, Query()] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List scopes. Unbound ones belong to no project: only who sees all projects sees them."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = (
            select(Scope, Source.name, Project.key)
            .join(Source, Source.id == Scope.source_id)
            .outerjoin(Project, Project.id == Scope.project_id)
            .where(only_visible(Scope.project_id, visible), changed(changed_since, Scope.changed_at))
        )
        if source is not None:
            query = query.where(Source.name == source)
        if bound is not None:
            query = query.where(Scope.project_id.is_not(None) if bound else Scope.project_id.is_(None))
        rows = session.execute(paging.page(query, Scope.__table__.c.id)).all()
        items = [{**scope_document(scope, name), "project": project} for scope, name, project in rows]
        return paging.document(items, [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)
