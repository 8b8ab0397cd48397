"""Milestones, RAID items and cost lines: version rows, so that both clocks can be asked."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from model.base import Base
from model.tables.version import Version, version_args
from model.tables.words import words_of


class Milestone(Version, Base):
    """A dated commitment. `forecast` None means nobody forecast it; it is not the baseline."""

    __tablename__ = "milestone"
    __table_args__ = (
        *version_args("milestone"),
        Index(
            "ix_milestone_words", words_of("name"), postgresql_using="gin",
            postgresql_where=text("known_to IS NULL"),
        ),
    )  # fmt: skip

    name: Mapped[str]
    state: Mapped[str | None]  # planned, met, dropped
    weight: Mapped[float | None]
    critical: Mapped[bool | None]
    baseline: Mapped[date | None]
    forecast: Mapped[date | None]
    actual: Mapped[date | None]
    acceptance: Mapped[str | None]


class RaidItem(Version, Base):
    """A risk, assumption, issue or dependency, with the fields of the RAID template."""

    __tablename__ = "raid_item"
    __table_args__ = (
        *version_args("raid_item"),
        Index(
            "ix_raid_item_words", words_of("title"), postgresql_using="gin",
            postgresql_where=text("known_to IS NULL"),
        ),
    )  # fmt: skip

    item_id: Mapped[str | None]  # the reference people use, e.g. R-014
    kind: Mapped[str | None]  # risk, assumption, issue, dependency
    title: Mapped[str | None]
    cause: Mapped[str | None]
    effect: Mapped[str | None]
    owner: Mapped[str | None]
    state: Mapped[str | None]  # open, responding, closed, occurred, rejected
    raised_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    reviewed_on: Mapped[date | None]
    due: Mapped[date | None]
    probability: Mapped[float | None]  # 1 to 5
    impact: Mapped[float | None]  # 1 to 5
    chance: Mapped[float | None]  # 0 to 1, where the source has one
    cost_impact: Mapped[Decimal | None] = mapped_column(Numeric)
    days_impact: Mapped[float | None]
    currency: Mapped[str | None]
    proximity: Mapped[date | None]
    response: Mapped[str | None]
    action: Mapped[str | None]
    action_due: Mapped[date | None]
    gives: Mapped[str | None]
    needed_by: Mapped[date | None]
    offered_by: Mapped[date | None]
    severity: Mapped[str | None]  # the source's own word, where it has no numbers
    likelihood: Mapped[str | None]  # the source's own word
    rating: Mapped[str | None]  # the source's own word for the two together
    schedule_likelihood: Mapped[str | None]  # the same of the delay, where the source rates it apart
    schedule_severity: Mapped[str | None]
    schedule_rating: Mapped[str | None]


class CostLine(Version, Base):
    """Money of one kind in one month (or without a month: in all)."""

    __tablename__ = "cost_line"
    __table_args__ = version_args("cost_line")

    category: Mapped[str | None]
    kind: Mapped[str | None]  # baseline, forecast, actual, committed, earned
    period: Mapped[date | None]  # first day of the month; None: the whole life
    amount: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217
