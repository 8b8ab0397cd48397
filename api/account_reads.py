"""Accounts as pages, the API and the command line show them: never a password's hash."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from model.rights import OFFICE_WIDE, ROLES, SHOWN, Permission
from model.tables import Account, AccountRole


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role an account holds, since when and by whom; `key` None is for everything."""

    role: str
    scope: str
    key: str | None
    given_at: datetime
    given_by: str

    @property
    def shown(self) -> str:
        """How it is called."""
        return SHOWN.get(self.role, self.role)

    @property
    def of(self) -> str:
        """What it is held for."""
        return "everything" if self.key is None else f"{self.scope} {self.key}"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with its roles, in the order they were given."""

    id: int
    name: str
    shown: str
    person: str | None
    by_password: bool
    by_provider: bool
    created_at: datetime
    disabled_at: datetime | None
    last_signed_in_at: datetime | None
    roles: tuple[HeldRole, ...]


def accounts(
    connection: Connection, *, only: int | None = None, among: Collection[int] | None = None
) -> list[AccountRow]:
    """Return all accounts by name, or one, or those of some numbers."""
    among = among if only is None else [only]
    roles = select(
        AccountRole.account_id, AccountRole.role, AccountRole.scope, AccountRole.key, AccountRole.given_at,
        AccountRole.given_by,
    ).order_by(AccountRole.id)  # fmt: skip
    rows = select(
        Account.id, Account.name, Account.shown, Account.person, Account.password_hash.is_not(None),
        Account.subject.is_not(None), Account.created_at, Account.disabled_at, Account.last_signed_in_at,
    ).order_by(Account.name)  # fmt: skip
    if among is not None:
        roles, rows = roles.where(AccountRole.account_id.in_(among)), rows.where(Account.id.in_(among))
    held = defaultdict[int, list[HeldRole]](list)
    for row in connection.execute(roles):
        held[row.account_id].append(HeldRole(row.role, row.scope, row.key, row.given_at, row.given_by))
    return [AccountRow(*row, roles=tuple(held[row[0]])) for row in connection.execute(rows)]


def comes_to(row: AccountRow) -> list[tuple[Permission, list[str]]]:
    """Return each permission that an account's roles give, and for what; an empty list is everything."""
    found = []
    for permission in Permission:
        giving = [each for each in row.roles if permission in ROLES.get(each.role, frozenset())]
        whole = any(each.key is None for each in giving)
        if whole or (giving and permission not in OFFICE_WIDE):
            found.append((permission, [] if whole else sorted({each.of for each in giving})))
    return found
