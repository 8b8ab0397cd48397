"""What belongs to work items besides their fields: comments, work logs, and the keys they once had."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class Comment(Base):
    """What somebody said about a work item, as plain text. Kept only where the source's options ask for it."""

    __tablename__ = "comment"

    source_id: Mapped[int] = mapped_column(primary_key=True)  # its item's
    item_external_id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str | None]
    author_id: Mapped[str | None]  # joins `identity.external_id`
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    text: Mapped[str | None]


class Worklog(Base):
    """Time somebody says to have spent on a work item. Kept only where the source's options ask for it."""

    __tablename__ = "worklog"

    source_id: Mapped[int] = mapped_column(primary_key=True)  # its item's
    item_external_id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str | None]
    author_id: Mapped[str | None]  # joins `identity.external_id`
    started_at: Mapped[datetime | None]
    hours: Mapped[float | None]
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    text: Mapped[str | None]


class WorkItemKey(Base):
    """A key that a work item had before it was moved or its project renamed; it still leads to the item."""

    __tablename__ = "work_item_key"
    __table_args__ = (Index(None, "source_id", "item_external_id"),)

    source_id: Mapped[int] = mapped_column(primary_key=True)  # its item's
    key: Mapped[str] = mapped_column(primary_key=True)
    item_external_id: Mapped[str]
    known_from: Mapped[datetime]  # when we learned that the key had changed
    says: Mapped[str]  # how: from the item's history, or seen between two runs
