"""Write the passwords of accounts, as hashes, and who signs in with them."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from model.tables import Account
from sync.accounts import NoSuchAccount
from sync.audit import record
from sync.sessions import end_sessions, knows_password


def set_password(
    connection: Connection, number: int, hash_: str, *, at: datetime, keep: int | None = None
) -> int:
    """Give an account a password and end its other sessions; return how many.

    Args:
        connection: The open unit of work.
        number: Of the account.
        hash_: Of the password.
        at: The clock.
        keep: The session in which it was changed, which goes on.

    Raises:
        NoSuchAccount: There is none of that number.
    """
    given = update(Account).where(Account.id == number).values(password_hash=hash_).returning(Account.name)
    name = connection.execute(given).scalar()
    if name is None:
        raise NoSuchAccount(f"there is no account {number}")
    ended = end_sessions(connection, number, at=at, but=keep)
    if keep is not None:
        knows_password(connection, keep)
    record(connection, "account.password", f"account {name}", {"sessions_ended": ended}, at=at)
    return ended


def renew_hash(connection: Connection, number: int, before: str, hash_: str) -> None:
    """Keep the same password at today's cost, unless it was changed meanwhile."""
    same = (Account.id == number, Account.password_hash == before)
    connection.execute(update(Account).where(*same).values(password_hash=hash_))


def hash_of(connection: Connection, name: str) -> tuple[int, str, str | None] | None:
    """Return an open account's number, what it is shown as and its password's hash; None where there is none."""
    query = select(Account.id, Account.shown, Account.password_hash)
    row = connection.execute(query.where(Account.name == name, Account.disabled_at.is_(None))).one_or_none()
    return None if row is None else (row.id, row.shown, row.password_hash)
