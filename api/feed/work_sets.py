"""The sets of trackers' work: items with their custom fields, their changes, and the iterations they are in."""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    FromClause,
    Integer,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy import text as text_
from sqlalchemy.dialects.postgresql import JSONB

from api.feed.declare import (
    PROJECT,
    Latest,
    Rows,
    day,
    entity_set,
    flag,
    guid,
    instant,
    key,
    many,
    number,
    one,
    stamp,
    text,
    whole,
)
from api.feed.named import changed_where_seen, custom_where_seen, parent_where_seen
from api.odata.edm import EntitySet
from model.tables import Iteration, Scope, Source, Transition, WorkItem, WorkItemIteration, WorkItemLeft


def of_its_scope(held: Any) -> ColumnElement[bool]:
    """Return what joins work items, or iterations, with the scope that they are in, which says their project."""
    return and_(Scope.source_id == held.source_id, Scope.external_id == held.scope_external_id)


def work_items() -> EntitySet:
    """Return the set of work items, deleted ones included and marked."""
    scope = of_its_scope(WorkItem)
    return entity_set(
        "WorkItems",
        "WorkItem",
        [
            key("WorkItemId", "Int64", WorkItem.id),
            guid("ProjectId", Scope.project_id),
            text("Source", Source.name),
            text("ExternalId", WorkItem.external_id, "Its id in the tracker, for ever"),
            text("WorkItemKey", WorkItem.key),
            text("Type", WorkItem.type, "The tracker's own word"),
            text("CommonType", WorkItem.hub_type),
            text("Title", WorkItem.title),
            text("Status", WorkItem.status),
            text("StatusCategory", WorkItem.status_category, "todo, doing, done or dropped"),
            text("Resolution", WorkItem.resolution),
            text("ParentKey", parent_where_seen(), "Null where it is of a project you do not see"),
            number("Points", WorkItem.points),
            number("OriginalHours", WorkItem.original_hours),
            number("RemainingHours", WorkItem.remaining_hours),
            number("SpentHours", WorkItem.spent_hours),
            text("Priority", WorkItem.priority),
            text("Assignee", WorkItem.assignee),
            text("Reporter", WorkItem.reporter),
            text("Area", WorkItem.area),
            *instant("CreatedAt", WorkItem.created_at),
            *instant("UpdatedAt", WorkItem.updated_at, "When it was last changed in its tracker"),
            *instant("StartedAt", WorkItem.started_at),
            *instant("DoneAt", WorkItem.done_at),
            *day("Due", WorkItem.due),
            text("Labels", func.array_to_string(WorkItem.labels, "; ")),
            text("Url", WorkItem.url),
            *stamp(WorkItem),
            flag("IsDeleted", WorkItem.deleted_at.is_not(None)),
            *instant("DeletedAt", WorkItem.deleted_at, "When that was found"),
            text(
                "Fate",
                WorkItem.fate,
                "Why it is not to be seen: deleted, archived, moved, out_of_scope, access_lost",
            ),
        ],
        Rows(
            # Every item has a source: an outer join to it is left out where nothing of it is asked for.
            WorkItem.__table__.outerjoin(Source.__table__, Source.id == WorkItem.source_id).outerjoin(
                Scope.__table__, scope
            ),
            project=Scope.project_id,
            core=WorkItem.__table__,
        ),
        says="Work items of all trackers, as last read",
        search=("WorkItemKey", "Title"),
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="WorkItems"),
            *(
                many(name, name, "WorkItemId", "WorkItemId", partner="WorkItem")
                for name in ("Transitions", "WorkItemFields", "WorkItemIterations")
            ),
        ],
    )


def _left(kind: str, key_name: str) -> FromClause:
    """Return what work items had of a kind and have no longer."""
    item = and_(
        WorkItem.source_id == WorkItemLeft.source_id, WorkItem.external_id == WorkItemLeft.item_external_id
    )
    scope = of_its_scope(WorkItem)
    return (
        select(
            WorkItem.id.label("WorkItemId"),
            WorkItemLeft.external_id.label(key_name),
            WorkItemLeft.changed_at.label("ChangedAt"),
            Scope.project_id.label(PROJECT),
        )
        .join_from(WorkItemLeft, WorkItem, item)
        .outerjoin(Scope, scope)
        .where(WorkItemLeft.kind == kind)
        .subquery()
    )


def transitions() -> EntitySet:
    """Return the set of changes of work items."""
    item = and_(
        WorkItem.source_id == Transition.source_id, WorkItem.external_id == Transition.item_external_id
    )
    scope = of_its_scope(WorkItem)
    return entity_set(
        "Transitions",
        "Transition",
        [
            key("WorkItemId", "Int64", WorkItem.id),
            key("ChangeId", "String", Transition.external_id),
            guid("ProjectId", Scope.project_id),
            *instant("HappenedAt", Transition.at),
            text("ChangedBy", Transition.by),
            text("Field", Transition.field),
            text("FromValue", changed_where_seen("from_value"), "Null where it tells of what you do not see"),
            text("ToValue", changed_where_seen("to_value"), "Null where it tells of what you do not see"),
            *stamp(WorkItem),
        ],
        Rows(
            Transition.__table__.join(WorkItem.__table__, item).outerjoin(Scope.__table__, scope),
            project=Scope.project_id,
            removed=_left("transition", "ChangeId"),
            together=True,
        ),
        says="One changed field in one change of a work item; ChangedAt is the item's",
        ways=[one("WorkItem", "WorkItems", "WorkItemId", "WorkItemId", partner="Transitions")],
    )


def iterations() -> EntitySet:
    """Return the set of sprints and iterations."""
    scope = of_its_scope(Iteration)
    return entity_set(
        "Iterations",
        "Iteration",
        [
            key("IterationId", "Int64", Iteration.id),
            guid("ProjectId", Scope.project_id),
            text("Source", Source.name),
            text("IterationName", Iteration.name),
            text("Path", Iteration.path),
            text("State", Iteration.state, "past, current or future"),
            text("Goal", Iteration.goal),
            *instant("StartAt", Iteration.start_at),
            *instant("FinishAt", Iteration.finish_at),
            *instant("CompletedAt", Iteration.completed_at),
            *stamp(Iteration),
            flag("IsDeleted", Iteration.deleted_at.is_not(None)),
        ],
        Rows(
            Iteration.__table__.join(Source.__table__, Source.id == Iteration.source_id).outerjoin(
                Scope.__table__, scope
            ),
            project=Scope.project_id,
            shown=_planned_in,
        ),
        says="Sprints and iterations",
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId"),
            many(
                "WorkItemIterations", "WorkItemIterations", "IterationId", "IterationId", partner="Iteration"
            ),
        ],
    )


def _planned_in(rows: FromClause, visible: Any) -> ColumnElement[bool]:
    """Return which iterations are seen: a project's own, and of those of no project the ones its items are in."""
    item = and_(
        WorkItem.source_id == WorkItemIteration.source_id,
        WorkItem.external_id == WorkItemIteration.item_external_id,
    )
    iteration = and_(
        Iteration.source_id == WorkItemIteration.source_id,
        Iteration.external_id == WorkItemIteration.external_id,
    )
    scope = of_its_scope(WorkItem)
    planned = (
        select(Iteration.id)
        .join(WorkItemIteration, iteration)
        .join(WorkItem, item)
        .join(Scope, scope)
        .where(Scope.project_id.in_(visible))
    )
    of_none = and_(rows.c.ProjectId.is_(None), rows.c.IterationId.in_(planned))
    return or_(rows.c.ProjectId.in_(visible), of_none)


def work_item_fields() -> EntitySet:
    """Return the set of custom fields, a row each: no field that comes or goes changes a column."""
    scope = of_its_scope(WorkItem)
    held = (
        func.jsonb_each(WorkItem.custom)
        .table_valued(column("key", Text()), column("value", JSONB()))
        .lateral("held")
    )
    entry = held.c.value
    value = custom_where_seen("(held.value -> 'value')", "(held.value ->> 'type')")
    return entity_set(
        "WorkItemFields",
        "WorkItemField",
        [
            key("WorkItemId", "Int64", WorkItem.id),
            key("FieldId", "String", held.c.key, "The field's id in its tracker"),
            guid("ProjectId", Scope.project_id),
            text("FieldName", entry["name"].astext),
            text("FieldType", entry["type"].astext),
            text(
                "Value",
                _as_text(value),
                "As text; of several values their JSON; null as FromValue is",
            ),
            number(
                "NumberValue", case((func.jsonb_typeof(value) == "number", cast(_as_text(value), Double())))
            ),
            *day("DayValue", _day_in(value), "Where it is a day"),
            flag(
                "IsRaw",
                func.coalesce(cast(entry["raw"].astext, Boolean()), False),
                "As it came: not of its type",
            ),
            *stamp(WorkItem),
        ],
        Rows(
            WorkItem.__table__.outerjoin(Scope.__table__, scope).join(held, true()),
            project=Scope.project_id,
            removed=_left("custom", "FieldId"),
            together=True,
        ),
        says="Custom fields of work items, one a row; ChangedAt is the item's",
        ways=[one("WorkItem", "WorkItems", "WorkItemId", "WorkItemId", partner="WorkItemFields")],
    )


def _as_text(value: Any) -> ColumnElement[Any]:
    found: ColumnElement[Any] = value.op("#>>", return_type=Text())(text_("'{}'"))
    return found


def _day_in(value: Any) -> ColumnElement[Any]:
    """Return a JSON text as a day, where it is one that the calendar has."""
    written = _as_text(value)
    of_month = cast(func.substr(written, 9, 2), Integer)
    first = cast(func.substr(written, 1, 7) + "-01", Date())
    last = func.extract("day", first + text_("interval '1 month' - interval '1 day'"))
    # One within the other, since only the order of CASE is certain.
    in_month = case((of_month <= last, cast(written, Date())))
    looks_so = written.regexp_match(r"^[1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
    return case((and_(func.jsonb_typeof(value) == "string", looks_so), in_month))


def work_item_iterations() -> EntitySet:
    """Return which iterations items are or were planned in."""
    item = and_(
        WorkItem.source_id == WorkItemIteration.source_id,
        WorkItem.external_id == WorkItemIteration.item_external_id,
    )
    iteration = and_(
        Iteration.source_id == WorkItemIteration.source_id,
        Iteration.external_id == WorkItemIteration.external_id,
    )
    scope = of_its_scope(WorkItem)
    return entity_set(
        "WorkItemIterations",
        "WorkItemIteration",
        [
            key("WorkItemId", "Int64", WorkItem.id),
            key("IterationExternalId", "String", WorkItemIteration.external_id),
            guid("ProjectId", Scope.project_id),
            whole("IterationId", Iteration.id),
            text("IterationName", func.coalesce(Iteration.name, WorkItemIteration.name)),
            *stamp(
                Latest(
                    func.greatest(WorkItem.changed_at, Iteration.changed_at, type_=DateTime(timezone=True))
                )
            ),
        ],
        Rows(
            WorkItemIteration.__table__.join(WorkItem.__table__, item)
            .outerjoin(Iteration.__table__, iteration)
            .outerjoin(Scope.__table__, scope),
            project=Scope.project_id,
            removed=_left("work_item_iteration", "IterationExternalId"),
            together=True,
        ),
        says="Which iterations a work item is or was planned in",
        ways=[
            one("WorkItem", "WorkItems", "WorkItemId", "WorkItemId", partner="WorkItemIterations"),
            one("Iteration", "Iterations", "IterationId", "IterationId", partner="WorkItemIterations"),
        ],
    )
