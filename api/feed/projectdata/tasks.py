"""Tasks: the trackers' work items and the milestones of plans, with who they are assigned to."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    Date,
    DateTime,
    Double,
    Select,
    Subquery,
    Text,
    Uuid,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from api.feed.declare import Rows, entity_set, many, one
from api.feed.projectdata.keys import guid, midnight
from api.feed.projectdata.names import ASSIGNMENT, TASK, TASK_BASELINE, held, typed
from api.feed.projectdata.projects import named
from api.feed.versions import Said
from api.feed.work_sets import of_its_scope
from api.odata.edm import EntitySet
from model.tables import Identity, Milestone, Person, Scope, WorkItem

# What ids are made with: a tracker may number its items and its versions alike.
_ITEM: Final = "item"
_MILESTONE: Final = "milestone"
_WHOLE: Final = 100  # percent


def _items() -> Select[Any]:
    """Select the work items of projects that are there, each once: not those that are milestones of a plan too.

    Tasks are above and below others of their own project only: whoever sees one may not see another's.
    """
    scope = of_its_scope(WorkItem)
    parent = _there().subquery("parent")
    above = and_(
        parent.c.source_id == WorkItem.source_id,
        parent.c.external_id == WorkItem.parent_external_id,
        parent.c.project_id == Scope.project_id,
    )
    parents = _parents()
    has_parts = and_(
        parents.c.source_id == WorkItem.source_id,
        parents.c.parent_external_id == WorkItem.external_id,
        parents.c.project_id == Scope.project_id,
    )
    total = WorkItem.spent_hours + WorkItem.remaining_hours
    return (
        select(
            Scope.project_id.label("project"),
            guid(_ITEM, WorkItem.source_id, WorkItem.external_id).label("task"),
            case(
                (parent.c.external_id.is_not(None), guid(_ITEM, parent.c.source_id, parent.c.external_id))
            ).label("parent"),
            parent.c.title.label("parent_name"),
            WorkItem.title.label("name"),
            WorkItem.started_at.label("start"),
            func.coalesce(WorkItem.done_at, midnight(WorkItem.due)).label("finish"),
            WorkItem.started_at.label("actual_start"),
            WorkItem.done_at.label("actual_finish"),
            midnight(WorkItem.due).label("deadline"),
            WorkItem.spent_hours.label("spent"),
            WorkItem.remaining_hours.label("remaining"),
            func.coalesce(total, WorkItem.original_hours).label("work"),
            case((WorkItem.status_category == "done", _WHOLE), (WorkItem.status_category == "todo", 0)).label(
                "done"
            ),
            (WorkItem.hub_type == "milestone").label("is_milestone"),
            cast(null(), typed("Boolean", null()).type).label("is_critical"),
            parents.c.source_id.is_not(None).label("is_summary"),
            WorkItem.status_category.is_distinct_from("dropped").label("is_active"),
            WorkItem.created_at.label("created"),
            func.coalesce(WorkItem.updated_at, WorkItem.changed_at).label("modified"),
            WorkItem.url.label("url"),
            WorkItem.key.label("key"),
            WorkItem.original_hours.label("planned_work"),
            cast(null(), DateTime(timezone=True)).label("planned_finish"),
            WorkItem.source_id.label("source"),
            WorkItem.assignee.label("assignee"),
            WorkItem.assignee_id.label("assignee_id"),
        )
        .join(Scope, scope)
        .outerjoin(parent, above)
        .outerjoin(parents, has_parts)
        .where(WorkItem.deleted_at.is_(None), Scope.project_id.is_not(None), ~_planned().exists())
    )


def _there() -> Any:
    """Select the items that are there, each with the project it is of."""
    return (
        select(WorkItem.source_id, WorkItem.external_id, WorkItem.title, Scope.project_id)
        .join(Scope, of_its_scope(WorkItem))
        .where(WorkItem.deleted_at.is_(None))
    )


def _parents() -> Subquery:
    """Return the items that others of a project are below, with that project."""
    return (
        select(WorkItem.source_id, WorkItem.parent_external_id, Scope.project_id)
        .join(Scope, of_its_scope(WorkItem))
        .where(WorkItem.parent_external_id.is_not(None), WorkItem.deleted_at.is_(None))
        .distinct()
        .subquery("parents")
    )


def _planned() -> Select[Any]:
    """Return the milestone of a plan that is the same record as a work item of that kind."""
    same = and_(
        WorkItem.hub_type == "milestone",
        Milestone.source_id == WorkItem.source_id,
        Milestone.external_id == WorkItem.external_id,
        Milestone.name == WorkItem.title,
    )
    return select(1).where(same, Milestone.known_to.is_(None), ~Milestone.deleted).correlate(WorkItem)


def _milestones() -> Select[Any]:
    """Select the milestones of plans that are there."""
    said = Said(Milestone, None)
    rows = said.rows()
    expected = midnight(func.coalesce(said["actual"], said["forecast"]))
    return (
        select(
            said.own("project_id"),
            guid(_MILESTONE, said.own("source_id"), said.own("external_id")),
            cast(null(), Uuid()),
            cast(null(), Text()),
            said["name"],
            expected,
            expected,
            midnight(said["actual"]),
            midnight(said["actual"]),
            cast(null(), DateTime(timezone=True)),
            *(cast(null(), Double()) for _ in ("spent", "remaining", "work")),
            case((said["state"] == "met", _WHOLE), (said["state"] == "planned", 0)),
            true(),
            said["critical"],
            false(),
            said["state"].is_distinct_from("dropped"),
            cast(null(), DateTime(timezone=True)),
            said.own("changed_at"),
            said.own("url"),
            said.own("external_id"),
            cast(null(), Double()),
            midnight(cast(said["baseline"], Date())),
            said.own("source_id"),
            cast(null(), Text()),
            cast(null(), Text()),
        )
        .select_from(rows.source)
        .where(*rows.where, ~said.gone, said.own("project_id").is_not(None))
    )


def _tasks() -> Subquery:
    return union_all(_items(), _milestones()).subquery("t")


def tasks() -> EntitySet:
    """Return the set of tasks."""
    t = _tasks()
    projects = named()
    carried = {
        "ProjectId": t.c.project,
        "TaskId": t.c.task,
        "ProjectName": projects.c.name,
        "ParentTaskId": t.c.parent,
        "ParentTaskName": t.c.parent_name,
        "TaskName": t.c.name,
        "TaskStartDate": t.c.start,
        "TaskFinishDate": t.c.finish,
        "TaskActualStartDate": t.c.actual_start,
        "TaskActualFinishDate": t.c.actual_finish,
        "TaskDeadline": t.c.deadline,
        "TaskActualWork": typed("Decimal", t.c.spent),
        "TaskRemainingWork": typed("Decimal", t.c.remaining),
        "TaskWork": typed("Decimal", t.c.work),
        "TaskPercentCompleted": t.c.done,
        "TaskPercentWorkCompleted": typed(
            "Int16", func.round(_WHOLE * t.c.spent / func.nullif(t.c.spent + t.c.remaining, 0))
        ),
        "TaskIsMilestone": t.c.is_milestone,
        "TaskIsCritical": t.c.is_critical,
        "TaskIsSummary": t.c.is_summary,
        "TaskIsProjectSummary": false(),
        "TaskIsActive": t.c.is_active,
        "TaskCreatedDate": t.c.created,
        "TaskModifiedDate": t.c.modified,
        "TaskHyperLinkAddress": t.c.url,
        "TaskHyperLinkFriendlyName": t.c.key,
    }
    return entity_set(
        "Tasks",
        "Task",
        held(TASK, carried, key=("ProjectId", "TaskId")),
        Rows(_of_project(t, projects), project=t.c.project),
        says="Work items of the trackers and milestones of the plans",
        search=("TaskName",),
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="Tasks"),
            many("Assignments", "Assignments", "TaskId", "TaskId", partner="Task"),
            many("Baselines", "TaskBaselines", "TaskId", "TaskId", partner="Task"),
        ],
    )


def milestones(of: EntitySet) -> EntitySet:
    """Return the set of those tasks that are milestones, with the columns of tasks."""
    rows = select(of.source).where(of.source.c.TaskIsMilestone).subquery()
    return replace(
        of, name="Milestones", source=rows, says="Tasks that are milestones; Project Online had no such set"
    )


def _of_project(t: Subquery, projects: Subquery) -> Any:
    return t.join(projects, projects.c.id == t.c.project)


def task_baselines() -> EntitySet:
    """Return what was planned of tasks: hours of work items, and days of milestones."""
    t = _tasks()
    projects = named()
    carried = {
        "BaselineNumber": literal(0),
        "ProjectId": t.c.project,
        "TaskId": t.c.task,
        "ProjectName": projects.c.name,
        "TaskName": t.c.name,
        "TaskBaselineStartDate": t.c.planned_finish,
        "TaskBaselineFinishDate": t.c.planned_finish,
        "TaskBaselineWork": typed("Decimal", t.c.planned_work),
    }
    known = func.num_nonnulls(t.c.planned_finish, t.c.planned_work) > 0
    return entity_set(
        "TaskBaselines",
        "TaskBaseline",
        held(TASK_BASELINE, carried, key=("BaselineNumber", "ProjectId", "TaskId")),
        Rows(_of_project(t, projects), (known,), project=t.c.project),
        says="What was planned of tasks",
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId"),
            one("Task", "Tasks", "TaskId", "TaskId", partner="Baselines"),
        ],
    )


def assignments() -> EntitySet:
    """Return who is assigned to which work item: trackers know one person an item."""
    t = _tasks()
    projects = named()
    known_as = and_(Identity.source_id == t.c.source, Identity.external_id == t.c.assignee_id)
    carried = {
        "AssignmentId": guid("assignment", t.c.source, cast(t.c.task, Text())),
        "ProjectId": t.c.project,
        "TaskId": t.c.task,
        "ResourceId": func.coalesce(Person.same_as, Person.id),
        "ResourceName": func.coalesce(Person.display_name, t.c.assignee),
        "ProjectName": projects.c.name,
        "TaskName": t.c.name,
        "TaskIsActive": t.c.is_active,
        "AssignmentStartDate": t.c.start,
        "AssignmentFinishDate": t.c.finish,
        "AssignmentActualStartDate": t.c.actual_start,
        "AssignmentActualFinishDate": t.c.actual_finish,
        "AssignmentActualWork": typed("Decimal", t.c.spent),
        "AssignmentRemainingWork": typed("Decimal", t.c.remaining),
        "AssignmentWork": typed("Decimal", t.c.work),
        "AssignmentPercentWorkCompleted": typed(
            "Int16", func.round(_WHOLE * t.c.spent / func.nullif(t.c.spent + t.c.remaining, 0))
        ),
        "AssignmentCreatedDate": t.c.created,
        "AssignmentModifiedDate": t.c.modified,
    }
    source = (
        _of_project(t, projects)
        .outerjoin(Identity.__table__, known_as)
        .outerjoin(Person.__table__, Person.id == Identity.person_id)
    )
    return entity_set(
        "Assignments",
        "Assignment",
        held(ASSIGNMENT, carried, key=("AssignmentId", "ProjectId")),
        Rows(source, (func.num_nonnulls(t.c.assignee, t.c.assignee_id) > 0,), project=t.c.project),
        says="Who is assigned to which work item",
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="Assignments"),
            one("Task", "Tasks", "TaskId", "TaskId", partner="Assignments"),
            one("Resource", "Resources", "ResourceId", "ResourceId", partner="Assignments"),
        ],
    )
