"""Claims: what each source says of a project, append-only."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base
from model.tables.changed import Stamped


class Claim(Stamped, Base):
    """One source's value of one project attribute, true from `valid_from`, known from `known_from`.

    `value` is a JSON scalar in the attribute's type (dates ISO, money as a decimal string); null
    withdraws the source's earlier claim. A new row is written only when the value changes. Which
    claim wins is decided on reading, by the attribute's precedence; none is ever changed.
    """

    __tablename__ = "claim"
    __table_args__ = (
        Index(None, "project_id", "attribute", "source_id", "known_from"),
        Index(None, "run_id"),
        Index(None, "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    attribute: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    unit: Mapped[str | None]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    valid_from: Mapped[date]
    known_from: Mapped[datetime]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    raw_page_id: Mapped[int | None] = mapped_column(ForeignKey("raw_page.id"))
    raw_position: Mapped[int | None]
    locator: Mapped[str | None]  # "register.xlsx!Projects!H8" or "APO-114 duedate"
    url: Mapped[str | None]
    sha256: Mapped[str | None]  # of the raw page's bodies
