"""What a project's office keeps beside the plan: contracts, benefits, roles, utilisation and quality reviews.

Version rows, as milestones and RAID items are.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from model.base import Base
from model.tables.version import Version, version_args


class Contract(Version, Base):
    """An agreement with a supplier: how long it lasts, what it is worth, and how much of it was invoiced."""

    __tablename__ = "contract"
    __table_args__ = version_args("contract")

    contract_id: Mapped[str | None]
    title: Mapped[str | None]
    supplier: Mapped[str | None]
    state: Mapped[str | None]  # planned, active, ended, cancelled
    owner: Mapped[str | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    invoiced: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217, of both amounts


class Benefit(Version, Base):
    """What a project promised to make better, in money or in a unit of its own."""

    __tablename__ = "benefit"
    __table_args__ = version_args("benefit")

    benefit_id: Mapped[str | None]
    title: Mapped[str | None]
    category: Mapped[str | None]
    owner: Mapped[str | None]
    target: Mapped[Decimal | None] = mapped_column(Numeric)
    forecast: Mapped[Decimal | None] = mapped_column(Numeric)
    actual: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217; None where `unit` says what is counted
    unit: Mapped[str | None]
    due: Mapped[date | None]


class ProjectRole(Version, Base):
    """A role in a project and who holds it; `holder` None says that nobody does."""

    __tablename__ = "project_role"
    __table_args__ = version_args("project_role")

    role: Mapped[str]
    holder: Mapped[str | None]
    key_role: Mapped[bool | None]  # None: nobody says; sponsor and manager are key all the same
    held_from: Mapped[date | None]
    held_to: Mapped[date | None]
    vacant_since: Mapped[date | None]


class Utilisation(Version, Base):
    """How much of a team's hours was booked in a week: a percent, or the hours it follows from."""

    __tablename__ = "utilisation"
    __table_args__ = version_args("utilisation")

    team: Mapped[str | None]
    week: Mapped[date]
    percent: Mapped[float | None]
    booked_hours: Mapped[float | None]
    capacity_hours: Mapped[float | None]


class QualityReview(Version, Base):
    """A review of what a project delivers: when it is due, when it was held, and what is still to be put right."""

    __tablename__ = "quality_review"
    __table_args__ = version_args("quality_review")

    review_id: Mapped[str | None]
    title: Mapped[str | None]
    reviewer: Mapped[str | None]
    due: Mapped[date | None]
    held_on: Mapped[date | None]
    result: Mapped[str | None]  # passed, conditional, failed
    open_criteria: Mapped[int | None]
    closed_on: Mapped[date | None]
