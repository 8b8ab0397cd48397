"""Work items with their transitions, links and iterations."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from model.base import Base
from model.tables.changed import Stamped
from model.tables.words import words_of


class WorkItem(Stamped, Base):
    """One issue or work item, as last read. `(source_id, external_id)` identifies it for ever.

    `status_category` is one of todo, doing, done, dropped. Efforts are hours, `points` is size.
    None means the source does not say. `deleted_at` is when its absence was detected. One that this account
    can no longer see has a `fate` of access_lost and no `deleted_at`: it is taken to be as it last was.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index(None, "source_id", "scope_external_id"),
        Index(None, "source_id", "key"),
        # What is counted and added up most, so that no row is read for it: short values of our own only.
        Index(
            "ix_work_item_counted", "status_category", "hub_type", "created_at", "points", "remaining_hours"
        ),
        Index(None, "updated_at", "id"),
        Index(None, "changed_at", "id"),
        Index("ix_work_item_words", words_of("title"), postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str]
    key: Mapped[str]
    scope_external_id: Mapped[str]  # joins `scope.external_id` of the same source
    area: Mapped[str | None]  # ADO area path
    type: Mapped[str]  # the tracker's own word
    hub_type: Mapped[str]  # initiative, epic, feature, story, task, bug, milestone, other
    title: Mapped[str]
    status: Mapped[str]
    status_id: Mapped[str | None]
    status_category: Mapped[str | None]
    resolution: Mapped[str | None]
    parent_external_id: Mapped[str | None]
    parent_key: Mapped[str | None]
    points: Mapped[float | None]
    original_hours: Mapped[float | None]
    remaining_hours: Mapped[float | None]
    spent_hours: Mapped[float | None]
    priority: Mapped[str | None]
    assignee: Mapped[str | None]
    assignee_id: Mapped[str | None]  # joins `identity.external_id`
    reporter: Mapped[str | None]
    reporter_id: Mapped[str | None]
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    due: Mapped[date | None]
    labels: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    url: Mapped[str | None]
    custom: Mapped[dict[str, Any] | None]
    deleted_at: Mapped[datetime | None]
    fate: Mapped[str | None]  # why it is not to be seen: see `absence`; None while it is
    raw_page_id: Mapped[int]  # of `raw_page`; written in its transaction, so not checked row by row
    raw_position: Mapped[int]
    locator: Mapped[str | None]
    content_hash: Mapped[bytes]
    run_id: Mapped[int]  # the run that last changed it


class Transition(Base):
    """One changed field in one change of a work item."""

    __tablename__ = "transition"

    source_id: Mapped[int] = mapped_column(primary_key=True)  # its item's
    item_external_id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)  # change id ":" position in the change
    at: Mapped[datetime | None]
    by: Mapped[str | None]
    by_id: Mapped[str | None]
    field: Mapped[str]
    field_id: Mapped[str | None]
    from_id: Mapped[str | None]
    from_value: Mapped[str | None]
    to_id: Mapped[str | None]
    to_value: Mapped[str | None]


class WorkItemLink(Base):
    """A link as one of its two items shows it; both ends carry the same `external_id`."""

    __tablename__ = "work_item_link"

    source_id: Mapped[int] = mapped_column(primary_key=True)  # its item's
    item_external_id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    direction: Mapped[str]  # outward, inward
    type: Mapped[str]  # e.g. Blocks
    label: Mapped[str]  # as read from this item, e.g. "is blocked by"
    other_external_id: Mapped[str]
    other_key: Mapped[str | None]


class Iteration(Stamped, Base):
    """A sprint or an ADO iteration. `finish_at` of ADO is the start of its last day, inclusive."""

    __tablename__ = "iteration"
    __table_args__ = (UniqueConstraint("source_id", "external_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str]
    name: Mapped[str]
    path: Mapped[str | None]
    state: Mapped[str | None]  # past, current, future
    goal: Mapped[str | None]
    start_at: Mapped[datetime | None]
    finish_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    scope_external_id: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    fate: Mapped[str | None]  # why it is not to be seen: see `absence`; None while it is
    raw_page_id: Mapped[int | None] = mapped_column(ForeignKey("raw_page.id"))
    raw_position: Mapped[int | None]
    content_hash: Mapped[bytes | None]


class WorkItemIteration(Base):
    """Which iterations a work item is or was planned in."""

    __tablename__ = "work_item_iteration"

    source_id: Mapped[int] = mapped_column(primary_key=True)  # its item's
    item_external_id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)  # joins `iteration.external_id`
    name: Mapped[str | None]
    state: Mapped[str | None] = mapped_column(server_default=text("NULL"))


class WorkItemLeft(Stamped, Base):
    """What a work item had and when it ceased to have it; the database puts it down by itself (revision 0038).

    `kind` is the table that held it, or `custom` for a custom field, whose id is then its `external_id`.
    """

    __tablename__ = "work_item_left"
    __table_args__ = (Index(None, "changed_at"),)

    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # its item's
    item_external_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
