"""Projects and what they are bound to."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader, only_visible
from api.routes.common import (
    PROBLEMS,
    AsOf,
    ChangedSince,
    KnownAt,
    ProjectKey,
    Text,
    changed,
    visible_project,
)
from api.shapes.common import Paged, ProjectShape
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page
from model.tables import Programme, ProgrammeProject, Project, Scope, Snapshot, Source

router = APIRouter()


@router.get(
    "/projects", response_model=Paged[ProjectShape], responses=PROBLEMS, summary="Projects",
    operation_id="list_projects",
)  # fmt: skip
def list_projects(
    reader: StatusReader,
    paging: Page,
    programme: Text = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List projects by key, with the colour of a day; changed is one made, closed or given another snapshot since."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = select(Project, Programme.name).outerjoin(Programme, Programme.id == Project.programme_id)
        query = query.where(only_visible(Project.id, visible))
        if programme is not None:
            named = select(ProgrammeProject.project_id).join(Programme).where(Programme.name == programme)
            query = query.where(or_(Programme.name == programme, Project.id.in_(named)))
        if changed_since is not None:
            seen = select(Snapshot.project_id).where(Snapshot.known_at >= changed_since)
            own = changed(changed_since, Project.created_at, Project.closed_at)
            query = query.where(own | Project.id.in_(seen))
        rows = session.execute(paging.page(query, Project.__table__.c.key)).all()
        documents = project_documents(session, rows, as_of, known_at)
        return paging.document(documents, [found["key"] for found in documents])

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/projects/{key}", response_model=ProjectShape, responses=PROBLEMS, summary="One project",
    operation_id="get_project",
)  # fmt: skip
def get_project(
    reader: StatusReader, key: ProjectKey, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Return one project, with the colour of a day."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = visible_project(session, visible, key)
        query = select(Project, Programme.name).outerjoin(Programme, Programme.id == Project.programme_id)
        rows = session.execute(query.where(Project.id == found.id)).all()
        return project_documents(session, rows, as_of, known_at)[0]

    return json_answer(reader, collect)


def project_documents(
    session: Session, rows: Sequence[Any], as_of: date | None = None, known_at: datetime | None = None
) -> list[dict[str, Any]]:
    """Return projects with scopes and the colour of a day, in two statements however many there are."""
    ids = [project.id for project, _ in rows]
    scopes: dict[UUID | None, list[dict[str, Any]]] = {}
    for scope, source in session.execute(
        select(Scope, Source.name).join(Source, Source.id == Scope.source_id)
        .where(Scope.project_id.in_(ids)).order_by(Source.position, Scope.key)
    ):  # fmt: skip
        scopes.setdefault(scope.project_id, []).append(scope_document(scope, source))
    newest = (
        select(Snapshot.project_id, Snapshot.overall, Snapshot.health)
        .ext(distinct_on(Snapshot.project_id))
        .where(
            Snapshot.project_id.in_(ids),
            true() if as_of is None else Snapshot.as_of <= as_of,
            true() if known_at is None else Snapshot.known_at <= known_at,
        )
        .order_by(Snapshot.project_id, Snapshot.as_of.desc(), Snapshot.known_at.desc())
    )
    status = {row.project_id: row for row in session.execute(newest)}
    return [
        {
            "key": project.key,
            "name": project.name,
            "programme": programme,
            "origin": project.origin,
            "created_at": z(project.created_at),
            "closed_at": z(project.closed_at),
            "overall": status[project.id].overall if project.id in status else None,
            "health": status[project.id].health if project.id in status else None,
            "scopes": scopes.get(project.id, []),
        }
        for project, programme in rows
    ]


def scope_document(scope: Scope, source: str) -> dict[str, Any]:
    """Return a scope as the API shows it."""
    return {
        "source": source,
        "kind": scope.kind,
        "external_id": scope.external_id,
        "key": scope.key,
        "name": scope.name,
        "lead": scope.lead,
        "url": scope.url,
        "bound_by": scope.bound_by,
        "locator": scope.locator,
        "deleted_at": z(scope.deleted_at),
    }
