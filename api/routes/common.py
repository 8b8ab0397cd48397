"""What the routes share: documented problems, the two clocks, and version rows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends
from fastapi import Query as Parameter
from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from api.access.visible import only_visible
from api.wire.answer import Visible, z
from api.wire.paging import Paging
from api.wire.problems import ProblemDocument, not_found
from api.wire.values import Day, Instant
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


ChangedSince = Annotated[
    Instant | None,
    Parameter(
        description="Only what is new or changed at or after this instant; what went since is among it"
    ),
]


class Clocks:
    """The instant to know things at, and since when they must have changed."""

    def __init__(self, known_at: KnownAt = None, changed_since: ChangedSince = None) -> None:
        self.known_at = known_at
        self.changed_since = changed_since


AskedClocks = Annotated[Clocks, Depends(Clocks)]
Given = tuple[InstrumentedAttribute[Any] | ColumnElement[Any], Any]


def changed(since: datetime | None, *instants: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that something came of a row at or after an instant."""
    return true() if since is None else or_(*(column >= since for column in instants))


def versions(table: type[V], *, known_at: datetime | None) -> ColumnElement[bool]:
    """Return the condition for the version rows that stood at an instant; None means now."""
    if known_at is None:
        return and_(table.known_to.is_(None), table.deleted.is_(False))
    open_then = or_(table.known_to.is_(None), table.known_to > known_at)
    # A record that is gone since was there until its last version's `known_to`.
    there = or_(table.deleted.is_(False), table.known_to.is_not(None))
    return and_(table.known_from <= known_at, open_then, there)


def _changed_versions(table: type[V], clocks: Clocks) -> ColumnElement[bool]:
    """Return the condition for what stood and is younger than an instant, and for what went since."""
    stood = versions(table, known_at=clocks.known_at)
    if clocks.changed_since is None:
        return stood
    later = aliased(table)
    again = exists().where(
        later.source_id == table.source_id,
        later.external_id == table.external_id,
        later.known_from > table.known_from,
        true() if clocks.known_at is None else later.known_from <= clocks.known_at,
    )
    went = and_(table.deleted, table.known_to >= clocks.changed_since, ~again)
    if clocks.known_at is not None:
        went = and_(went, table.known_to <= clocks.known_at)
    return or_(and_(stood, table.known_from >= clocks.changed_since), went)


def version_document(
    session: Session,
    paging: Paging,
    rows: tuple[type[V], Visible, Clocks],
    given: Sequence[Given],
    document: Callable[[V, str, str | None], dict[str, Any]],
) -> dict[str, Any]:
    """Return one page of a table's records, each in the version that stood at an instant.

    Args:
        session: To read with.
        paging: Which page.
        rows: Of which table, whose, and by which clocks.
        given: Columns and what they must be, where it is not None.
        document: How a row is shown, with its source's name and its project's key.
    """
    table, visible, clocks = rows
    query = (
        select(table, Source.name, Project.key)
        .join(Source, Source.id == table.source_id)
        .outerjoin(Project, Project.id == table.project_id)
        .where(_changed_versions(table, clocks), only_visible(table.project_id, visible))
        .where(*(column == value for column, value in given if value is not None))
    )
    columns = table.__table__.c
    found = session.execute(paging.page_of_records(query, columns.source_id, columns.external_id)).all()
    items = [document(*row) | {"deleted_at": _went(row[0], clocks.known_at)} for row in found]
    return paging.document(items, [(row[0].source_id, row[0].external_id) for row in found])


def _went(found: Version, known_at: datetime | None) -> str | None:
    """Say when a record's absence was noticed, as far as was known."""
    gone = found.deleted and found.known_to is not None and (known_at is None or found.known_to <= known_at)
    return z(found.known_to) if gone else None


def about(found: Version) -> dict[str, Any]:
    """Say what a row is about, where it is what people answered about another source's record."""
    return {"amends": found.amends_external_id, "answered": found.answered}
