"""Who may read: API tokens, stored hashed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class ApiToken(Base):
    """A bearer token. `projects` None means all projects; a list means those keys and no others."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the token, hex
    scopes: Mapped[list[Any]]  # read, sync, admin
    projects: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None] = mapped_column(server_default=text("NULL"))
