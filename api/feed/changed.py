"""How the feed's sets tell what changed, by the stamp that the database puts on each row it writes."""

import hashlib
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Select, column, func, select, table

from api.odata.edm import Changes

_SESSIONS: Final = table(
    "pg_stat_activity", column("xact_start"), column("datname"), column("backend_type"), column("pid")
)


def changed_from() -> Select[Any]:
    """Return the instant from which on to ask next time: what is committed later is stamped with it or after it.

    A row is stamped with the beginning of its transaction. So it is the beginning of the oldest one that is still
    under way in this database, or of this one.
    """
    mine = func.pg_backend_pid()
    return select(func.least(func.now(), func.min(_SESSIONS.c.xact_start))).where(
        _SESSIONS.c.datname == func.current_database(),
        _SESSIONS.c.backend_type == "client backend",
        _SESSIONS.c.pid != mine,
    )


def marked(connection: Connection) -> datetime:
    """Return that instant, for what is read next on a connection; its transaction ends with this.

    Whoever writes meanwhile and commits before the reading begins is no longer under way by then: read in the same
    transaction, the instant would be behind their rows, which that transaction does not see.
    """
    found: datetime = connection.execute(changed_from()).scalar_one()
    connection.rollback()
    return found


def _mark() -> ColumnElement[Any]:
    return changed_from().scalar_subquery()


def _rights(visible: Any) -> str:
    if visible is None:
        return ""
    return hashlib.sha256("\n".join(sorted(map(str, visible))).encode()).hexdigest()[:16]


def changes(*, gone: str | None, removed: FromClause | None = None, together: bool = False) -> Changes:
    """Return how a set with `ChangedAt` tells what changed.

    `gone` is the column that marks what is no more, `removed` are the rows of a set that does not keep them, and
    with `together` `ChangedAt` is that of what a row belongs to.
    """
    return Changes("ChangedAt", _mark, removed=removed, gone=gone, together=together, rights=_rights)
