"""Who changed what: a log that is only ever added to, each event chained to the one before (`model.audit`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class AuditEvent(Base):
    """One event. The database refuses to change, delete or truncate what is committed (revision 0029).

    `seq`, `prev` and `hash` are put down by a trigger when the transaction commits: so no two transactions wait
    for each other longer than a commit takes, and the order is that in which things came to hold.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_at", "at"),
        Index("ix_audit_event_action", "action", "seq"),
        Index("ix_audit_event_subject", "subject", "seq"),
        Index("ix_audit_event_actor", "actor", "seq"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    seq: Mapped[int | None] = mapped_column(unique=True)  # from 1 on, without gaps; None until the commit
    at: Mapped[datetime]
    actor: Mapped[str]  # the account or token, the user of the command line, or `muster`
    way: Mapped[str]  # page, api, command, clock
    address: Mapped[str | None]
    action: Mapped[str]  # of model.audit.ACTIONS
    subject: Mapped[str]  # what it was done to: its kind and its name
    detail: Mapped[dict[str, Any]]  # never a secret
    digest: Mapped[str]
    prev: Mapped[str | None]
    hash: Mapped[str | None]
