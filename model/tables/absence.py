"""What is gone and why, what a census counted, how scopes changed, and what a run asks an officer."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class Absence(Base):
    """A time in which a record was not to be seen in its source.

    Found by a page, a whole reading or a census. `fate` None means that nobody knows yet what became of
    the record; `settled_at` None that the record still counts as there: its fate is to be asked, or the
    brake holds it until `question_id` is answered. `ended_at` is when the record was seen again.
    """

    __tablename__ = "absence"
    __table_args__ = (
        Index(
            "uq_absence_current", "source_id", "entity", "external_id", unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "run_id"),
        Index(None, "question_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    stream: Mapped[str]
    slice: Mapped[str]
    entity: Mapped[str]  # the table its record stands in
    external_id: Mapped[str]
    found_at: Mapped[datetime]
    found_by: Mapped[str]  # page, reading, census
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    fate: Mapped[str | None]  # deleted, archived, moved, out_of_scope, access_lost
    says: Mapped[str | None]  # what in the source's answers says so
    settled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))


class Question(Base):
    """Something a run will not decide alone. It stands until `settled_at`: done, or no longer so.

    `subject` tells questions of one kind apart, so that it is asked once. `because` is the reason that
    whoever answered gave.
    """

    __tablename__ = "question"
    __table_args__ = (
        Index(
            "uq_question_current", "source_id", "kind", "subject", unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(None, "run_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    kind: Mapped[str]  # mass_loss, scope_change, imbalance
    subject: Mapped[str]
    says: Mapped[str]
    if_accepted: Mapped[str]  # what the next run then does
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    asked_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    because: Mapped[str | None]
    settled_at: Mapped[datetime | None]


class CensusTaken(Base):
    """One census of a slice: the ids its source listed against those stored.

    `said` is the source's own count, None where it gives none. `missed` of the `holes` are older than the
    run that should have brought them.
    """

    __tablename__ = "census"
    __table_args__ = (Index(None, "source_id", "taken_at"), Index(None, "run_id"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    stream: Mapped[str]
    slice: Mapped[str]
    label: Mapped[str]
    taken_at: Mapped[datetime]
    listed: Mapped[int]
    said: Mapped[int | None]
    stored: Mapped[int]
    absent: Mapped[int]  # stored, not listed
    holes: Mapped[int]  # listed, not stored
    fetched: Mapped[int]  # of the holes, brought in by this run
    missed: Mapped[int]


class ScopeVersion(Base):
    """What decided a source's scope, from one run on. `says` is the difference to the version before."""

    __tablename__ = "scope_version"
    __table_args__ = (Index(None, "source_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    seen_at: Mapped[datetime]
    parts: Mapped[dict[str, Any]]  # name -> definition
    says: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
