"""Workbooks that went out and came back: what stood in each, and the cells that a person has to look at."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class WorkbookSent(Base):
    """One workbook as it was handed out. `token` stands hidden in it and says what it is.

    `base` is what stood in its cells, by record and field: the sent side of the merge. `slots` are the
    empty rows that were filled in since, with the record each became. `destination` None means that
    somebody downloaded it.
    """

    __tablename__ = "workbook_sent"
    __table_args__ = (UniqueConstraint("token"), Index(None, "submission_id"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    token: Mapped[str]
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    template: Mapped[str]
    version: Mapped[str]
    revision: Mapped[int]  # of the submission, when it was written
    checksum: Mapped[str]  # of the hidden part
    base: Mapped[dict[str, Any]]  # record -> field -> value
    slots: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    title: Mapped[str]  # its first line, which says what it is to whoever opens it
    file: Mapped[str]
    destination: Mapped[str | None]  # a folder, or source:folder on SharePoint
    position: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # its tag there
    url: Mapped[str | None]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]


class WorkbookReturned(Base):
    """One file that came back. `state` is taken or refused; `says` why, or what became of it.

    `body` is the file as it came, None where it was refused unread or is too large to keep.
    """

    __tablename__ = "workbook_returned"
    __table_args__ = (
        Index("uq_workbook_returned_taken", "sent_id", "sha256", unique=True,
              postgresql_where=text("state = 'taken'")),
        Index(None, "submission_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    sent_id: Mapped[int | None] = mapped_column(ForeignKey("workbook_sent.id"))
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    answered_id: Mapped[int | None] = mapped_column(
        ForeignKey("workbook_sent.id")
    )  # the copy that answers it
    file: Mapped[str]
    sha256: Mapped[str]
    body: Mapped[bytes | None]
    taken_at: Mapped[datetime]
    taken_by: Mapped[str]
    state: Mapped[str]
    says: Mapped[str]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # counts and notes


class WorkbookCell(Base):
    """A returned cell that was not simply taken. `kind` is conflict, rejected or invalid.

    A conflict stays open until somebody settles it: `settled` is then returned or current.
    """

    __tablename__ = "workbook_cell"
    __table_args__ = (Index(None, "returned_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    returned_id: Mapped[int] = mapped_column(ForeignKey("workbook_returned.id"))
    record_ref: Mapped[str]
    field: Mapped[str]
    kind: Mapped[str]
    locator: Mapped[str]  # file!sheet!cell
    sent: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    returned: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    current: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=False)
    says: Mapped[str]
    settled: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
