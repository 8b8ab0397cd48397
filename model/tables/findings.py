"""What people do about findings: every step, and disputes of values."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class FindingMove(Base):
    """A step of a finding from one state to another: by a person, or by the system with `by` "muster"."""

    __tablename__ = "finding_move"
    __table_args__ = (Index(None, "finding_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"))
    action: Mapped[str]  # accept, fix, dispute, answer, waive, release, still_so, ended, closed, again
    from_state: Mapped[str]
    to_state: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    role: Mapped[str]
    because: Mapped[str | None]
    door: Mapped[str]  # web, api, command, system


class Dispute(Base):
    """Somebody says that a value which was filled in is wrong. The value counts until its source is changed.

    `value` is what was shown then and `proposed` what it ought to be, None where that was not said. An
    officer answers: upheld (it is to be put right at its source) or refused. It ends by itself when the
    source says what it ought to, or, where nobody said what, something else.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        Index("uq_dispute_standing", "project_id", "template", "record_ref", "field", unique=True,
              postgresql_where=text("ended_at IS NULL")),
        Index(None, "finding_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    template: Mapped[str]
    record_ref: Mapped[str]
    field: Mapped[str]  # of the template; the check's id where a check as such is disputed
    attribute: Mapped[str | None]  # the project's attribute that the field shows
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    proposed: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    source: Mapped[str | None]
    locator: Mapped[str | None]
    url: Mapped[str | None]
    because: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    door: Mapped[str]
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"))
    answer: Mapped[str | None]  # upheld, refused
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answer_because: Mapped[str | None]
    ended_at: Mapped[datetime | None]  # refused, withdrawn, or the source says something else
    ended_because: Mapped[str | None]
