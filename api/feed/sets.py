"""The sets of the groups of projects, of people, and of what is known about the data themselves."""

from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Text, cast, func, select

from api.feed.declare import (
    PROJECT,
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
    ProgrammeLeft,
    ProgrammeProject,
    Project,
    Run,
    Source,
)


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
        Rows(Portfolio.__table__, shown=_with_projects),
        says="The whole an office answers for",
        ways=[
            many("Projects", "Projects", "PortfolioId", "PortfolioId", partner="Portfolio"),
            many("Programmes", "Programmes", "PortfolioId", "PortfolioId", partner="Portfolio"),
        ],
    )


def _with_projects(rows: FromClause, visible: Any) -> ColumnElement[bool]:
    return rows.c.PortfolioId.in_(select(Project.portfolio_id).where(Project.id.in_(visible)))


def _of_projects(rows: FromClause, visible: Any) -> ColumnElement[bool]:
    first = select(Project.programme_id).where(Project.id.in_(visible))
    every = select(ProgrammeProject.programme_id).where(ProgrammeProject.project_id.in_(visible))
    return rows.c.ProgrammeId.in_(first.union(every))


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
        Rows(Programme.__table__, shown=_of_projects),
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
            *stamp(ProgrammeProject),
        ],
        Rows(
            ProgrammeProject.__table__,
            project=ProgrammeProject.project_id,
            removed=select(
                ProgrammeLeft.project_id.label("ProjectId"),
                ProgrammeLeft.programme_id.label("ProgrammeId"),
                ProgrammeLeft.changed_at.label("ChangedAt"),
                ProgrammeLeft.project_id.label(PROJECT),
            ).subquery(),
        ),
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
            *stamp(CurrencyRate),
        ],
        Rows(
            CurrencyRate.__table__,
            (CurrencyRate.known_to.is_(None),),
            removed=select(
                CurrencyRate.id.label("CurrencyRateId"), CurrencyRate.changed_at.label("ChangedAt")
            )
            .where(CurrencyRate.known_to.is_not(None))
            .subquery(),
        ),
        says="What one unit of a currency was worth on a day",
    )


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
