"""Write API tokens: the one place that does, since only `sync` commits.

A sign-in link is a row of its own with the scope `sign-in`; using it takes that scope away, so that a link works
once (`sync.sessions.redeem_link`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update

from model.tables import ApiToken
from sync.audit import record
from sync.store import unit_of_work

SIGN_IN = "sign-in"  # the scope of a link that was not used yet


class NameTaken(ValueError):
    """A token of that name exists, perhaps revoked."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be stored, by its hash. `person` is whom it speaks for, in `roles`.

    `projects` None means all, unless programmes or portfolios are given: then it is theirs, as they come and go.
    One of an `account` never holds more than that account does.
    """

    name: str
    hash_: str
    scopes: Sequence[str]
    projects: Collection[str] | None
    expires_at: datetime | None
    person: str | None = None
    roles: Sequence[str] = ()
    programmes: Sequence[str] = ()  # by name
    portfolios: Sequence[str] = ()  # by key
    account: int | None = None


def add_token(engine: Engine, new: NewToken, *, at: datetime) -> int:
    """Store a token's hash and return its number.

    Raises:
        NameTaken: The name is in use; names are how tokens are revoked.
    """
    some = new.projects is not None or new.programmes or new.portfolios
    values = {
        "name": new.name,
        "hash": new.hash_,
        "scopes": list(new.scopes),
        "projects": sorted(new.projects or ()) if some else None,
        "programmes": sorted(set(new.programmes)),
        "portfolios": sorted(set(new.portfolios)),
        "account_id": new.account,
        "created_at": at,
        "expires_at": new.expires_at,
        "person": (new.person or "").strip() or None,
        "roles": sorted(set(new.roles)),
    }
    with unit_of_work(engine) as connection:
        spent = delete(ApiToken).where(ApiToken.scopes.contains([SIGN_IN]), ApiToken.expires_at < at)
        connection.execute(spent)
        if connection.scalar(select(ApiToken.id).where(ApiToken.name == new.name)):
            raise NameTaken(f"there is a token named {new.name!r} already; revoke it or choose another name")
        number = connection.execute(insert(ApiToken).values(values).returning(ApiToken.id)).scalar_one()
        link = SIGN_IN in new.scopes
        kept = (
            "scopes",
            "projects",
            "expires_at",
            "person",
            "roles",
            "programmes",
            "portfolios",
            "account_id",
        )
        detail = {} if link else {name: values.get(name) for name in kept}
        whose = new.name.partition(": ")[0] if link else new.name
        record(connection, "token.linked" if link else "token.created", f"token {whose}", detail, at=at)
        return number


def revoke_token(engine: Engine, name: str, at: datetime) -> bool:
    """Make a token, its sessions and its unused links worthless; False when there is none of that name.

    The row stays as a record, under a name that frees the old one.
    """
    return _revoke(engine, ApiToken.name == name, at)


def revoke_number(engine: Engine, number: int, at: datetime) -> bool:
    """Do the same to the token of a number."""
    return _revoke(engine, ApiToken.id == number, at)


def _revoke(engine: Engine, which: ColumnElement[bool], at: datetime) -> bool:
    with unit_of_work(engine) as connection:
        query = select(ApiToken.id, ApiToken.name).where(which, ApiToken.revoked_at.is_(None))
        row = connection.execute(query).one_or_none()
        if row is None:
            return False
        number, name = row
        connection.execute(
            update(ApiToken)
            .where(ApiToken.id == number)
            .values(revoked_at=at, name=f"{name} (revoked {number})")
        )
        links = ApiToken.name.startswith(f"{name}: ", autoescape=True)
        connection.execute(update(ApiToken).where(links, ApiToken.revoked_at.is_(None)).values(revoked_at=at))
        record(connection, "token.revoked", f"token {name}", at=at)
        return True
