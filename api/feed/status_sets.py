"""The sets of status: projects with their newest one, each day's, and what was measured."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Numeric,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    select,
    true,
    tuple_,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import LateralFromClause

from api.feed.declare import (
    Latest,
    Moment,
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
    stamp,
    text,
    whole,
)  # fmt: skip
from api.odata.edm import EntitySet
from model.tables import Programme, Project, Snapshot

_OF_PROJECTS: Final = (
    "WorkItems", "Milestones", "RaidItems", "CostLines", "Baselines", "Contracts", "Benefits", "ProjectRoles",
    "Utilisation", "QualityReviews", "ChangeRequests", "Decisions", "GateCriteria", "WorkPlanLines",
    "ProgrammeProjects", "StatusSnapshots", "Findings", "Claims",
)  # fmt: skip
_DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource")
_DATES: Final = {
    "BaselineStart": "baseline_start", "BaselineFinish": "baseline_finish", "ForecastFinish": "forecast_finish",
    "ActualFinish": "actual_finish",
}  # fmt: skip


def said(snapshot: Any, *path: str) -> ColumnElement[Any]:
    """Return what a snapshot's document says at a place, as text."""
    found = snapshot.document
    for name in path[:-1]:
        found = found[name]
    text_: ColumnElement[Any] = found[path[-1]].astext
    return text_


def _status(snapshot: Any) -> list[Any]:
    """Return what a snapshot says, the same for the newest and for each."""
    return [
        text(
            "Overall",
            snapshot.overall,
            "Computed colour: GREEN, AMBER, RED, BLUE complete, GREY not enough data",
        ),
        number("Health", snapshot.health, "0 to 100; null where it cannot be said"),
        text("Reported", snapshot.reported, "The colour its manager reports"),
        whole(
            "Watermelon",
            snapshot.watermelon,
            "Computed minus reported in steps; 2 is green outside, red inside",
        ),
        *(
            text(name.capitalize(), said(snapshot, "dimensions", name, "colour"), f"Colour of {name}")
            for name in _DIMENSIONS
        ),
        number("DataQuality", cast(said(snapshot, "data_quality", "score"), Double()), "0 to 100"),
        text("DataQualityGrade", said(snapshot, "data_quality", "grade"), "A to E"),
        money("Budget", cast(said(snapshot, "figures", "budget"), Numeric())),
        money("ActualCost", cast(said(snapshot, "figures", "actual_cost"), Numeric())),
        money("ForecastCost", cast(said(snapshot, "figures", "forecast_cost"), Numeric()), "At completion"),
        money("Contingency", cast(said(snapshot, "figures", "contingency"), Numeric())),
        text("Currency", said(snapshot, "figures", "currency"), "ISO 4217, of all amounts of the project"),
        number("PercentComplete", cast(said(snapshot, "figures", "percent_complete"), Double()), "0 to 100"),
        *(
            each
            for name, figure in _DATES.items()
            for each in day(name, cast(said(snapshot, "figures", figure), Date()))
        ),
        text("Stage", said(snapshot, "stage"), "define, deliver or close"),
        whole("Tier", cast(said(snapshot, "tier"), Integer), "1 is the largest"),
        text("Manager", said(snapshot, "manager")),
        text("Sponsor", said(snapshot, "sponsor")),
        text("NextMilestone", said(snapshot, "next_milestone", "name")),
        *day("NextMilestoneForecast", cast(said(snapshot, "next_milestone", "forecast"), Date())),
        *day("NextMilestoneBaseline", cast(said(snapshot, "next_milestone", "baseline"), Date())),
        text("Policy", snapshot.policy, "Name and version of the policy that coloured it"),
    ]


def newest_status(moment: Moment | None) -> LateralFromClause:
    """Return the newest snapshot of the project beside it, of now or of a day."""
    return (
        select(Snapshot)
        .where(Snapshot.project_id == Project.id, true() if moment is None else Snapshot.as_of <= moment.day)
        .order_by(Snapshot.as_of.desc(), Snapshot.known_at.desc())
        .limit(1)
        .lateral("newest")
    )


def projects(moment: Moment | None) -> EntitySet:
    """Return the set of projects, each with its newest status, or the newest one that a day had."""
    newest = newest_status(moment)
    snapshot = Columns(newest)
    return entity_set(
        "Projects",
        "Project",
        [
            key("ProjectId", "Guid", Project.id),
            text("ProjectKey", Project.key),
            text("ProjectName", func.coalesce(said(snapshot, "name"), Project.name)),
            text("ProgrammeName", func.coalesce(said(snapshot, "programme"), Programme.name)),
            whole("ProgrammeId", Project.programme_id),
            whole("PortfolioId", Project.portfolio_id),
            *day("AsOf", snapshot.as_of, "The day of its newest status"),
            *instant("KnownAt", snapshot.known_at, "What was known when"),
            *_status(snapshot),
            *instant("ClosedAt", Project.closed_at),
            *instant("CreatedAt", Project.created_at),
            *stamp(
                Latest(
                    func.greatest(
                        Project.changed_at,
                        snapshot.changed_at,
                        Programme.changed_at,
                        type_=DateTime(timezone=True),
                    )
                )
            ),
        ],
        Rows(
            Project.__table__.outerjoin(Programme.__table__, Programme.id == Project.programme_id).outerjoin(
                newest, true()
            ),
            () if moment is None else (Project.created_at <= moment.until,),
            project=Project.id,
            moment=moment,
        ),
        says="Projects with their newest status",
        search=("ProjectKey", "ProjectName", "Manager"),
        ways=[
            one("Portfolio", "Portfolios", "PortfolioId", "PortfolioId", partner="Projects"),
            one("Programme", "Programmes", "ProgrammeId", "ProgrammeId", partner="Projects"),
            *(many(name, name, "ProjectId", "ProjectId", partner="Project") for name in _OF_PROJECTS),
        ],
    )


class Columns:
    """A subquery's columns by attribute, as a table's are."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return self._source.c[name]


def snapshots(moment: Moment | None) -> EntitySet:
    """Return the set of status snapshots: each project's status on each day; of a past day, the one that it had."""
    return entity_set(
        "StatusSnapshots",
        "StatusSnapshot",
        [
            key("SnapshotId", "Int64", Snapshot.id),
            guid("ProjectId", Snapshot.project_id),
            *day("AsOf", Snapshot.as_of, "The day it speaks of"),
            *instant("KnownAt", Snapshot.known_at, "What was known when"),
            *_status(Snapshot),
            flag(
                "IsNewest",
                ~select(1).where(_later(Snapshot)).correlate(Snapshot).exists(),
                "False where the day was looked at again later",
            ),
            text("Hash", Snapshot.sha256, "SHA-256 of the whole document"),
            *stamp(Snapshot),
        ],
        Rows(
            Snapshot.__table__,
            () if moment is None else _of_day(moment),
            project=Snapshot.project_id,
            moment=moment,
            by_day=moment is None,
        ),
        says="Status by day, append-only",
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="StatusSnapshots"),
            many("Measures", "SnapshotMeasures", "SnapshotId", "SnapshotId", partner="Snapshot"),
        ],
    )


def _later(snapshot: Any) -> ColumnElement[bool]:
    other = aliased(Snapshot)
    return and_(
        other.project_id == snapshot.project_id,
        other.as_of == snapshot.as_of,
        other.known_at > snapshot.known_at,
    )


def measures(moment: Moment | None) -> EntitySet:
    """Return the set of what was measured of each project, a row each: no measure that comes changes a column."""
    held = (
        func.jsonb_each(Snapshot.document["measures"])
        .table_valued(column("key", Text()), column("value", JSONB()))
        .lateral("held")
    )
    value = held.c.value["value"]
    is_day = held.c.value["unit"].astext == "date"
    is_text = func.jsonb_typeof(value) == "string"
    return entity_set(
        "SnapshotMeasures",
        "SnapshotMeasure",
        [
            key("SnapshotId", "Int64", Snapshot.id),
            key("Measure", "String", held.c.key, "As docs/status.md names it"),
            guid("ProjectId", Snapshot.project_id),
            *day("AsOf", Snapshot.as_of, "The day it speaks of"),
            *instant("KnownAt", Snapshot.known_at, "What was known when"),
            text("Unit", held.c.value["unit"].astext, "ratio, percent, days, a currency, ..."),
            number(
                "NumberValue",
                case((func.jsonb_typeof(value) == "number", cast(value.astext, Double()))),
                "Null: it cannot be said; Says tells why",
            ),
            *day("DayValue", case((is_day, cast(value.astext, Date())))),
            text("TextValue", case((and_(is_text, is_day.is_not(True)), value.astext))),
            text("Says", held.c.value["says"].astext),
            *stamp(Snapshot),
        ],
        Rows(
            Snapshot.__table__.join(held, true()),
            () if moment is None else _of_day(moment),
            project=Snapshot.project_id,
            moment=moment,
        ),
        says="What was measured of each project in each status",
        ways=[
            one("Snapshot", "StatusSnapshots", "SnapshotId", "SnapshotId", partner="Measures"),
            one("Project", "Projects", "ProjectId", "ProjectId"),
        ],
    )


def _of_day(moment: Moment) -> tuple[ColumnElement[bool], ...]:
    other = aliased(Snapshot)
    newer = tuple_(other.as_of, other.known_at) > tuple_(Snapshot.as_of, Snapshot.known_at)
    later = select(1).where(other.project_id == Snapshot.project_id, other.as_of <= moment.day, newer)
    return Snapshot.as_of <= moment.day, ~later.correlate(Snapshot).exists()
