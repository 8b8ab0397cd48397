"""What every version row carries, so that both clocks can be asked of a record.

A version is known from `known_from` until `known_to`; the current one has `known_to` None. A
version with `deleted` true says that the source no longer has the record, and its `fate` why; a current
version with a fate (access_lost) can no longer be seen and is taken to be as it last was.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from model.tables.changed import Stamped


class Version(Stamped):
    """Identity, the clock, and where it was read.

    What people answered about a record of another source is a version row of its own that names that
    record in `amends_source_id` and `amends_external_id`. Only its `answered` columns count, also where
    they are null: they go before what the other source says.
    """

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, sort_order=-10)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), sort_order=-9)
    external_id: Mapped[str] = mapped_column(sort_order=-8)
    project_ref: Mapped[str | None] = mapped_column(sort_order=-7)  # as the source names the project
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"), sort_order=-6)
    known_from: Mapped[datetime] = mapped_column(sort_order=50)
    known_to: Mapped[datetime | None] = mapped_column(sort_order=51)
    deleted: Mapped[bool] = mapped_column(server_default=text("false"), sort_order=52)
    fate: Mapped[str | None] = mapped_column(sort_order=52)
    url: Mapped[str | None] = mapped_column(sort_order=53)
    raw_page_id: Mapped[int] = mapped_column(ForeignKey("raw_page.id"), sort_order=54)
    raw_position: Mapped[int] = mapped_column(sort_order=55)
    locator: Mapped[str | None] = mapped_column(sort_order=56)
    content_hash: Mapped[bytes] = mapped_column(sort_order=57)
    run_id: Mapped[int] = mapped_column(sort_order=58)
    amends_source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"), sort_order=59)
    amends_external_id: Mapped[str | None] = mapped_column(sort_order=60)
    answered: Mapped[list[str] | None] = mapped_column(ARRAY(Text), sort_order=61)


def version_args(table: str) -> tuple[UniqueConstraint | Index, ...]:
    """Return the constraints of a table of versions: one at an instant, and one that is current."""
    return (
        UniqueConstraint("source_id", "external_id", "known_from"),
        Index(f"uq_{table}_current", "source_id", "external_id", unique=True,
              postgresql_where=text("known_to IS NULL")),
        Index(None, "project_id"),
        Index(None, "changed_at"),
        Index(f"ix_{table}_amends", "amends_source_id", "amends_external_id",
              postgresql_where=text("amends_source_id IS NOT NULL")),
    )  # fmt: skip
