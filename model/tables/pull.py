"""What was pulled: sources, runs with their ledger, raw pages, cursors, rejected records."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base
from model.tables.changed import Stamped


class Source(Base):
    """One configured connection to a tracker or a set of workbooks.

    `config` is the source's block of the configuration file as applied; secrets stand in it only
    as references (`env:NAME`, `file:PATH`). `semantics` is what discovery found (which field holds
    story points, and the evidence). `fingerprint` is the hash of the scope definition.
    """

    __tablename__ = "source"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    # The order in the file: where sources disagree, the lower wins.
    position: Mapped[int] = mapped_column(server_default=text("0"))
    config: Mapped[dict[str, Any]]
    semantics: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    schedule: Mapped[str | None]  # five cron fields in the portfolio's time zone
    host: Mapped[str]  # lock: one host is pulled by one worker at a time
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    fingerprint: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Run(Stamped, Base):
    """One pull of one source.

    `slot` is the cron time the schedule asked for, before jitter; None for a run asked for by hand.
    `error` is written for an officer: what happened and what to do.
    """

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("source_id", "slot"),
        Index(None, "source_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    slot: Mapped[datetime | None]
    state: Mapped[str]  # queued, running, succeeded, partial, failed
    mode: Mapped[str]  # full, incremental
    census: Mapped[bool] = mapped_column(server_default=text("false"))  # asked for by hand
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    requests: Mapped[int] = mapped_column(server_default=text("0"))
    retries: Mapped[int] = mapped_column(server_default=text("0"))
    bytes_fetched: Mapped[int] = mapped_column(server_default=text("0"))
    waited_s: Mapped[float] = mapped_column(server_default=text("0"))  # seconds spent waiting for limits
    attempts: Mapped[int] = mapped_column(server_default=text("0"))  # times a process took it up
    cut_short: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # its budget was spent before its end
    error: Mapped[str | None]
    warnings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    mapping_version_id: Mapped[int | None] = mapped_column(ForeignKey("mapping_version.id"))
    asked: Mapped[list[Any] | None]  # the tracker's fields that its mapping had it ask for
    # Streams that it did not read, with the instant of the run that last did: stream -> instant.
    kept: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class RunStream(Base):
    """The ledger of one stream in one run: said = stored + rejected + filtered, or it is broken.

    `said` is None when the source gave no count that can be held against what arrived.
    `stored` counts records accepted, changed or not; `unchanged` is the part that needed no write.
    """

    __tablename__ = "run_stream"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    said: Mapped[int | None]
    stored: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    filtered: Mapped[int] = mapped_column(server_default=text("0"))
    deleted: Mapped[int] = mapped_column(server_default=text("0"))
    filters: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # rule -> records
    # What its numbers add up to, by attribute: {raw, mapped, stored, said}; see `sync.reconcile`.
    controls: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class RawPage(Base):
    """One fetched page, word for word, append-only.

    `body` is one zstd value: the bodies of `parts` joined; `parts` lists each one's request (secrets
    never stand in it) and length in bytes, so that the join can be undone.
    """

    __tablename__ = "raw_page"
    __table_args__ = (Index(None, "source_id", "stream", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    stream: Mapped[str]
    slice: Mapped[str]
    fetched_at: Mapped[datetime]
    parts: Mapped[list[Any]]
    body: Mapped[bytes]
    sha256: Mapped[bytes]  # of the joined bodies, before compression


class Cursor(Base):
    """How far a slice of a stream was read; moved by compare-and-set on `version` only."""

    __tablename__ = "cursor"

    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    slice: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[dict[str, Any]]
    version: Mapped[int]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    walk_run_id: Mapped[int | None]  # the run in which the last reading of the slice from its beginning began
    updated_at: Mapped[datetime]


class RejectedRecord(Base):
    """A record, page or slice that could not be read or normalised, with the reason; the rest landed.

    Open while `resolved_at` is None, and asked for again by each run. Of a page `external_ids` are those
    it should have held, None where they are not known.
    """

    __tablename__ = "rejected_record"
    __table_args__ = (Index(None, "source_id", "stream", "external_id"), Index(None, "run_id"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    stream: Mapped[str]
    external_id: Mapped[str | None]
    locator: Mapped[str]  # "APO-12" or "register.xlsx!Projects!C7"
    reason: Mapped[str]
    raw_page_id: Mapped[int | None] = mapped_column(ForeignKey("raw_page.id"))
    raw_position: Mapped[int | None]
    rejected_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(server_default=text("'record'"))  # record, page, slice
    slice: Mapped[str | None]
    external_ids: Mapped[list[Any] | None]
    attempts: Mapped[int] = mapped_column(server_default=text("1"))
    retried_at: Mapped[datetime | None]  # when it was last asked for again
    resolved_at: Mapped[datetime | None]
