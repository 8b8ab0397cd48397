"""Write accounts and the roles they hold. Each change is recorded in the transaction that makes it."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, text, update

from model.rights import ADMINISTRATOR, EVERYTHING, GRANT_SCOPES, OFFICE_ONLY, ROLES
from model.tables import Account, AccountRole, Portfolio, Programme, Project
from sync.audit import NOBODY, record
from sync.sessions import end_sessions

_NAME: Final = re.compile(r"[^\s:/\x00-\x1f]{1,200}")
_MOST: Final = 200  # characters of what is shown, and of a person
_NO_TEXT: Final = frozenset({"Cc", "Cn", "Cs"})  # controls, what is no character, halves of one
_RESERVED: Final = frozenset({NOBODY, "operator"})
_KEYS: Final = {"portfolio": Portfolio.key, "programme": Programme.name, "project": Project.key}


class AccountRefused(ValueError):
    """What cannot be done with an account, and what to do instead."""


class NoSuchAccount(AccountRefused):
    """There is no account of that name or number."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Somebody who is to sign in; `person` is whom of the sources' people they are, None for nobody."""

    name: str
    shown: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for everything, or for a portfolio (by key), a programme (by name) or a project (by key)."""

    role: str
    scope: str = EVERYTHING
    key: str | None = None

    def __str__(self) -> str:
        """Say it as pages and messages do."""
        return self.role if self.key is None else f"{self.role} of {self.scope} {self.key}"


def account_name(typed: str) -> str:
    """Return a name to sign in with as it is kept: lower case, without spaces around it.

    Raises:
        AccountRefused: It cannot be one.
    """
    name = typed.strip().casefold()
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise AccountRefused(
            f"{typed!r} cannot be a name to sign in with: 1 to 200 characters are expected, without spaces, colons"
            " and slashes, such as an e-mail address"
        )
    return name


def add_account(connection: Connection, new: NewAccount, *, at: datetime) -> int:
    """Store an account without roles and return its number.

    Raises:
        AccountRefused: The name is in use or cannot be one, or what is shown or the person holds no text.
    """
    name = account_name(new.name)
    if name in _RESERVED:
        raise AccountRefused(f"{name!r} is what the log calls who is no account: take another name")
    _lock(connection)
    if connection.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise AccountRefused(f"there is an account {name!r} already; `muster account show {name}` shows it")
    shown, person = _line(new.shown) or name, _line(new.person)
    values = {"name": name, "shown": shown, "person": person, "created_at": at}
    number = connection.execute(insert(Account).values(values).returning(Account.id)).scalar_one()
    record(connection, "account.added", f"account {name}", {"shown": shown, "person": person}, at=at)
    return number


def say_person(connection: Connection, number: int, person: str | None, *, at: datetime) -> None:
    """Say whom of the sources' people an account is; None: nobody.

    Raises:
        NoSuchAccount: There is none of that number.
        AccountRefused: The person holds what is no text.
    """
    name, before = _locked(connection, number)[:2]
    person = _line(person)
    connection.execute(update(Account).where(Account.id == number).values(person=person))
    record(connection, "account.person", f"account {name}", {"person": person, "was": before}, at=at)


def give_role(connection: Connection, number: int, grant: Grant, *, by: str, at: datetime) -> bool:
    """Give an account a role; False where it held it already.

    Raises:
        AccountRefused: No such account, role, portfolio, programme or project.
    """
    name = _locked(connection, number)[0]
    _check(connection, grant)
    same = _same(number, grant)
    if connection.scalar(select(AccountRole.id).where(*same)) is not None:
        return False
    values = {"account_id": number, "role": grant.role, "scope": grant.scope, "key": grant.key}
    connection.execute(insert(AccountRole).values({**values, "given_at": at, "given_by": by}))
    record(connection, "account.role_given", f"account {name}", {"role": str(grant)}, at=at)
    return True


def take_role(connection: Connection, number: int, grant: Grant, *, at: datetime) -> bool:
    """Take a role from an account; False where it did not hold it.

    Raises:
        AccountRefused: No such account, or it is the last that may give roles.
    """
    name = _locked(connection, number)[0]
    gone = connection.execute(delete(AccountRole).where(*_same(number, grant))).rowcount
    if not gone:
        return False
    if grant.role == ADMINISTRATOR:
        _one_remains(connection, name)
    record(connection, "account.role_taken", f"account {name}", {"role": str(grant)}, at=at)
    return True


def disable(connection: Connection, number: int, *, at: datetime) -> bool:
    """Shut an account with its sessions and its tokens; False where it was shut.

    Raises:
        AccountRefused: No such account, or it is the last that may give roles.
    """
    name, _, shut = _locked(connection, number)
    if shut is not None:
        return False
    connection.execute(update(Account).where(Account.id == number).values(disabled_at=at))
    if connection.scalar(select(AccountRole.id).where(*_same(number, Grant(ADMINISTRATOR)))) is not None:
        _one_remains(connection, name)
    end_sessions(connection, number, at=at, why="the account was shut")
    record(connection, "account.disabled", f"account {name}", at=at)
    return True


def enable(connection: Connection, number: int, *, at: datetime) -> bool:
    """Open an account again, with the roles it had; False where it was open.

    Raises:
        NoSuchAccount: There is none of that number.
    """
    name, _, shut = _locked(connection, number)
    if shut is None:
        return False
    connection.execute(update(Account).where(Account.id == number).values(disabled_at=None))
    record(connection, "account.enabled", f"account {name}", at=at)
    return True


def number_of(connection: Connection, name: str) -> int:
    """Return the number of an account.

    Raises:
        NoSuchAccount: There is none of that name.
    """
    number = connection.scalar(select(Account.id).where(Account.name == name.strip().casefold()))
    if number is None:
        raise NoSuchAccount(f"there is no account {name!r}; `muster account list` shows them")
    return number


def _lock(connection: Connection) -> None:
    """Let nobody else change accounts meanwhile, so that of two administrators each cannot shut the other."""
    connection.execute(text("LOCK TABLE account_role IN SHARE ROW EXCLUSIVE MODE"))


def _locked(connection: Connection, number: int) -> tuple[str, str | None, datetime | None]:
    _lock(connection)
    columns = select(Account.name, Account.person, Account.disabled_at)
    row = connection.execute(columns.where(Account.id == number)).one_or_none()
    if row is None:
        raise NoSuchAccount(f"there is no account {number}")
    return row.name, row.person, row.disabled_at


def _same(number: int, grant: Grant) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountRole.account_id == number,
        AccountRole.role == grant.role,
        AccountRole.scope == grant.scope,
        AccountRole.key.is_not_distinct_from(grant.key),
    )


def _check(connection: Connection, grant: Grant) -> None:
    if grant.role not in ROLES:
        raise AccountRefused(f"there is no role {grant.role!r}; there are: {', '.join(ROLES)}")
    if grant.scope not in GRANT_SCOPES:
        raise AccountRefused(f"a role is held for {', '.join(GRANT_SCOPES)}, not for {grant.scope!r}")
    if grant.scope == EVERYTHING:
        if grant.key is not None:
            raise AccountRefused("a role for everything is of no portfolio, programme or project")
        return
    if grant.role in OFFICE_ONLY:
        raise AccountRefused(f"{grant.role} is held for everything: what it is for is of the whole office")
    if not grant.key:
        raise AccountRefused(f"say for which {grant.scope}")
    column = _KEYS[grant.scope]
    if connection.scalar(select(func.count()).where(column == grant.key)) == 0:
        known = connection.scalars(select(column).distinct().order_by(column).limit(10)).all()
        raise AccountRefused(
            f"there is no {grant.scope} {grant.key!r}; there are: {', '.join(known) or 'none so far'}"
        )


def _one_remains(connection: Connection, name: str) -> None:
    """Refuse what leaves nobody who could give roles."""
    left = (
        select(func.count())
        .select_from(AccountRole)
        .join(Account, Account.id == AccountRole.account_id)
        .where(
            AccountRole.role == ADMINISTRATOR, AccountRole.scope == EVERYTHING, Account.disabled_at.is_(None)
        )
    )
    if connection.scalar(left) == 0:
        raise AccountRefused(
            f"{name} is the last administrator: make somebody else one first, so that roles can still be given"
        )


def _line(typed: str | None) -> str | None:
    """Return a text as one short line; nothing is None.

    Raises:
        AccountRefused: It holds characters that stand for nothing, and that files and other programs refuse.
    """
    line = " ".join((typed or "").replace("\x00", "").split())
    if any(unicodedata.category(each) in _NO_TEXT for each in line):
        raise AccountRefused(
            f"{line[:_MOST]!r} holds a character that is none: type it anew, letters and spaces only"
        )
    return line[:_MOST] or None
