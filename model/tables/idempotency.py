"""Answers of writes that were sent under a key, so that the same write sent again is one write."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class KeptAnswer(Base):
    """One write under a key of its sender's own; without an answer while it is under way.

    `request` is the SHA-256 of what was sent: the same key with anything else is refused.
    """

    __tablename__ = "kept_answer"

    holder: Mapped[str] = mapped_column(primary_key=True)  # whose key it is: keys of two tokens are two
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[bytes]
    began_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None]
