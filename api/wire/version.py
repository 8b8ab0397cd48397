"""Which state of the data a request sees, and what that state's versions are: each worked out once.

Two transactions for which `pg_current_snapshot()` says the same see the very same rows: nothing was committed
between them. So a state is told by that alone, in microseconds, and the versions of a kind of data, which take
milliseconds to work out, are kept by it.
"""

import threading
from collections import OrderedDict
from typing import Final

from sqlalchemy import Connection, TextClause, text

from api.wire.etag import VERSION, Kind

# A server that was started anew may have been started on a copy of its data, whose numbers begin again.
SEEN: Final = "concat_ws('/', pg_current_snapshot(), pg_postmaster_start_time())"
_MOST: Final = 64


def _statement(kind: Kind) -> TextClause:
    return text(f"SELECT {SEEN} AS seen, {VERSION[kind]} AS version")


_STATEMENTS: Final = {kind: _statement(kind) for kind in VERSION}


class Versions:
    """The versions of the states seen last. Safe among threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Kind, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: Connection, kind: Kind, seen: str) -> str:
        """Return the version of one kind of data in a state, or in the newer one that stands by now.

        Args:
            connection: On which a statement is a transaction.
            kind: Of data.
            seen: The state, as `SEEN` told it.
        """
        with self._lock:
            if (kept := self._kept.get((kind, seen))) is not None:
                return kept
        row = connection.execute(_STATEMENTS[kind]).one()
        self._keep((kind, row.seen), row.version)
        return str(row.version)

    def _keep(self, key: tuple[Kind, str], version: str) -> None:
        with self._lock:
            self._kept[key] = version
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
