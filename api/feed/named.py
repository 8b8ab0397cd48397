"""What rows say of other projects: held to those that may be seen, as the transaction was told which they are."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import aliased

from model.tables import Project, Scope, WorkItem

EVERYTHING: Final = "all"
_SETTING: Final = "muster.seen"
_TELL: Final = text(f"SELECT set_config('{_SETTING}', :seen, true)")


def tell(connection: Connection, visible: Any) -> None:
    """Say for the rest of a transaction which projects are seen, by id; None: all. Where nobody says it, none is."""
    seen = EVERYTHING if visible is None else ",".join(sorted(map(str, visible)))
    connection.execute(_TELL, {"seen": seen})


def where_project_is_seen(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text where it is the key or the name of a project that is seen; else null."""
    project = aliased(Project)
    same = func.lower(func.btrim(name)).in_([func.lower(project.key), func.lower(project.name)])
    known = exists().where(same, _seen(project.id)).correlate_except(project)
    return case((or_(_all(), known), name))


def parent_where_seen() -> ColumnElement[Any]:
    """Return the key of the item above a work item; null where that is of a project that is not seen."""
    above, scope = aliased(WorkItem), aliased(Scope)
    held = (scope.source_id == above.source_id) & (scope.external_id == above.scope_external_id)
    is_it = or_(above.external_id == WorkItem.parent_external_id, above.key == WorkItem.parent_key)
    hidden = (
        select(1)
        .select_from(above)
        .outerjoin(scope, held)
        .where(above.source_id == WorkItem.source_id, is_it, ~func.coalesce(_seen(scope.project_id), False))
        .correlate(WorkItem)
        .exists()
    )
    return case((or_(_all(), ~hidden), WorkItem.parent_key))


def _setting() -> Any:
    # As a query of its own, so that it is read once and not row by row.
    return func.coalesce(func.current_setting(_SETTING, True), "")


def _all() -> ColumnElement[bool]:
    return select(_setting() == literal(EVERYTHING)).scalar_subquery()


def _seen(project: Any) -> ColumnElement[bool]:
    return cast(project, Text()).in_(select(func.unnest(func.string_to_array(_setting(), ","))))
