"""Views that people keep: saved, listed and thrown away."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy import Connection, text

from sync.audit import record

MOST: Final = 200  # views of one owner
NAME: Final = 120  # characters
ADDRESS: Final = 2000
# What a page is asked for in words: whoever may not see all of what could stand there is not told what does.
_SAID: Final = frozenset({"q", "find", "owner", "person", "who", "manager", "name", "address", "next"})
# Of whole pages by project, by programme, and of what is the office's and no project's.
_OF_PROJECT: Final = "projects"
_OF_OFFICE: Final = frozenset({"policies", "templates", "rollup"})


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


@dataclass(frozen=True, slots=True)
class _Names:
    """What a reader may see by name, and words that would tell of what they may not."""

    projects: frozenset[str]
    programmes: frozenset[str]
    hidden: re.Pattern[str] | None


def views(connection: Connection, owner: str, projects: Collection[str] | None = None) -> Sequence[Kept]:
    """Return somebody's views and those that others share, by name.

    `projects` are the keys of those that the reader may see, None: all. Of others' views they are told none that
    leads to a project or a programme they may not see, or that names one.
    """
    rows = connection.execute(
        text(
            "SELECT id, name, address, shared, kept_by, owner = :owner AS mine, created_at FROM saved_view"
            " WHERE owner = :owner OR shared ORDER BY owner <> :owner, lower(name), id"
        ),
        {"owner": owner},
    )
    found = [Kept(*row) for row in rows]
    if projects is None or all(each.mine for each in found):
        return found
    names = _names(connection, projects)
    return [each for each in found if each.mine or _may_be_told(each, names)]


def keep(connection: Connection, owner: str, kept_by: str, wanted: Wanted, *, at: datetime) -> int:
    """Keep a view, and return its number; one of the same name is another address from now on.

    Raises:
        ViewRefused: It has no name or no address of ours, or there are too many.
    """
    name = _name(wanted.name)
    if not _ours(wanted.address):
        raise ViewRefused("A view is the address of a page here; open the page and choose “Save this view”.")
    count = connection.execute(
        text("SELECT count(*) FROM saved_view WHERE owner = :owner AND name <> :name"),
        {"owner": owner, "name": name},
    ).scalar_one()
    if count >= MOST:
        raise ViewRefused(f"{MOST} views are kept already; throw one away first.")
    number: int = connection.execute(
        text(
            "INSERT INTO saved_view (owner, kept_by, name, address, shared, created_at)"
            " VALUES (:owner, :kept_by, :name, :address, :shared, :at) ON CONFLICT (owner, name)"
            " DO UPDATE SET address = excluded.address, shared = excluded.shared, created_at = excluded.created_at"
            " RETURNING id"
        ),
        {
            "owner": owner, "kept_by": kept_by, "name": name, "address": wanted.address,
            "shared": wanted.shared, "at": at,
        },
    ).scalar_one()  # fmt: skip
    record(connection, "view.saved", f"view {name}", {"address": wanted.address, "shared": wanted.shared})
    return number


def rename(connection: Connection, owner: str, number: int, name: str) -> bool:
    """Call one of somebody's own views otherwise; tell whether there was one.

    Raises:
        ViewRefused: It is no name, or another view of theirs has it.
    """
    name = _name(name)
    taken = connection.scalar(
        text("SELECT id FROM saved_view WHERE owner = :owner AND name = :name AND id <> :id"),
        {"owner": owner, "name": name, "id": number},
    )
    if taken is not None:
        raise ViewRefused(f"Another view of yours is called {name}.")
    was = connection.scalar(
        text("SELECT name FROM saved_view WHERE id = :id AND owner = :owner FOR UPDATE"),
        {"id": number, "owner": owner},
    )
    if was is None:
        return False
    connection.execute(
        text("UPDATE saved_view SET name = :name WHERE id = :id"), {"id": number, "name": name}
    )
    record(connection, "view.saved", f"view {name}", {"was": was})
    return True


def forget(connection: Connection, owner: str, number: int) -> bool:
    """Throw one of somebody's own views away; tell whether there was one."""
    gone = connection.execute(
        text("DELETE FROM saved_view WHERE id = :id AND owner = :owner"), {"id": number, "owner": owner}
    )
    if gone.rowcount:
        record(connection, "view.dropped", f"view {number}")
    return gone.rowcount > 0


def _names(connection: Connection, projects: Collection[str]) -> _Names:
    rows = connection.execute(
        text(
            "SELECT p.key, p.name, p.key = ANY(:seen) AS seen, array(SELECT g.name FROM programme g"
            " WHERE g.id = p.programme_id OR g.id IN (SELECT programme_id FROM programme_project"
            " WHERE project_id = p.id)) AS programmes FROM project p"
        ),
        {"seen": list(projects)},
    ).all()
    programmes = frozenset(name for row in rows if row.seen for name in row.programmes)
    every = connection.scalars(text("SELECT name FROM programme")).all()
    hidden = {word for row in rows if not row.seen for word in (row.key, row.name)} | (
        set(every) - programmes
    )
    told = "|".join(re.escape(word.casefold()) for word in sorted(hidden) if word.strip())
    # A key is a word of its own: MAP is not told by "roadmap".
    pattern = re.compile(rf"(?<!\w)(?:{told})(?!\w)") if told else None
    return _Names(frozenset(projects), programmes, pattern)


def _may_be_told(view: Kept, names: _Names) -> bool:
    """Tell whether a shared view says nothing of what its reader may not see."""
    parts = urlsplit(view.address)
    path = [unquote(part) for part in parts.path.split("/") if part]
    asked = parse_qsl(parts.query, keep_blank_values=True)
    if (
        len(path) > 1
        and path[0] not in _OF_OFFICE
        and not (path[0] == _OF_PROJECT and path[1] in names.projects)
    ):
        return False
    for name, value in asked:
        if not value:
            continue
        if name in _SAID or (name == "programme" and value not in names.programmes):
            return False
        if name in {"project", "key"} and value not in names.projects:
            return False
    said = "\n".join([view.name, *path, *(value for _, value in asked)]).casefold()
    return names.hidden is None or names.hidden.search(said) is None


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not name or len(name) > NAME or "\x00" in name:
        raise ViewRefused(f"A view needs a name of at most {NAME} characters.")
    return name


def _ours(address: str) -> bool:
    """Tell whether an address stays here: no other host, whatever a browser makes of slashes and controls."""
    plain = address.isprintable() and "\\" not in address and len(address) <= ADDRESS
    return plain and address.startswith("/") and not address.startswith("//")
