"""What the templates found: assessments and findings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base
from model.tables.changed import Stamped


class Assessment(Base):
    """What a template found of one record, from a day on until the next row of that record.

    `result` has the shape of `muster template check`.
    """

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


class Finding(Stamped, Base):
    """Something a template asks for and a record does not give. It stands while `closed_at` is None.

    `state` says who has done what about it: new, accepted, fixing, disputed, upheld, waived or closed
    (`model.findings.moves`); `FindingMove` holds every step. `evidence` is what the fields that the rule
    looks at said when it last failed. `unchecked_since`: the rule could not be run since then, so nobody
    knows whether it still fails. `follows_id` is the closed finding that this one is again. `severity_before`
    is what its severity was in the last week, put down by the database (revision 0039).
    """

    __tablename__ = "finding"
    __table_args__ = (
        Index(None, "project_id", "closed_at"),
        Index("ix_finding_key", "project_id", "template", "record_ref", "rule"),
        Index(None, "changed_at", "id"),
        Index(None, "owner", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    template: Mapped[str]
    version: Mapped[str]
    record_ref: Mapped[str]
    rule: Mapped[str]  # the field's or the check's id
    kind: Mapped[str]  # missing, invalid, failed, stale
    severity: Mapped[str]  # block, warn, info
    severity_before: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"), sort_order=91)
    says: Mapped[str]
    locator: Mapped[str | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=text("'new'"))
    owner: Mapped[str | None]  # the record's owner, else the project's manager; None: nobody is on record
    owner_role: Mapped[str | None]  # owner, project_manager
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    due: Mapped[date | None]  # by when whoever accepted it means to have it put right
    moved_at: Mapped[datetime | None]  # the last step of a person
    unchecked_since: Mapped[datetime | None]
    closed_because: Mapped[str | None]
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"))
    waiver_id: Mapped[int | None] = mapped_column(ForeignKey("waiver.id"))
