"""What the routes share: documented problems, the two clocks, and version rows."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import Path
from fastapi import Query as Parameter
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from api.access import only_visible
from api.answer import Visible
from api.paging import Paging, Query
from api.problems import ProblemDocument, not_found
from api.values import Day, Instant
from model.tables import (
    Baseline,
    Benefit,
    ChangeRequest,
    Contract,
    CostLine,
    Decision,
    GateCriterion,
    Milestone,
    Project,
    ProjectRole,
    QualityReview,
    RaidItem,
    Source,
    Utilisation,
    WorkPlanLine,
)
from model.tables.version import Version

_PROBLEM: Final[dict[str, Any]] = {
    "model": ProblemDocument,
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Not changed since the ETag sent in If-None-Match"},
    400: {**_PROBLEM, "description": "A parameter or cursor nobody knows"},
    401: {**_PROBLEM, "description": "No valid token"},
    403: {**_PROBLEM, "description": "The token lacks the scope"},
    404: {**_PROBLEM, "description": "No such thing, or not visible to this token"},
    422: {**_PROBLEM, "description": "A parameter has the wrong form"},
    429: {**_PROBLEM, "description": "Too many requests; Retry-After says when to try again"},
}

AsOf = Annotated[Day | None, Parameter(description="Status of this day; the newest when left out")]


KnownAt = Annotated[
    Instant | None,
    Parameter(description="As known at this instant, with its offset; now when left out"),
]
Text = Annotated[str | None, Parameter(max_length=200)]
ProjectKey = Annotated[str, Path(max_length=200, examples=["APOLLO"])]

V = TypeVar(
    "V", Milestone, RaidItem, CostLine, ChangeRequest, Decision, GateCriterion, WorkPlanLine, Contract, Benefit,
    ProjectRole, Utilisation, QualityReview, Baseline,
)  # fmt: skip


def visible_project(session: Session, visible: Visible, key: str) -> Project:
    """Find a project by key.

    Raises:
        Problem: 404, in the same words whether it is missing or hidden.
    """
    found = session.scalar(select(Project).where(Project.key == key, only_visible(Project.id, visible)))
    if found is None:
        raise not_found(f"There is no project {key}, or this token may not see it.")
    return found


def versions(table: type[V], *, known_at: datetime | None) -> ColumnElement[bool]:
    """Return the condition for the version rows that stood at an instant; None means now."""
    if known_at is None:
        return and_(table.known_to.is_(None), table.deleted.is_(False))
    open_then = or_(table.known_to.is_(None), table.known_to > known_at)
    # A record that is gone since was there until its last version's `known_to`.
    there = or_(table.deleted.is_(False), table.known_to.is_not(None))
    return and_(table.known_from <= known_at, open_then, there)


def version_page(table: type[V], paging: Paging, visible: Visible, *, known_at: datetime | None) -> Query:
    """Return the query of one page of version rows with their source's name and project's key."""
    query = (
        select(table, Source.name, Project.key)
        .join(Source, Source.id == table.source_id)
        .outerjoin(Project, Project.id == table.project_id)
        .where(versions(table, known_at=known_at), only_visible(table.project_id, visible))
    )
    return paging.page(query, table.__table__.c.id)


def about(found: Version) -> dict[str, Any]:
    """Say what a row is about, where it is what people answered about another source's record."""
    return {"amends": found.amends_external_id, "answered": found.answered}
