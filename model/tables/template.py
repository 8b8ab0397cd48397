"""Templates as an office keeps them: versions with who approved them, tailoring, and waivers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class TemplateVersion(Base):
    """One version of a template, word for word as it was written. Its text never changes once it is in review.

    `state` is draft, review, approved or retired. An approved version judges from `effective_from` until
    the next one's, or until `effective_to`. `authors` is everybody who drafted a text of it. `trial` is what
    trying it on all projects found, kept beside the approval it led to.
    """

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template", "version"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    template: Mapped[str]  # its id, e.g. monthly-status
    version: Mapped[str]  # semantic: 3.1.0
    state: Mapped[str]
    text: Mapped[str]  # YAML
    sha256: Mapped[str]  # of the text, hex
    owner: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    retired_at: Mapped[datetime | None]
    retired_by: Mapped[str | None]
    because: Mapped[str | None]  # of the newest step
    trial: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    authors: Mapped[list[str]] = mapped_column(JSONB(), server_default=sql("'[]'"))


class Tailoring(Base):
    """A template's rules changed for some projects: by stages, tiers, programmes, or the whole portfolio.

    `applies` has any of stages, tiers, programmes; all that are given must hold. `changes` is what differs
    (see docs/templates.md). In force from `approved_at` until `ended_at`.
    """

    __tablename__ = "tailoring"
    __table_args__ = (Index(None, "template"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    template: Mapped[str]
    applies: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]
    because: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class Waiver(Base):
    """A project let off one rule until a day, by somebody with the right to. After `until` the finding is back.

    `record_ref` None means every record of the project. It counts while approved, not ended, and `until` has
    not passed (the day itself included).
    """

    __tablename__ = "waiver"
    __table_args__ = (Index(None, "project_id", "template"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    template: Mapped[str]
    record_ref: Mapped[str | None]
    rule: Mapped[str]  # the field's or the check's id
    because: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    until: Mapped[date]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
