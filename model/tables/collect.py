"""What the templates found: assessments and findings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class Assessment(Base):
    """A template applied to one record on one day. `result` has the shape of `muster template check`."""

    __tablename__ = "assessment"
    __table_args__ = (UniqueConstraint("project_id", "template", "record_ref", "as_of"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    template: Mapped[str]
    version: Mapped[str]
    record_ref: Mapped[str]  # "" for the project's own report, else the record's reference
    as_of: Mapped[date]
    assessed_at: Mapped[datetime]
    score: Mapped[float | None]
    grade: Mapped[str | None]
    result: Mapped[dict[str, Any]]


class Finding(Base):
    """Something a template asks for and a record does not give. Open while `closed_at` is None."""

    __tablename__ = "finding"
    __table_args__ = (
        Index(None, "project_id", "closed_at"),
        Index(None, "template", "record_ref", "rule"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    template: Mapped[str]
    version: Mapped[str]
    record_ref: Mapped[str]
    rule: Mapped[str]  # the field's or the check's id
    kind: Mapped[str]  # missing, invalid, failed, stale
    severity: Mapped[str]  # block, warn, info
    says: Mapped[str]
    locator: Mapped[str | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
