"""Write the accounts of whoever signs in at an identity provider, and the roles its claims stand for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from model.rights import EVERYTHING
from model.tables import Account, AccountRole
from sync.accounts import AccountRefused, Grant, NewAccount, account_name, add_account, give_role, take_role
from sync.audit import record

PROVIDER: Final = "identity provider"  # who gives the roles that claims stand for
_MOST_TRIES: Final = 1000
_MOST_SHOWN: Final = 200  # characters


class AccountShut(Exception):
    """The account of whoever signed in was shut here."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who signed in at a provider. `roles` are as settings write them; None: leave those they have.

    With a name that `is_sure` they get the account an administrator added under it for them, where it has no
    password and nobody has signed in to it yet.
    """

    issuer: str
    subject: str
    name: str
    shown: str
    roles: Sequence[str] | None = None
    name_is_sure: bool = False  # nobody but the provider's administrators decides it


def account_of(connection: Connection, who: Somebody, *, at: datetime) -> tuple[int, str]:
    """Return the number and the name of an account, made at the first sign-in, with the roles claims stand for now.

    It is found by issuer and subject: a name or an address may be somebody else's by then.

    Raises:
        AccountShut: It was shut.
    """
    shown = "".join(filter(str.isprintable, who.shown))[:_MOST_SHOWN].strip() or who.name.strip()
    who = replace(who, shown=shown)
    mine = (Account.issuer == who.issuer, Account.subject == who.subject)
    query = select(Account.id, Account.name, Account.shown, Account.disabled_at).where(*mine)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        number, name = _awaited(connection, who, at) or _added(connection, who, at)
    elif row.disabled_at is not None:
        record(connection, "session.refused", f"account {row.name}", {"why": "shut"}, at=at)
        raise AccountShut
    else:
        number, name = row.id, row.name
        if row.shown != who.shown:
            connection.execute(update(Account).where(Account.id == number).values(shown=who.shown))
    if who.roles is not None:
        _hold_to(connection, number, {parsed(each) for each in who.roles}, at)
    return number, name


def parsed(text: str) -> Grant:
    """Read a role as settings write it: `reader`, or `project_manager of project PORTAL`.

    Raises:
        AccountRefused: It is none.
    """
    role, _, whose = text.strip().partition(" of ")
    if not whose:
        return Grant(role)
    scope, _, key = whose.strip().partition(" ")
    if not key.strip() or scope == EVERYTHING:
        raise AccountRefused(
            f"{text!r} is no role: expected ROLE, or ROLE of portfolio|programme|project KEY, such as"
            " `project_manager of project PORTAL`"
        )
    return Grant(role, scope, key.strip())


def _awaited(connection: Connection, who: Somebody, at: datetime) -> tuple[int, str] | None:
    """Tie an account that was added for them to whoever signed in; None where none was."""
    if not who.name_is_sure:
        return None
    waiting = (
        Account.name == who.name.strip().casefold(),
        Account.issuer.is_(None),
        Account.password_hash.is_(None),
        Account.disabled_at.is_(None),
        Account.last_signed_in_at.is_(None),  # who came by a link may be somebody else of that name
    )
    tied = update(Account).where(*waiting).values(issuer=who.issuer, subject=who.subject, shown=who.shown)
    row = connection.execute(tied.returning(Account.id, Account.name)).one_or_none()
    if row is None:
        return None
    record(connection, "account.tied", f"account {row.name}", {"issuer": who.issuer}, at=at)
    return row.id, row.name


def _added(connection: Connection, who: Somebody, at: datetime) -> tuple[int, str]:
    """Make an account under a name that nobody has."""
    try:
        wanted = account_name("".join(who.name.split()).replace(":", "-").replace("/", "-"))
    except AccountRefused:
        wanted = account_name(who.subject[:60].replace(":", "-").replace("/", "-"))
    name = wanted
    for number in range(2, _MOST_TRIES):
        if connection.scalar(select(Account.id).where(Account.name == name)) is None:
            break
        name = f"{wanted[:190]}~{number}"
    made = add_account(connection, NewAccount(name, who.shown), at=at)
    held = update(Account).where(Account.id == made).values(issuer=who.issuer, subject=who.subject)
    connection.execute(held)
    return made, name


def _hold_to(connection: Connection, number: int, wanted: set[Grant], at: datetime) -> None:
    """Give what claims stand for and take what they no longer do; what people gave stays."""
    query = select(AccountRole).where(AccountRole.account_id == number, AccountRole.given_by == PROVIDER)
    columns = query.with_only_columns(AccountRole.role, AccountRole.scope, AccountRole.key)
    held = {Grant(*row) for row in connection.execute(columns)}
    for grant in sorted(wanted - held, key=str):
        try:
            give_role(connection, number, grant, by=PROVIDER, at=at)
        except AccountRefused:
            continue  # of a project that is not here yet; the next sign-in tries again
    for grant in sorted(held - wanted, key=str):
        with connection.begin_nested() as step:
            try:
                take_role(connection, number, grant, at=at)
            except AccountRefused:
                step.rollback()  # the last administrator stays one
