"""Claims that somebody of the office made by hand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class HandClaim(Base):
    """A value that a person stated for a project, with the reason; the claim itself is one of `collection`.

    `instead` is what was said then: [{source, value, unit}], the one that counted first. One that was stated anew or
    withdrawn has ended; nothing of it is erased.
    """

    __tablename__ = "hand_claim"
    __table_args__ = (
        Index(None, "claim_id", unique=True),
        Index(
            "uq_hand_claim_standing",
            "project_id",
            "attribute",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    attribute: Mapped[str]
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    instead: Mapped[list[Any]] = mapped_column(JSONB)
    at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]
