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
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from model.naming import change_where_seen, field_where_seen
from model.tables import Project, Scope, WorkItem, WorkItemLink

EVERYTHING: Final = "all"
SETTING: Final = "muster.seen"
_TELL: Final = text(f"SELECT set_config('{SETTING}', :seen, true)")


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
    """Return the key of the item above a work item, where that is one of a project that is seen; else null."""
    above = aliased(WorkItem)
    is_it = or_(above.external_id == WorkItem.parent_external_id, above.key == WorkItem.parent_key)
    known = _item_is_seen(above, (above.source_id == WorkItem.source_id) & is_it)
    return case((or_(_all(), known.correlate(WorkItem)), WorkItem.parent_key))


def other_where_seen(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what tells of the other end of a link, where that is an item of a project that is seen; else null."""
    other = aliased(WorkItem)
    is_it = (other.source_id == WorkItemLink.source_id) & (
        other.external_id == WorkItemLink.other_external_id
    )
    return case((or_(_all(), _item_is_seen(other, is_it).correlate(WorkItemLink)), value))


def changed_where_seen(value: str) -> ColumnElement[Any]:
    """Return a column of `transition`, null where it tells of an item or a project that is not seen."""
    held = change_where_seen(f"transition.{value}", "transition.field", "work_item.id", _seen_in_sql)
    return case((_all(), literal_column(f"transition.{value}", Text())), else_=literal_column(held, Text()))


def custom_where_seen(value: str, kind: str) -> ColumnElement[Any]:
    """Return a custom field's value, given as SQL of JSON as its type is; null where it tells of what is not seen."""
    written = f"({value} #>> '{{}}')"
    held = literal_column(field_where_seen(value, kind, written, "work_item.id", _seen_in_sql), JSONB())
    return case((_all(), literal_column(value, JSONB())), else_=held)


def _item_is_seen(item: Any, is_it: ColumnElement[bool]) -> Any:
    scope = aliased(Scope)
    held = (scope.source_id == item.source_id) & (scope.external_id == item.scope_external_id)
    found = select(1).select_from(item).join(scope, held).where(is_it, _seen(scope.project_id))
    return found.exists()


def _seen_in_sql(project: str) -> str:
    seen = f"SELECT string_to_array(coalesce(current_setting('{SETTING}', true), ''), ',')"
    return f"CAST({project} AS text) = ANY(CAST(({seen}) AS text[]))"


def _setting() -> Any:
    # As a query of its own, so that it is read once and not row by row.
    return func.coalesce(func.current_setting(SETTING, True), "")


def _all() -> ColumnElement[bool]:
    return select(_setting() == literal(EVERYTHING)).scalar_subquery()


def _seen(project: Any) -> ColumnElement[bool]:
    return cast(project, Text()).in_(select(func.unnest(func.string_to_array(_setting(), ","))))
