"""Baselines: what was approved, when and by whom, and what it froze."""

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from model.base import Base
from model.tables.version import Version, version_args


class Baseline(Version, Base):
    """One approval of a plan. Without a day of approval it is a proposal, and counts for nothing.

    It freezes the work items that there are on its day; `points` is their size where somebody wrote it down.
    """

    __tablename__ = "baseline"
    __table_args__ = version_args("baseline")

    number: Mapped[int | None]  # 0 or 1 is the first; of two on one day the higher stands
    name: Mapped[str | None]
    approved_on: Mapped[date | None]
    approved_by: Mapped[str | None]
    change_request: Mapped[str | None]  # the change that led to it
    reason: Mapped[str | None]
    start: Mapped[date | None]
    finish: Mapped[date | None]
    budget: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217
    points: Mapped[float | None]
