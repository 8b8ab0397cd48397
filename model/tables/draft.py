"""Sources that somebody is setting up or changing in the web, and the secrets that were typed there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class SourceDraft(Base):
    """A source on its way through the steps of the guided path; gone once it is saved or thrown away.

    `block` is what a configuration file would say of it so far; secrets stand in it as references only.
    `seen` is what looking at the source gave: what was checked, discovered and tried.
    """

    __tablename__ = "source_draft"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"), index=True)  # None: a new source
    way: Mapped[str]  # which tracker it is for people: jira_cloud, folder, …
    block: Mapped[dict[str, Any]]
    seen: Mapped[dict[str, Any]]
    version: Mapped[int]  # counts up with each change, so that two people do not overwrite each other
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class KeptSecret(Base):
    """A secret typed into a page: sealed at once, named by configurations as `kept:ID`, never shown again."""

    __tablename__ = "kept_secret"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    sealed: Mapped[bytes]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
