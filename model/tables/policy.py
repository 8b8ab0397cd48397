"""Status policies as an office keeps them: versions, word for word, with who wrote and who approved them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Identity, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class PolicyVersion(Base):
    """One version of a policy. Its text never changes once it is approved.

    `state` is proposed, approved or withdrawn. An approved one is in force from `effective_from` until another
    begins, or until `effective_to`; what was known at an instant is what was approved by then. `plan` is what
    it was found to change on the day it was approved.
    """

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    version: Mapped[str]  # semantic: 1.1.0
    state: Mapped[str]
    text: Mapped[str]  # YAML
    sha256: Mapped[str]  # of the text, hex
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    because: Mapped[str | None]  # of the newest step
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
