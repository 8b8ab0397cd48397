"""Who may read here: API tokens, stored hashed. What we read elsewhere with: tokens that rotate, sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class ApiToken(Base):
    """A bearer token. `projects` None means all projects; else those, and what portfolios and programmes have."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the token, hex
    scopes: Mapped[list[Any]]  # read, sync, admin
    projects: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    programmes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # names
    portfolios: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # keys
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True
    )  # holds it to its own
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None] = mapped_column(server_default=text("NULL"))
    person: Mapped[str | None]  # whom it speaks for; None: it may look, and move nothing
    roles: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # of model.rights.ROLES


class Credential(Base):
    """The newest of a source's tokens where each use of one gives the next; one row a source.

    `sealed` is encrypted with the installation's key. `version` counts the tokens: a new one is
    written only over the one it was got with. `exchange_began_at` stands while a token is being
    exchanged for the next; where it is left standing, a process died in between and the next token
    may be lost.
    """

    __tablename__ = "credential"

    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), primary_key=True)
    sealed: Mapped[bytes]
    version: Mapped[int]
    stored_at: Mapped[datetime]
    exchange_began_at: Mapped[datetime | None]
