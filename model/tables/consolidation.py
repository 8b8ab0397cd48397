"""What a consolidation goes by: what was written since the last one, and what the last one stood on."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class Touched(Base):
    """Something was written that a project's status is computed from; put down by the database itself.

    It stands until a consolidation has looked at it. All of `project_id`, `source_id` and
    `scope_external_id` None: it may concern every project. What was written counts from `counts_from` on,
    as version rows do; None: at once. `by_run` is the consolidation that wrote it itself.
    """

    __tablename__ = "touched"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    what: Mapped[str]  # the table
    project_id: Mapped[UUID | None]
    source_id: Mapped[int | None]
    scope_external_id: Mapped[str | None]
    item_external_id: Mapped[str | None]
    counts_from: Mapped[datetime | None]
    by_run: Mapped[str | None]


class ConsolidationLog(Base):
    """One consolidation. `whole` False: of some projects only, apart from the order of the others.

    `ended` False: it is under way, or broke off, and the next whole one computes everything. `stood_on` is what
    held for every project alike: where that differs, the same. `said` are the words about matching, which stand until
    matching is done again, the projects of tiers nobody defined, and as `told` all there was to tell an officer.
    `computed` are the projects that were, of the `projects` there are.
    """

    __tablename__ = "consolidation"
    __table_args__ = (Index(None, "as_of", "known_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    as_of: Mapped[date]
    known_at: Mapped[datetime]
    whole: Mapped[bool]
    ended: Mapped[bool]
    stood_on: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    said: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    projects: Mapped[int | None]
    computed: Mapped[int | None]
    snapshots: Mapped[int | None]


class ReportText(Base):
    """A hash of the words of one long text in a project's report: the same words in two projects are found by it."""

    __tablename__ = "report_text"
    __table_args__ = (Index(None, "sha256"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
