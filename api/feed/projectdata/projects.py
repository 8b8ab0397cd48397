"""Projects and their baselines under their former names."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Subquery, cast, func, literal, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from api.feed.declare import Rows, entity_set, many, one
from api.feed.projectdata.keys import midnight
from api.feed.projectdata.names import PROJECT, PROJECT_BASELINE, held, typed
from api.feed.status_sets import Columns, newest_status, said
from api.feed.versions import Said
from api.feed.work_sets import of_its_scope
from api.odata.edm import EntitySet
from model.tables import Baseline, Project, Scope, WorkItem

# What earned value calls it, and what the measure of it is called here.
_MEASURES: Final = {
    "ProjectBCWP": "earned_value", "ProjectBCWS": "planned_value", "ProjectACWP": "spent_value", "ProjectCPI": "cpi",
    "ProjectSPI": "spi", "ProjectCV": "cost_variance", "ProjectSV": "schedule_variance", "ProjectEAC": "eac",
    "ProjectVAC": "vac", "ProjectTCPI": "tcpi_budget",
}  # fmt: skip
_FIGURES: Final = {
    "ProjectActualCost": "actual_cost", "ProjectBudgetCost": "budget", "ProjectCost": "forecast_cost",
}  # fmt: skip
_DAYS: Final = {
    "ProjectActualFinishDate": "actual_finish", "ProjectFinishDate": "forecast_finish",
    "ProjectStartDate": "baseline_start",
}  # fmt: skip
_PROJECT: Final = 0  # its number among the retired feed's types of projects


def projects() -> EntitySet:
    """Return the set of projects, with the figures of their newest status."""
    newest = newest_status(None)
    snapshot = Columns(newest)
    hours = _hours()
    manager = said(snapshot, "manager")
    name = project_name(snapshot)
    total = hours.c.spent + hours.c.remaining
    days = {each: midnight(cast(said(snapshot, "figures", figure), Date())) for each, figure in _DAYS.items()}
    amounts = {each: typed("Decimal", said(snapshot, "figures", figure)) for each, figure in _FIGURES.items()}
    measured = {
        each: typed("Decimal", said(snapshot, "measures", measure, "value"))
        for each, measure in _MEASURES.items()
    }
    carried = {
        "ProjectId": Project.id,
        "ProjectName": name,
        "ProjectTitle": name,
        "ProjectManagerName": manager,
        "ProjectOwnerName": manager,
        "ProjectCurrency": said(snapshot, "figures", "currency"),
        "ProjectCostVariance": amounts["ProjectCost"] - amounts["ProjectBudgetCost"],
        "ProjectRemainingCost": amounts["ProjectCost"] - amounts["ProjectActualCost"],
        "ProjectPercentCompleted": _percent(typed("Double", said(snapshot, "figures", "percent_complete"))),
        "ProjectPercentWorkCompleted": _percent(100 * hours.c.spent / func.nullif(total, 0)),
        "ProjectActualWork": typed("Decimal", hours.c.spent),
        "ProjectRemainingWork": typed("Decimal", hours.c.remaining),
        "ProjectWork": typed("Decimal", total),
        "ProjectStatusDate": midnight(snapshot.as_of),
        "ProjectLastPublishedDate": snapshot.known_at,
        "ProjectCreatedDate": Project.created_at,
        "ProjectModifiedDate": func.greatest(Project.changed_at, snapshot.changed_at),
        "ProjectType": literal(_PROJECT),
        **days,
        **amounts,
        **measured,
    }
    source = Project.__table__.outerjoin(newest, true()).outerjoin(hours, hours.c.project_id == Project.id)
    return entity_set(
        "Projects",
        "Project",
        held(PROJECT, carried, key=("ProjectId",)),
        Rows(source, project=Project.id),
        says="Projects with the figures of their newest status",
        search=("ProjectName",),
        ways=[
            many(each, each, "ProjectId", "ProjectId", partner="Project")
            for each in ("Tasks", "Assignments", "Risks", "Issues")
        ],
    )


def project_name(snapshot: Any) -> ColumnElement[Any]:
    """Return a project's name as its newest status has it."""
    return func.coalesce(said(snapshot, "name"), Project.name)


def named() -> Subquery:
    """Return every project's id and name, worked out once a query: names stand in long documents."""
    newest = newest_status(None)
    name = project_name(Columns(newest)).label("name")
    source = Project.__table__.outerjoin(newest, true())
    # The offset keeps PostgreSQL from looking into the document again for each row that it joins.
    return select(Project.id, name).select_from(source).offset(0).subquery("named")


def _hours() -> Any:
    """Return the hours of each project's items that are there; null where no item says any."""
    scope = of_its_scope(WorkItem)
    return (
        select(
            Scope.project_id,
            func.sum(WorkItem.spent_hours).label("spent"),
            func.sum(WorkItem.remaining_hours).label("remaining"),
        )
        .join(Scope, scope)
        .where(WorkItem.deleted_at.is_(None), Scope.project_id.is_not(None))
        .group_by(Scope.project_id)
        .subquery("hours")
    )


def _percent(sql: Any) -> ColumnElement[Any]:
    return typed("Int16", func.round(sql))


def project_baselines() -> EntitySet:
    """Return the set of approved baselines; of two with one number the one that was known last."""
    stands = Said(Baseline, None)
    rows = stands.rows()
    known = (
        select(
            stands.own("project_id").label("project"),
            stands.own("known_from").label("known_from"),
            *(stands[name].label(name) for name in ("number", "start", "finish", "budget", "approved_on")),
        )
        .select_from(rows.source)
        .where(*rows.where, ~stands.gone)
        .subquery("known")
    )
    approved = (
        select(known)
        .where(known.c.project.is_not(None), known.c.number.is_not(None), known.c.approved_on.is_not(None))
        .ext(distinct_on(known.c.project, known.c.number))
        .order_by(known.c.project, known.c.number, known.c.known_from.desc())
        .subquery("approved")
    )
    projects_ = named()
    carried = {
        "BaselineNumber": typed("Int32", approved.c.number),
        "ProjectId": approved.c.project,
        "ProjectName": projects_.c.name,
        "ProjectBaselineStartDate": midnight(approved.c.start),
        "ProjectBaselineFinishDate": midnight(approved.c.finish),
        "ProjectBaselineCost": approved.c.budget,
        "ProjectBaselineBudgetCost": approved.c.budget,
    }
    source = approved.join(projects_, projects_.c.id == approved.c.project)
    return entity_set(
        "ProjectBaselines",
        "ProjectBaseline",
        held(PROJECT_BASELINE, carried, key=("BaselineNumber", "ProjectId")),
        Rows(source, project=approved.c.project),
        says="Approved baselines of projects",
        ways=[one("Project", "Projects", "ProjectId", "ProjectId")],
    )
