"""Milestones, RAID items and cost lines: version rows, so that both clocks can be asked.

A version is known from `known_from` until `known_to`; the current one has `known_to` None. A
version with `deleted` true says that the source no longer has the record, and its `fate` why; a current
version with a fate (access_lost) can no longer be seen and is taken to be as it last was.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from model.base import Base


class _Version:
    """What every version row carries: identity, the clock, and where it was read."""

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, sort_order=-10)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), sort_order=-9)
    external_id: Mapped[str] = mapped_column(sort_order=-8)
    project_ref: Mapped[str | None] = mapped_column(sort_order=-7)  # as the source names the project
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"), sort_order=-6)
    known_from: Mapped[datetime] = mapped_column(sort_order=50)
    known_to: Mapped[datetime | None] = mapped_column(sort_order=51)
    deleted: Mapped[bool] = mapped_column(server_default=text("false"), sort_order=52)
    fate: Mapped[str | None] = mapped_column(sort_order=52)
    url: Mapped[str | None] = mapped_column(sort_order=53)
    raw_page_id: Mapped[int] = mapped_column(ForeignKey("raw_page.id"), sort_order=54)
    raw_position: Mapped[int] = mapped_column(sort_order=55)
    locator: Mapped[str | None] = mapped_column(sort_order=56)
    content_hash: Mapped[bytes] = mapped_column(sort_order=57)
    run_id: Mapped[int] = mapped_column(sort_order=58)


def _version_args(table: str) -> tuple[UniqueConstraint | Index, ...]:
    return (
        UniqueConstraint("source_id", "external_id", "known_from"),
        Index(f"uq_{table}_current", "source_id", "external_id", unique=True,
              postgresql_where=text("known_to IS NULL")),
        Index(None, "project_id"),
    )  # fmt: skip


class Milestone(_Version, Base):
    """A dated commitment. `forecast` None means nobody forecast it; it is not the baseline."""

    __tablename__ = "milestone"
    __table_args__ = _version_args("milestone")

    name: Mapped[str]
    state: Mapped[str | None]  # planned, met, dropped
    weight: Mapped[float | None]
    critical: Mapped[bool | None]
    baseline: Mapped[date | None]
    forecast: Mapped[date | None]
    actual: Mapped[date | None]
    acceptance: Mapped[str | None]


class RaidItem(_Version, Base):
    """A risk, assumption, issue or dependency, with the fields of the RAID template."""

    __tablename__ = "raid_item"
    __table_args__ = _version_args("raid_item")

    item_id: Mapped[str | None]  # the reference people use, e.g. R-014
    kind: Mapped[str | None]  # risk, assumption, issue, dependency
    title: Mapped[str | None]
    cause: Mapped[str | None]
    effect: Mapped[str | None]
    owner: Mapped[str | None]
    state: Mapped[str | None]  # open, responding, closed, occurred, rejected
    raised_on: Mapped[date | None]
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


class CostLine(_Version, Base):
    """Money of one kind in one month (or without a month: in all)."""

    __tablename__ = "cost_line"
    __table_args__ = _version_args("cost_line")

    category: Mapped[str | None]
    kind: Mapped[str | None]  # baseline, forecast, actual, committed
    period: Mapped[date | None]  # first day of the month; None: the whole life
    amount: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217
