"""What people answer for item by item: change requests, decisions, gate criteria and lines of the work plan.

Version rows, as milestones and RAID items are.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric, Text

from model.base import Base
from model.tables.version import Version, version_args


class ChangeRequest(Version, Base):
    """A change that somebody asked for, what it would do to the project, and what became of it."""

    __tablename__ = "change_request"
    __table_args__ = version_args("change_request")

    request_id: Mapped[str | None]  # the reference people use, e.g. CR-007
    title: Mapped[str | None]
    reason: Mapped[str | None]
    state: Mapped[str | None]  # raised, assessed, approved, rejected, withdrawn, done
    raised_by: Mapped[str | None]
    raised_on: Mapped[date | None]
    scope_points: Mapped[float | None]  # size added, below zero where it is taken out
    days_impact: Mapped[float | None]
    cost_impact: Mapped[Decimal | None] = mapped_column(Numeric)
    benefit_impact: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217
    alternatives: Mapped[str | None]
    approver: Mapped[str | None]
    decide_by: Mapped[date | None]
    decided_on: Mapped[date | None]
    decision: Mapped[str | None]  # why it was decided so
    baseline: Mapped[str | None]  # the baseline that it led to


class Decision(Version, Base):
    """Something a board or a person has to decide, or has decided."""

    __tablename__ = "decision"
    __table_args__ = version_args("decision")

    decision_id: Mapped[str | None]
    title: Mapped[str | None]
    state: Mapped[str | None]  # needed, made, dropped
    alternatives: Mapped[str | None]
    board: Mapped[str | None]
    requested_by: Mapped[str | None]
    requested_on: Mapped[date | None]
    needed_by: Mapped[date | None]
    decided_on: Mapped[date | None]
    decided_by: Mapped[str | None]
    outcome: Mapped[str | None]
    rationale: Mapped[str | None]


class GateCriterion(Version, Base):
    """One criterion of a stage gate, and how far the project meets it."""

    __tablename__ = "gate_criterion"
    __table_args__ = version_args("gate_criterion")

    gate: Mapped[str | None]
    criterion_id: Mapped[str | None]
    criterion: Mapped[str | None]
    mandatory: Mapped[bool | None]
    result: Mapped[str | None]  # met, partly, not_met, not_applicable
    evidence: Mapped[str | None]
    assessed_by: Mapped[str | None]
    assessed_on: Mapped[date | None]
    action: Mapped[str | None]
    owner: Mapped[str | None]
    action_due: Mapped[date | None]


class WorkPlanLine(Version, Base):
    """What a project means to do and to spend in one month, and what came of it."""

    __tablename__ = "work_plan_line"
    __table_args__ = version_args("work_plan_line")

    month: Mapped[str | None]  # 2025-07
    work: Mapped[str | None]
    milestones: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    planned_hours: Mapped[float | None]
    planned_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    actual_hours: Mapped[float | None]
    actual_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str | None]  # ISO 4217
    difference: Mapped[str | None]  # why it went otherwise than planned
