"""Write sessions: begun at a sign-in, seen while they are used, ended by whoever may end them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from model.tables import Account, AccountSession, ApiToken
from sync.audit import record
from sync.store import unit_of_work
from sync.tokens import SIGN_IN

_MOST_AGENT = 200  # characters
LINK = "link"  # the way by which a one-time link opens a session


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to begin: of an account or by a token, one of the two."""

    hash_: str  # SHA-256 of the cookie's secret
    way: str  # password, provider, token, link
    ends_at: datetime
    account: int | None = None
    token: int | None = None
    agent: str | None = None  # what the browser calls itself


def begin_session(engine: Engine, new: NewSession, *, at: datetime) -> int:
    """Store a session and return its number."""
    with unit_of_work(engine) as connection:
        return begin_in(connection, new, at=at)


def begin_in(connection: Connection, new: NewSession, *, at: datetime) -> int:
    """Store a session inside the caller's transaction and return its number."""
    values = {
        "hash": new.hash_,
        "account_id": new.account,
        "token_id": new.token,
        "began_at": at,
        "seen_at": at,
        "ends_at": new.ends_at,
        "way": new.way,
        "agent": (new.agent or "")[:_MOST_AGENT].replace("\x00", "") or None,
    }
    if new.account is not None:
        signed_in = update(Account).where(Account.id == new.account).values(last_signed_in_at=at)
        connection.execute(signed_in)
    number = connection.execute(
        insert(AccountSession).values(values).returning(AccountSession.id)
    ).scalar_one()
    whose = _whose(connection, new.account, new.token)
    record(connection, "session.signed_in", whose, {"session": number, "by_way_of": new.way}, at=at)
    return number


def see_session(connection: Connection, number: int, *, at: datetime) -> None:
    """Write that a session is in use, so that it is not taken for a forgotten one.

    The connection is one on which each statement is a transaction: a read holds it already.
    """
    later = (AccountSession.id == number, AccountSession.seen_at < at)
    connection.execute(update(AccountSession).where(*later).values(seen_at=at))


def end_session(engine: Engine, hash_: str, *, at: datetime) -> str | None:
    """End the session of a cookie; return the way it was opened, None when it had ended."""
    mine = AccountSession.hash == hash_
    with unit_of_work(engine) as connection:
        way: str | None = connection.scalar(select(AccountSession.way).where(mine))
        return way if _end(connection, mine, at, "signed out") else None


def end_sessions(
    connection: Connection, account: int, *, at: datetime, but: int | None = None, why: str = "all ended"
) -> int:
    """End the sessions of an account, all or all but one; return how many."""
    whose = AccountSession.account_id == account
    return _end(connection, whose if but is None else whose & (AccountSession.id != but), at, why)


def end_one(connection: Connection, account: int, number: int, *, at: datetime) -> bool:
    """End one session of an account; False when it has none of that number that is open."""
    one = (AccountSession.account_id == account) & (AccountSession.id == number)
    return bool(_end(connection, one, at, "ended from another"))


def refuse_sign_in(engine: Engine, subject: str, why: str, *, at: datetime) -> None:
    """Record that somebody could not sign in; never what they typed."""
    with unit_of_work(engine) as connection:
        record(connection, "session.refused", subject, {"why": why}, at=at)


def _end(connection: Connection, which: ColumnElement[bool], at: datetime, why: str) -> int:
    ending = (
        update(AccountSession)
        .where(which, AccountSession.ended_at.is_(None))
        .values(ended_at=at)
        .returning(AccountSession.id, AccountSession.account_id, AccountSession.token_id)
    )
    ended = connection.execute(ending).all()
    for row in ended:
        whose = _whose(connection, row.account_id, row.token_id)
        record(connection, "session.ended", whose, {"session": row.id, "why": why}, at=at)
    return len(ended)


def _whose(connection: Connection, account: int | None, token: int | None) -> str:
    """Return whose session it is, as the log says it."""
    if account is not None:
        return f"account {connection.scalar(select(Account.name).where(Account.id == account))}"
    name = connection.scalar(select(ApiToken.name).where(ApiToken.id == token))
    return f"token {str(name).partition(': ')[0]}"


def redeem_link(
    engine: Engine, hash_: str, new: NewSession, *, token_lives_to: datetime, at: datetime
) -> int | None:
    """Turn an unused sign-in link into a session of it; None when it is unknown, used or too old.

    Args:
        engine: Where both are kept.
        hash_: Of the link's ticket.
        new: The session: the account's that the link is of, else by the link's row, which from now on may read.
        token_lives_to: How long that row lives at most; revoking its name ends the session sooner.
        at: The clock.
    """
    unused = (
        ApiToken.hash == hash_,
        ApiToken.scopes.contains([SIGN_IN]),
        ApiToken.revoked_at.is_(None),
        ApiToken.expires_at > at,
    )
    # The ticket stands in the browser's history: what it opened must not open with it again.
    used = {"hash": f"used {new.hash_}", "scopes": ["read"], "last_used_at": at, "expires_at": token_lives_to}
    with unit_of_work(engine) as connection:
        found = connection.execute(
            update(ApiToken).where(*unused).values(used).returning(ApiToken.id, ApiToken.account_id)
        ).one_or_none()
        if found is None:
            return None
        number, account = found
        whose = {"token": number} if account is None else {"account": account}
        begin_in(connection, NewSession(new.hash_, new.way, new.ends_at, **whose, agent=new.agent), at=at)
        return int(number)


def link_name(connection: Connection, hash_: str, *, at: datetime) -> str | None:
    """Return whom a sign-in link that could be used is for; None where it could not."""
    query = (
        select(func.coalesce(Account.name, func.split_part(ApiToken.name, ":", 1)))
        .select_from(ApiToken)
        .outerjoin(Account, Account.id == ApiToken.account_id)
        .where(
            ApiToken.hash == hash_,
            ApiToken.scopes.contains([SIGN_IN]),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > at,
            Account.disabled_at.is_(None),
        )
    )
    name: str | None = connection.scalar(query)
    return name


def linked_at(connection: Connection, number: int) -> datetime | None:
    """Return when a session was opened by a one-time link; None where it was not, or where the link is used up.

    A link is used up once a password was set with it.
    """
    query = select(AccountSession.began_at).where(AccountSession.id == number, AccountSession.way == LINK)
    began: datetime | None = connection.scalar(query)
    return began


def knows_password(connection: Connection, number: int) -> None:
    """Write that who is in a session has set the password, so that another one takes this one."""
    by_link = (AccountSession.id == number, AccountSession.way == LINK)
    connection.execute(update(AccountSession).where(*by_link).values(way="password"))
