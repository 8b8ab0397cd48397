"""Status snapshots: what the numbers were, on which day, as known when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base
from model.tables.changed import Stamped


class Snapshot(Stamped, Base):
    """One project's status on one day, append-only; the newest `known_at` of an `as_of` counts.

    `document` is the project's entry of the status document, reasons and inputs included;
    `receipt` holds, for each input and attribute, the claims and records it came from.
    `sha256` is of the document as canonical JSON.
    """

    __tablename__ = "snapshot"
    __table_args__ = (
        UniqueConstraint("project_id", "as_of", "known_at"),
        Index(None, "as_of", "known_at"),
        Index(None, "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    as_of: Mapped[date]
    known_at: Mapped[datetime]
    policy: Mapped[str]  # "default@1.0.0"
    overall: Mapped[str]
    health: Mapped[float | None]
    reported: Mapped[str | None]
    watermelon: Mapped[int | None]
    document: Mapped[dict[str, Any]]
    receipt: Mapped[dict[str, Any]]
    sha256: Mapped[str]
