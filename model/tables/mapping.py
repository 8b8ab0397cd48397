"""How sources are read: mappings by version with their examples, and how sources drift away from them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class MappingVersion(Base):
    """One way a source's records were read; append-only, the newest counts.

    `settings` are the source's options that decide it, `mapping` among them, as they stand in its block.
    `read_as` is the hash of these with the shipped mapping they are laid over. `examples` are raw
    records with the attributes they must give; they run with every scheduled run.
    """

    __tablename__ = "mapping_version"
    __table_args__ = (UniqueConstraint("source_id", "version"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    version: Mapped[int]  # 1, 2, 3 … of its source
    settings: Mapped[dict[str, Any]]
    shipped: Mapped[str]  # the mapping it is laid over, e.g. jira@1.0.0
    read_as: Mapped[str]
    examples: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    saved_by: Mapped[str]  # who saved it; "configuration" when it came by `muster apply`
    note: Mapped[str | None]
    saved_at: Mapped[datetime]


class SourceShape(Base):
    """What a source is made of: fields, states, types, whatever its mapping stands on.

    `accepted` is the shape the present mapping was made for, `seen` the one last looked at; what differs
    is drift. Both are group -> {stable name: what it is}.
    """

    __tablename__ = "source_shape"

    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), primary_key=True)
    accepted: Mapped[dict[str, Any]]
    seen: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime]


class Drift(Base):
    """Something of a source is no longer what its mapping was made for.

    Open while `resolved_at` is None: until it is as before, or an officer accepts it. `was` or `now` is
    None where there is or was nothing.
    """

    __tablename__ = "drift"
    __table_args__ = (
        Index(
            None, "source_id", "kind", "subject", unique=True, postgresql_where=text("resolved_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    kind: Mapped[str]  # new, gone, changed, unknown_type, unmapped, example
    subject: Mapped[str]  # e.g. "status 10042"
    was: Mapped[str | None]
    now: Mapped[str | None]
    says: Mapped[str]
    todo: Mapped[str]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))  # that saw it first
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]  # who accepted it; None: it went by itself
