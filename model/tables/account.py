"""Who signs in, in which roles and for which projects, and the sessions they have open."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class Account(Base):
    """Somebody who may sign in: with a password of ours, or as a subject of an identity provider."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(
        unique=True
    )  # what is typed to sign in: an address or a name, lower case
    shown: Mapped[str]  # as pages write it
    person: Mapped[str | None]  # whom of the sources' people it is; None: it answers for nobody
    issuer: Mapped[str | None]  # of OpenID Connect, with `subject`; None: never signed in that way
    subject: Mapped[str | None]
    password_hash: Mapped[str | None]  # argon2id; None: signs in through a provider only
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    last_signed_in_at: Mapped[datetime | None]


class AccountRole(Base):
    """A role an account holds, for everything or for one portfolio, programme or project."""

    __tablename__ = "account_role"
    __table_args__ = (
        UniqueConstraint("account_id", "role", "scope", "key", postgresql_nulls_not_distinct=True),
        CheckConstraint("(scope = 'everything') = (key IS NULL)", name="key_of_scope"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str]
    scope: Mapped[str]  # everything, portfolio, programme, project
    key: Mapped[str | None]  # of the portfolio, programme or project
    given_at: Mapped[datetime]
    given_by: Mapped[str]


class AccountSession(Base):
    """A browser that is signed in, as an account or by a token: the cookie's secret is kept as its SHA-256."""

    __tablename__ = "account_session"
    __table_args__ = (
        Index("ix_account_session_open", "account_id", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("num_nonnulls(account_id, token_id) = 1", name="whose"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_token.id"))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # to the minute: written at most once in that time
    ends_at: Mapped[datetime]  # whatever happens
    ended_at: Mapped[datetime | None]  # signed out, revoked, or the account disabled
    way: Mapped[str]  # password, provider, token, link
    agent: Mapped[str | None]  # what the browser calls itself
