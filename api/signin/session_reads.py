"""Sessions and tokens as their holders and administrators see them: never a secret, never its hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, or_, select

from model.tables import Account, AccountSession, ApiToken
from sync.tokens import SIGN_IN

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in; `agent` is what it calls itself, None where it does not."""

    id: int
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    way: str
    agent: str | None

    @property
    def browser(self) -> str | None:
        """Which browser it says it is, on what."""
        return None if self.agent is None else _browser(self.agent)


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token and whose it is; `account` None: of nobody's account."""

    id: int
    name: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    seen: tuple[str, ...] | None  # projects, programmes and portfolios; None: everything its holder sees
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    person: str | None
    account: str | None
    account_id: int | None

    def state(self, now: datetime) -> str:
        """Return whether it works: `stands`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "stands"


def open_sessions(
    connection: Connection, account: int, *, idle_since: datetime, now: datetime
) -> list[OpenSession]:
    """Return the sessions of an account that go on, the one used last first."""
    query = (
        select(
            AccountSession.id, AccountSession.began_at, AccountSession.seen_at, AccountSession.ends_at,
            AccountSession.way, AccountSession.agent,
        )
        .where(
            AccountSession.account_id == account,
            AccountSession.ended_at.is_(None),
            AccountSession.ends_at > now,
            AccountSession.seen_at > idle_since,
        )
        .order_by(AccountSession.seen_at.desc(), AccountSession.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    return [OpenSession(*row) for row in connection.execute(query)]


def held_tokens(
    connection: Connection, *, account: int | None = None, number: int | None = None
) -> list[HeldToken]:
    """Return the tokens of an account, or all of them; the newest first, links never used left out."""
    query = (
        select(
            ApiToken.id, ApiToken.name, ApiToken.scopes, ApiToken.roles, ApiToken.projects, ApiToken.programmes,
            ApiToken.portfolios, ApiToken.created_at, ApiToken.expires_at, ApiToken.revoked_at, ApiToken.person,
            Account.name.label("account"), ApiToken.account_id,
        )
        .outerjoin(Account, Account.id == ApiToken.account_id)
        .where(
            ~ApiToken.scopes.contains([SIGN_IN]),
            or_(ApiToken.account_id.is_(None), ~ApiToken.hash.startswith("used ")),  # a link an account used up
        )
        .order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    )  # fmt: skip
    if account is not None:
        query = query.where(ApiToken.account_id == account)
    if number is not None:
        query = query.where(ApiToken.id == number)
    return [
        HeldToken(
            row.id, row.name.partition(" (revoked ")[0], tuple(row.scopes), tuple(row.roles or ()),
            None if row.projects is None else (*row.projects, *row.programmes, *row.portfolios),
            row.created_at, row.expires_at, row.revoked_at, row.person, row.account, row.account_id,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def _browser(agent: str) -> str:
    """Return a browser's usual name and its system's, as far as what it calls itself tells."""
    browsers = (
        ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    )  # fmt: skip
    systems = (
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    )  # fmt: skip
    found = [next((name for mark, name in marks if mark in agent), None) for marks in (browsers, systems)]
    return ", ".join(name for name in found if name) or agent[:40]
