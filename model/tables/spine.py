"""Portfolio, programme, project, the source scopes bound to a project, people, and rates of exchange."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy import Identity as Numbered
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from model.base import Base
from model.tables.changed import Stamped


class Portfolio(Stamped, Base):
    """The whole an office answers for; its time zone is the one dates and schedules are in."""

    __tablename__ = "portfolio"

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]  # IANA name
    currency: Mapped[str]  # ISO 4217
    workbooks: Mapped[str | None]  # where an opened cycle's go: source:/folder, or a folder; None: nowhere


class PortfolioVersion(Base):
    """What a portfolio was called and counted in from a day on: said from `known_from` until `known_to`.

    The first one holds from the first day there is. A change holds from the day on which it was applied; a second
    one on that day takes the place of the first.
    """

    __tablename__ = "portfolio_version"
    __table_args__ = (
        Index(
            "uq_portfolio_version_current", "portfolio_id", "valid_from", unique=True,
            postgresql_where=text("known_to IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("portfolio.id"))
    name: Mapped[str]
    timezone: Mapped[str]
    currency: Mapped[str]
    valid_from: Mapped[date]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]


class Programme(Stamped, Base):
    """A group of projects."""

    __tablename__ = "programme"
    __table_args__ = (UniqueConstraint("portfolio_id", "name"),)

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("portfolio.id"))
    name: Mapped[str]


class Project(Stamped, Base):
    """One project. What is known of it are claims; this row only says that it exists.

    `origin` is `register` when a project register named it, else `scope`: then each tracker
    project in scope is a project.
    """

    __tablename__ = "project"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("portfolio.id"))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programme.id"))
    origin: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ProgrammeProject(Stamped, Base):
    """A programme that a project belongs to; the one at position 0 is the project's `programme_id`.

    `share` is the percent of the project's budget the programme carries; None: nobody divided it.
    """

    __tablename__ = "programme_project"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), primary_key=True, index=True)
    position: Mapped[int]
    share: Mapped[Decimal | None] = mapped_column(Numeric)
    critical: Mapped[bool] = mapped_column(server_default=text("false"))


class ProgrammeLeft(Stamped, Base):
    """A programme that a project belonged to, and when it last ceased to; the database puts it down by itself."""

    __tablename__ = "programme_left"

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CurrencyRate(Stamped, Base):
    """On a day one unit of `base` was worth `rate` units of `quote`: said from `known_from` until `known_to`.

    `sha256` is of what was said (`sync.rollup.rates`), so that verification finds a rate that was changed since.
    """

    __tablename__ = "currency_rate"
    __table_args__ = (
        Index(
            "uq_currency_rate_current", "base", "quote", "day", unique=True,
            postgresql_where=text("known_to IS NULL"),
        ),
        Index(None, "known_to"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    day: Mapped[date]
    base: Mapped[str]  # ISO 4217
    quote: Mapped[str]
    rate: Mapped[Decimal] = mapped_column(Numeric)
    source: Mapped[str]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]
    sha256: Mapped[str]


class Scope(Stamped, Base):
    """A piece of a source a project can be bound to: a Jira project, an ADO project or area path.

    `project_id` None means unbound: listed, not lost. `bound_by` says what bound it (`register
    register.xlsx!Projects!K4`, `configuration`, `own`). `keys` are all keys it ever had, oldest first.
    """

    __tablename__ = "scope"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index(None, "project_id"),
        Index(None, "source_id", "key"),
    )

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str]
    kind: Mapped[str]  # jira_project, ado_project, ado_area, register_row, workbook
    key: Mapped[str]
    keys: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    name: Mapped[str]
    lead: Mapped[str | None]
    url: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"))
    bound_by: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    fate: Mapped[str | None]  # why it is not to be seen: see `absence`; None while it is
    raw_page_id: Mapped[int | None] = mapped_column(ForeignKey("raw_page.id"))
    raw_position: Mapped[int | None]
    locator: Mapped[str | None]
    content_hash: Mapped[bytes | None]


class Person(Stamped, Base):
    """A human being, however many trackers know them.

    `same_as` is the person an officer confirmed this one to be (`match_proposal`), never a chain; None: itself.
    """

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    email_hash: Mapped[str | None] = mapped_column(unique=True)  # SHA-256 of the lower-case address
    created_at: Mapped[datetime]
    same_as: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Identity(Base):
    """How one source names a person. `matched_by` is `identity`, `email` or `officer`; nothing less is applied."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("source_id", "external_id"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(Numbered(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str]
    display_name: Mapped[str]
    email_hash: Mapped[str | None]
    active: Mapped[bool | None]  # None: the source does not say
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    matched_by: Mapped[str | None]
    fate: Mapped[str | None]  # why it is not to be seen: see `absence`; None while it is
    raw_page_id: Mapped[int | None] = mapped_column(ForeignKey("raw_page.id"))
    raw_position: Mapped[int | None]
    content_hash: Mapped[bytes | None]
