"""Views that people keep: saved, listed and thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from sync.audit import record

MOST: Final = 200  # views of one owner
NAME: Final = 120  # characters
ADDRESS: Final = 2000


class ViewRefused(ValueError):
    """A view that cannot be kept; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved view as its reader sees it. `mine` says that they may throw it away."""

    id: int
    name: str
    address: str
    shared: bool
    kept_by: str
    mine: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A view to keep."""

    name: str
    address: str
    shared: bool = False


def views(connection: Connection, owner: str) -> Sequence[Kept]:
    """Return somebody's views and those that others share, by name."""
    rows = connection.execute(
        text(
            "SELECT id, name, address, shared, kept_by, owner = :owner AS mine, created_at FROM saved_view"
            " WHERE owner = :owner OR shared ORDER BY owner <> :owner, lower(name), id"
        ),
        {"owner": owner},
    )
    return [Kept(*row) for row in rows]


def keep(connection: Connection, owner: str, kept_by: str, wanted: Wanted, *, at: datetime) -> None:
    """Keep a view; one of the same name is another address from now on.

    Raises:
        ViewRefused: It has no name or no address of ours, or there are too many.
    """
    name = " ".join(wanted.name.split())
    if not name or len(name) > NAME:
        raise ViewRefused(f"A view needs a name of at most {NAME} characters.")
    if not _ours(wanted.address):
        raise ViewRefused("A view is the address of a page here; open the page and choose “Save this view”.")
    count = connection.execute(
        text("SELECT count(*) FROM saved_view WHERE owner = :owner AND name <> :name"),
        {"owner": owner, "name": name},
    ).scalar_one()
    if count >= MOST:
        raise ViewRefused(f"{MOST} views are kept already; throw one away first.")
    connection.execute(
        text(
            "INSERT INTO saved_view (owner, kept_by, name, address, shared, created_at)"
            " VALUES (:owner, :kept_by, :name, :address, :shared, :at) ON CONFLICT (owner, name)"
            " DO UPDATE SET address = excluded.address, shared = excluded.shared, created_at = excluded.created_at"
        ),
        {
            "owner": owner, "kept_by": kept_by, "name": name, "address": wanted.address,
            "shared": wanted.shared, "at": at,
        },
    )  # fmt: skip
    record(connection, "view.saved", f"view {name}", {"address": wanted.address, "shared": wanted.shared})


def forget(connection: Connection, owner: str, number: int) -> bool:
    """Throw one of somebody's own views away; tell whether there was one."""
    gone = connection.execute(
        text("DELETE FROM saved_view WHERE id = :id AND owner = :owner"), {"id": number, "owner": owner}
    )
    if gone.rowcount:
        record(connection, "view.dropped", f"view {number}")
    return gone.rowcount > 0


def _ours(address: str) -> bool:
    """Tell whether an address stays here: no other host, whatever a browser makes of slashes and controls."""
    plain = address.isprintable() and "\\" not in address and len(address) <= ADDRESS
    return plain and address.startswith("/") and not address.startswith("//")
