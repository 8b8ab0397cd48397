"""The sets of the feed, version 1."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Double, Integer, Text, and_, cast, func, select, true, tuple_
from sqlalchemy.orm import aliased

from api.feed.declare import (
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
)
from api.odata.edm import EntitySet
from model.tables import (
    Claim,
    CurrencyRate,
    Finding,
    Person,
    Portfolio,
    Programme,
    ProgrammeProject,
    Project,
    Run,
    Snapshot,
    Source,
)

_OF_PROJECTS: Final = (
    "WorkItems", "Milestones", "RaidItems", "CostLines", "Baselines", "Contracts", "Benefits", "ProjectRoles",
    "Utilisation", "QualityReviews", "ChangeRequests", "Decisions", "GateCriteria", "WorkPlanLines",
    "ProgrammeProjects", "StatusSnapshots", "Findings", "Claims",
)  # fmt: skip
_DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource")


def portfolios() -> EntitySet:
    """Return the set of portfolios."""
    return entity_set(
        "Portfolios",
        "Portfolio",
        [
            key("PortfolioId", "Int64", Portfolio.id),
            text("PortfolioKey", Portfolio.key),
            text("PortfolioName", Portfolio.name),
            text("TimeZone", Portfolio.timezone, "IANA name; dates are in it"),
            text("Currency", Portfolio.currency, "ISO 4217"),
            *stamp(Portfolio),
        ],
        Rows(Portfolio.__table__),
        says="The whole an office answers for",
        ways=[
            many("Projects", "Projects", "PortfolioId", "PortfolioId", partner="Portfolio"),
            many("Programmes", "Programmes", "PortfolioId", "PortfolioId", partner="Portfolio"),
        ],
    )


def programmes() -> EntitySet:
    """Return the set of programmes."""
    return entity_set(
        "Programmes",
        "Programme",
        [
            key("ProgrammeId", "Int64", Programme.id),
            text("ProgrammeName", Programme.name),
            whole("PortfolioId", Programme.portfolio_id),
            *stamp(Programme),
        ],
        Rows(Programme.__table__),
        says="Groups of projects",
        ways=[
            one("Portfolio", "Portfolios", "PortfolioId", "PortfolioId", partner="Programmes"),
            many("Projects", "Projects", "ProgrammeId", "ProgrammeId", partner="Programme"),
            many("ProgrammeProjects", "ProgrammeProjects", "ProgrammeId", "ProgrammeId", partner="Programme"),
        ],
    )


def programme_projects() -> EntitySet:
    """Return which programmes projects belong to."""
    return entity_set(
        "ProgrammeProjects",
        "ProgrammeProject",
        [
            key("ProjectId", "Guid", ProgrammeProject.project_id),
            key("ProgrammeId", "Int64", ProgrammeProject.programme_id),
            whole("Position", ProgrammeProject.position, "0: the programme that Projects names"),
            number("SharePercent", ProgrammeProject.share, "Of its budget; null: nobody divided it"),
            flag("IsCritical", ProgrammeProject.critical),
        ],
        Rows(ProgrammeProject.__table__, project=ProgrammeProject.project_id),
        says="Which programmes each project belongs to",
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="ProgrammeProjects"),
            one("Programme", "Programmes", "ProgrammeId", "ProgrammeId", partner="ProgrammeProjects"),
        ],
    )


def currency_rates() -> EntitySet:
    """Return the rates of exchange as they are said now."""
    return entity_set(
        "CurrencyRates",
        "CurrencyRate",
        [
            key("CurrencyRateId", "Int64", CurrencyRate.id),
            *day("Day", CurrencyRate.day),
            text("Base", CurrencyRate.base, "ISO 4217: one unit of it"),
            text("Quote", CurrencyRate.quote, "ISO 4217: is worth so many of it"),
            money("Rate", CurrencyRate.rate),
            text("Source", CurrencyRate.source),
            *instant("KnownFrom", CurrencyRate.known_from),
        ],
        Rows(CurrencyRate.__table__, (CurrencyRate.known_to.is_(None),)),
        says="What one unit of a currency was worth on a day",
    )


def _said(snapshot: Any, *path: str) -> ColumnElement[Any]:
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
            text(name.capitalize(), _said(snapshot, "dimensions", name, "colour"), f"Colour of {name}")
            for name in _DIMENSIONS
        ),
        number("DataQuality", cast(_said(snapshot, "data_quality", "score"), Double()), "0 to 100"),
        text("DataQualityGrade", _said(snapshot, "data_quality", "grade"), "A to E"),
        text("Stage", _said(snapshot, "stage"), "define, deliver or close"),
        whole("Tier", cast(_said(snapshot, "tier"), Integer), "1 is the largest"),
        text("Manager", _said(snapshot, "manager")),
        text("Sponsor", _said(snapshot, "sponsor")),
        text("NextMilestone", _said(snapshot, "next_milestone", "name")),
        *day("NextMilestoneForecast", cast(_said(snapshot, "next_milestone", "forecast"), Date())),
        *day("NextMilestoneBaseline", cast(_said(snapshot, "next_milestone", "baseline"), Date())),
        text("Policy", snapshot.policy, "Name and version of the policy that coloured it"),
    ]


def projects(moment: Moment | None) -> EntitySet:
    """Return the set of projects, each with its newest status, or the newest one that a day had."""
    newest = (
        select(Snapshot)
        .where(Snapshot.project_id == Project.id, true() if moment is None else Snapshot.as_of <= moment.day)
        .order_by(Snapshot.as_of.desc(), Snapshot.known_at.desc())
        .limit(1)
        .lateral("newest")
    )
    snapshot = _Columns(newest)
    return entity_set(
        "Projects",
        "Project",
        [
            key("ProjectId", "Guid", Project.id),
            text("ProjectKey", Project.key),
            text("ProjectName", func.coalesce(_said(snapshot, "name"), Project.name)),
            text("ProgrammeName", func.coalesce(_said(snapshot, "programme"), Programme.name)),
            whole("ProgrammeId", Project.programme_id),
            whole("PortfolioId", Project.portfolio_id),
            *day("AsOf", snapshot.as_of, "The day of its newest status"),
            *instant("KnownAt", snapshot.known_at, "What was known when"),
            *_status(snapshot),
            *instant("ClosedAt", Project.closed_at),
            *instant("CreatedAt", Project.created_at),
            *stamp(_Changed(func.greatest(Project.changed_at, snapshot.changed_at))),
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


class _Changed:
    """A stamp that is reckoned."""

    def __init__(self, changed_at: ColumnElement[Any]) -> None:
        self.changed_at = changed_at


class _Columns:
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
        ),
        says="Status by day, append-only",
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="StatusSnapshots")],
    )


def _later(snapshot: Any) -> ColumnElement[bool]:
    other = aliased(Snapshot)
    return and_(
        other.project_id == snapshot.project_id,
        other.as_of == snapshot.as_of,
        other.known_at > snapshot.known_at,
    )


def _of_day(moment: Moment) -> tuple[ColumnElement[bool], ...]:
    other = aliased(Snapshot)
    newer = tuple_(other.as_of, other.known_at) > tuple_(Snapshot.as_of, Snapshot.known_at)
    later = select(1).where(other.project_id == Snapshot.project_id, other.as_of <= moment.day, newer)
    return Snapshot.as_of <= moment.day, ~later.correlate(Snapshot).exists()


def people() -> EntitySet:
    """Return the set of people, without their addresses."""
    return entity_set(
        "People",
        "Person",
        [
            key("PersonId", "Guid", Person.id),
            text("DisplayName", Person.display_name),
            guid("SameAs", Person.same_as, "The person an officer confirmed this one to be"),
            *stamp(Person),
        ],
        Rows(Person.__table__, everything=True),
        says="People, however many trackers know them",
        search=("DisplayName",),
    )


def findings() -> EntitySet:
    """Return the set of findings, open and closed."""
    return entity_set(
        "Findings",
        "Finding",
        [
            key("FindingId", "Int64", Finding.id),
            guid("ProjectId", Finding.project_id),
            text("Template", Finding.template),
            text("TemplateVersion", Finding.version),
            text("RecordRef", Finding.record_ref, "Empty: the project's own report"),
            text("Rule", Finding.rule),
            text("Kind", Finding.kind, "missing, invalid, failed or stale"),
            text("Severity", Finding.severity, "block, warn or info"),
            text("Says", Finding.says),
            text("Receipt", Finding.locator),
            *instant("OpenedAt", Finding.opened_at),
            *instant("ClosedAt", Finding.closed_at),
            flag("IsOpen", Finding.closed_at.is_(None)),
            text("State", Finding.state, "new, accepted, fixing, disputed, upheld, waived or closed"),
            text("Owner", Finding.owner),
            *day("Due", Finding.due),
            *stamp(Finding),
        ],
        Rows(Finding.__table__, project=Finding.project_id),
        says="What templates ask for and records do not give",
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="Findings")],
    )


def claims() -> EntitySet:
    """Return the set of claims: who says what of a project."""
    return entity_set(
        "Claims",
        "Claim",
        [
            key("ClaimId", "Int64", Claim.id),
            guid("ProjectId", Claim.project_id),
            text("Attribute", Claim.attribute),
            text(
                "Value",
                func.nullif(cast(Claim.value, Text()), "null"),
                "As JSON; null withdraws the claim before",
            ),
            text("Unit", Claim.unit),
            text("Source", Source.name),
            *day("ValidFrom", Claim.valid_from),
            *instant("KnownFrom", Claim.known_from),
            text("Receipt", Claim.locator),
            text("Url", Claim.url),
            text("Hash", Claim.sha256, "SHA-256 of the page it was read from"),
            whole("RunId", Claim.run_id),
            *stamp(Claim),
        ],
        Rows(Claim.__table__.join(Source.__table__, Source.id == Claim.source_id), project=Claim.project_id),
        says="What each source says of a project, append-only",
        ways=[
            one("Project", "Projects", "ProjectId", "ProjectId", partner="Claims"),
            one("Run", "Runs", "RunId", "RunId"),
        ],
    )


def runs() -> EntitySet:
    """Return the set of runs."""
    took: Any = cast(func.extract("epoch", Run.finished_at - Run.started_at), Double())
    return entity_set(
        "Runs",
        "Run",
        [
            key("RunId", "Int64", Run.id),
            text("Source", Source.name),
            text("State", Run.state),
            *instant("StartedAt", Run.started_at),
            *instant("FinishedAt", Run.finished_at),
            number("Seconds", took),
            text("Mode", Run.mode, "full or incremental"),
            whole("Requests", Run.requests),
            *stamp(Run),
        ],
        Rows(Run.__table__.join(Source.__table__, Source.id == Run.source_id), everything=True),
        says="Runs of the sources",
    )
