"""Projects and what they are bound to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Row, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader, only_visible
from api.routes.common import (
    PROBLEMS,
    AsOf,
    ChangedSince,
    KnownAt,
    Text,
    changed,
    visible_project,
)
from api.shapes.common import Paged, ProjectShape
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page
from api.wire.whole_keys import ProjectKey
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
    """List projects by key, with the colour of a day; changed is one made, closed or given another snapshot since.

    With `known_at` they are called and filed as was known then, and what they were bound to is not told (null): which
    scopes belong to a project is kept as it is now.
    """

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = select(Project, Programme.name).outerjoin(Programme, Programme.id == Project.programme_id)
        query = query.where(only_visible(Project.id, visible))
        if known_at is not None:
            query = query.where(Project.created_at <= known_at)
            if programme is not None:
                query = query.where(_filed(programme, as_of, known_at))
        elif programme is not None:
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


def _filed(programme: str, as_of: date | None, known_at: datetime) -> ColumnElement[bool]:
    """Say that a project was of a programme on a day, as known at an instant."""
    told = Snapshot.document
    return (
        select(
            func.coalesce(
                (told["programme"].astext == programme) | told["programmes"].contains([{"name": programme}]),
                false(),
            )
        )
        .where(*_standing(as_of, known_at), Snapshot.project_id == Project.id)
        .order_by(Snapshot.as_of.desc(), Snapshot.known_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _standing(as_of: date | None, known_at: datetime | None) -> list[ColumnElement[bool]]:
    return [
        true() if as_of is None else Snapshot.as_of <= as_of,
        true() if known_at is None else Snapshot.known_at <= known_at,
    ]


def project_documents(
    session: Session, rows: Sequence[Any], as_of: date | None = None, known_at: datetime | None = None
) -> list[dict[str, Any]]:
    """Return projects with scopes and the colour of a day, in two statements however many there are."""
    ids = [project.id for project, _ in rows]
    scopes: dict[UUID | None, list[dict[str, Any]]] = {}
    for scope, source in [] if known_at is not None else session.execute(
        select(Scope, Source.name).join(Source, Source.id == Scope.source_id)
        .where(Scope.project_id.in_(ids)).order_by(Source.position, Scope.key)
    ):  # fmt: skip
        scopes.setdefault(scope.project_id, []).append(scope_document(scope, source))
    called = [Snapshot.document["name"].astext, Snapshot.document["programme"].astext]
    newest = (
        select(Snapshot.project_id, Snapshot.overall, Snapshot.health, *([] if known_at is None else called))
        .ext(distinct_on(Snapshot.project_id))
        .where(Snapshot.project_id.in_(ids), *_standing(as_of, known_at))
        .order_by(Snapshot.project_id, Snapshot.as_of.desc(), Snapshot.known_at.desc())
    )
    status = {row.project_id: row for row in session.execute(newest)}
    return [
        _document(project, programme, status.get(project.id), scopes, known_at) for project, programme in rows
    ]


def _document(
    project: Project,
    programme: str | None,
    status: Row[Any] | None,
    scopes: Mapping[UUID | None, list[dict[str, Any]]],
    known_at: datetime | None,
) -> dict[str, Any]:
    name, closed_at = project.name, project.closed_at
    if known_at is not None:
        name, programme = (name, None) if status is None else tuple(status)[-2:]
        closed_at = None if closed_at is None or closed_at > known_at else closed_at
    return {
        "key": project.key,
        "name": name,
        "programme": programme,
        "origin": project.origin,
        "created_at": z(project.created_at),
        "closed_at": z(closed_at),
        "overall": None if status is None else status.overall,
        "health": None if status is None else status.health,
        "scopes": None if known_at is not None else scopes.get(project.id, []),
    }


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
