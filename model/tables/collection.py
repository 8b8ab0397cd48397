"""Collection: cycles, what each project owes in them, its answers, and what was sent about them.

A cycle asks every project a template applies to for one period. A submission is one project's part of it.
Answers are append-only: the newest of a field counts.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class Cycle(Base):
    """One template asked for one period. `state` is planned, open or closed."""

    __tablename__ = "cycle"
    __table_args__ = (UniqueConstraint("template", "period"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    template: Mapped[str]
    version: Mapped[str]  # that it was opened with
    period: Mapped[str]  # 2025-06, 2025-Q2, 2025-W23
    period_end: Mapped[date]
    opens_at: Mapped[datetime]
    due_at: Mapped[datetime]  # the end of the day it is due, in the cycle's time zone
    timezone: Mapped[str]  # IANA name
    calendar: Mapped[str]  # config/calendars
    state: Mapped[str]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class Submission(Base):
    """What one project owes in one cycle. `state` is one of its template's workflow.

    `revision` counts every change of it, so that two people do not overwrite each other (it is the ETag).
    `result` is the template check document of the last judgement. `frozen` is the published document and
    `sha256` its hash; a later publication of the same period supersedes it and both are kept.
    """

    __tablename__ = "submission"
    __table_args__ = (
        Index("uq_submission_current", "cycle_id", "project_id", unique=True,
              postgresql_where=text("superseded_by IS NULL")),
        Index(None, "project_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    version: Mapped[str]  # the template version that judges it
    state: Mapped[str]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    opened_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]  # the last time
    submitted_by: Mapped[str | None]
    first_submitted_at: Mapped[datetime | None]
    returns: Mapped[int] = mapped_column(server_default=text("0"))  # how often it went back
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    context: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'")
    )  # by record: what its rules know
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    frozen: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    sha256: Mapped[str | None]
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))


class SubmissionMove(Base):
    """A step of a submission from one state to another, by whom, in which role, and what was said."""

    __tablename__ = "submission_move"
    __table_args__ = (Index(None, "submission_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    from_state: Mapped[str]
    to_state: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    role: Mapped[str]
    because: Mapped[str | None]
    attest: Mapped[str | None]  # the sentence that was put one's name to
    door: Mapped[str]  # web, api, workbook, command, system


class Answer(Base):
    """A person's value of one field. The newest of (submission, record_ref, field) counts.

    `value` null takes the field's value away; a row with `withdrawn` gives the field back to what was filled in.
    `record_ref` is "" for the project's own record, else the record's reference.
    """

    __tablename__ = "answer"
    __table_args__ = (Index(None, "submission_id", "record_ref", "field"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    record_ref: Mapped[str]
    field: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    withdrawn: Mapped[bool] = mapped_column(server_default=text("false"))
    because: Mapped[str | None]  # why a filled-in value was overridden
    by: Mapped[str]
    at: Mapped[datetime]
    door: Mapped[str]
    locator: Mapped[str | None]  # file!sheet!cell of a returned workbook
    revision: Mapped[int] = mapped_column(server_default=text("0"))  # of the submission, that it made


class Prefill(Base):
    """What the hub filled in by itself when a submission was opened, or last refreshed before it was submitted."""

    __tablename__ = "prefill"
    __table_args__ = (UniqueConstraint("submission_id", "record_ref", "field"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    record_ref: Mapped[str]
    field: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    source: Mapped[str | None]  # the source's name
    locator: Mapped[str | None]
    url: Mapped[str | None]
    age_days: Mapped[float | None]  # on filled_at
    filled_at: Mapped[datetime]


class ReviewComment(Base):
    """What a reviewer says of a submission, or of one field of it. Open while `settled_at` is None."""

    __tablename__ = "review_comment"
    __table_args__ = (Index(None, "submission_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    record_ref: Mapped[str]
    field: Mapped[str | None]
    says: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]


class OutboxEvent(Base):
    """Something somebody is to be told. `key` makes each one once; delivery is the push channels' part."""

    __tablename__ = "outbox_event"
    __table_args__ = (UniqueConstraint("key"), Index(None, "submission_id"), Index(None, "at"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]  # opened, reminder, overdue, submitted, returned, approved, published, withdrawn, ...
    at: Mapped[datetime]
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"))
    role: Mapped[str | None]  # project_manager, sponsor, ...
    person: Mapped[str | None]  # its name; None: nobody is on record in that role, and says says so
    says: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    delivered_at: Mapped[datetime | None]
