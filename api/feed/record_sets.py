"""The sets of the feed that hold records: work items, milestones, RAID items, money."""

from typing import Any

from sqlalchemy import and_, func

from api.feed.declare import (
    Rows,
    day,
    entity_set,
    flag,
    guid,
    instant,
    key,
    many,
    money,
    number,
    one,
    text,
    whole,
)
from api.odata.edm import EntitySet
from model.tables import CostLine, Iteration, Milestone, RaidItem, Scope, Source, Transition, WorkItem


def work_items() -> EntitySet:
    """Return the set of work items, deleted ones included and marked."""
    scope = and_(Scope.source_id == WorkItem.source_id, Scope.external_id == WorkItem.scope_external_id)
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
            text("ParentKey", WorkItem.parent_key),
            number("Points", WorkItem.points),
            number("OriginalHours", WorkItem.original_hours),
            number("RemainingHours", WorkItem.remaining_hours),
            number("SpentHours", WorkItem.spent_hours),
            text("Priority", WorkItem.priority),
            text("Assignee", WorkItem.assignee),
            text("Reporter", WorkItem.reporter),
            text("Area", WorkItem.area),
            *instant("CreatedAt", WorkItem.created_at),
            *instant("ChangedAt", WorkItem.updated_at),
            *instant("StartedAt", WorkItem.started_at),
            *instant("DoneAt", WorkItem.done_at),
            *day("Due", WorkItem.due),
            text("Labels", func.array_to_string(WorkItem.labels, "; ")),
            text("Url", WorkItem.url),
            flag("IsDeleted", WorkItem.deleted_at.is_not(None)),
            *instant("DeletedAt", WorkItem.deleted_at),
            text(
                "Fate",
                WorkItem.fate,
                "Why it is not to be seen: deleted, archived, moved, out_of_scope, access_lost",
            ),
        ],
        Rows(
            WorkItem.__table__.join(Source.__table__, Source.id == WorkItem.source_id).outerjoin(
                Scope.__table__, scope
            ),
            project=Scope.project_id,
        ),
        says="Work items of all trackers, as last read",
        search=("WorkItemKey", "Title"),
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="WorkItems"),
            many("Transitions", "Transitions", "WorkItemId", "WorkItemId", partner="WorkItem"),
        ],
    )


def transitions() -> EntitySet:
    """Return the set of changes of work items."""
    item = and_(
        WorkItem.source_id == Transition.source_id, WorkItem.external_id == Transition.item_external_id
    )
    scope = and_(Scope.source_id == WorkItem.source_id, Scope.external_id == WorkItem.scope_external_id)
    return entity_set(
        "Transitions",
        "Transition",
        [
            key("WorkItemId", "Int64", WorkItem.id),
            key("ChangeId", "String", Transition.external_id),
            *instant("ChangedAt", Transition.at),
            text("ChangedBy", Transition.by),
            text("Field", Transition.field),
            text("FromValue", Transition.from_value),
            text("ToValue", Transition.to_value),
        ],
        Rows(
            Transition.__table__.join(WorkItem.__table__, item).outerjoin(Scope.__table__, scope),
            project=Scope.project_id,
        ),
        says="One changed field in one change of a work item",
        ways=[one("WorkItem", "WorkItems", "WorkItemId", "WorkItemId", partner="Transitions")],
    )


def iterations() -> EntitySet:
    """Return the set of sprints and iterations."""
    scope = and_(Scope.source_id == Iteration.source_id, Scope.external_id == Iteration.scope_external_id)
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
            flag("IsDeleted", Iteration.deleted_at.is_not(None)),
        ],
        Rows(
            Iteration.__table__.join(Source.__table__, Source.id == Iteration.source_id).outerjoin(
                Scope.__table__, scope
            ),
            project=Scope.project_id,
        ),
        says="Sprints and iterations",
        ways=[one("Project", "Projects", "ProjectId", "ProjectId")],
    )


def _version(table: Any) -> list[Any]:
    return [
        text("Source", Source.name),
        *instant("ChangedAt", table.known_from, "When this version became known"),
        flag("IsDeleted", table.deleted),
        text("Fate", table.fate),
        text("Url", table.url),
        text("Receipt", table.locator, "Where it was read: file!sheet!cell, or the tracker's item"),
    ]


def _current(table: Any) -> tuple[Any, tuple[Any, ...]]:
    return table.__table__.join(Source.__table__, Source.id == table.source_id), (table.known_to.is_(None),)


def milestones() -> EntitySet:
    """Return the set of milestones as they stand."""
    source, where = _current(Milestone)
    return entity_set(
        "Milestones",
        "Milestone",
        [
            key("MilestoneId", "Int64", Milestone.id),
            guid("ProjectId", Milestone.project_id),
            text("ExternalId", Milestone.external_id),
            text("MilestoneName", Milestone.name),
            text("State", Milestone.state, "planned, met or dropped"),
            number("Weight", Milestone.weight),
            flag("IsCritical", Milestone.critical),
            *day("Baseline", Milestone.baseline),
            *day("Forecast", Milestone.forecast),
            *day("Actual", Milestone.actual),
            whole("SlipDays", Milestone.forecast - Milestone.baseline),
            text("Acceptance", Milestone.acceptance),
            *_version(Milestone),
        ],
        Rows(source, where, Milestone.project_id),
        says="Dated commitments",
        search=("MilestoneName",),
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="Milestones")],
    )


def raid_items() -> EntitySet:
    """Return the set of risks, assumptions, issues and dependencies as they stand."""
    source, where = _current(RaidItem)
    return entity_set(
        "RaidItems",
        "RaidItem",
        [
            key("RaidItemId", "Int64", RaidItem.id),
            guid("ProjectId", RaidItem.project_id),
            text("ExternalId", RaidItem.external_id),
            text("ItemNumber", RaidItem.item_id),
            text("Kind", RaidItem.kind, "risk, assumption, issue or dependency"),
            text("Title", RaidItem.title),
            text("Cause", RaidItem.cause),
            text("Effect", RaidItem.effect),
            text("Owner", RaidItem.owner),
            text("State", RaidItem.state),
            *day("RaisedOn", RaidItem.raised_on),
            *day("ReviewedOn", RaidItem.reviewed_on),
            *day("Due", RaidItem.due),
            number("Probability", RaidItem.probability, "1 to 5"),
            number("Impact", RaidItem.impact, "1 to 5"),
            number("Score", RaidItem.probability * RaidItem.impact),
            number("Chance", RaidItem.chance, "0 to 1"),
            money("CostImpact", RaidItem.cost_impact),
            number("DaysImpact", RaidItem.days_impact),
            text("Currency", RaidItem.currency),
            *day("Proximity", RaidItem.proximity),
            text("Response", RaidItem.response),
            text("Action", RaidItem.action),
            *day("ActionDue", RaidItem.action_due),
            text("Gives", RaidItem.gives),
            *day("NeededBy", RaidItem.needed_by),
            *day("OfferedBy", RaidItem.offered_by),
            *_version(RaidItem),
        ],
        Rows(source, where, RaidItem.project_id),
        says="Risks, assumptions, issues and dependencies",
        search=("Title", "Owner"),
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="RaidItems")],
    )


def cost_lines() -> EntitySet:
    """Return the set of cost lines as they stand."""
    source, where = _current(CostLine)
    return entity_set(
        "CostLines",
        "CostLine",
        [
            key("CostLineId", "Int64", CostLine.id),
            guid("ProjectId", CostLine.project_id),
            text("ExternalId", CostLine.external_id),
            text("Category", CostLine.category),
            text("Kind", CostLine.kind, "baseline, forecast, actual, committed or earned"),
            *day("Period", CostLine.period, "The first day of the month; null: the whole life"),
            money("Amount", CostLine.amount),
            text("Currency", CostLine.currency),
            *_version(CostLine),
        ],
        Rows(source, where, CostLine.project_id),
        says="Money of one kind in one month",
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="CostLines")],
    )
