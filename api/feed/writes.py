"""How long what was made of the data stays right: until anything that the feed gives is written.

The state of all data, which `SEEN` tells, is another one after every write, a job's sign of life included. A sequence
that goes up with each statement that writes a row of the feed's tells the writes that matter.

It goes up before its writer has committed. So a number is taken for a version only where nobody was writing once it
had been read, and it was still the same: whoever had counted by then had ended, and what is made from now on holds
all of it. Whoever writes has a lock on the number of their transaction, which no snapshot tells of the newest ones.
"""

import threading
from typing import Final

from sqlalchemy import Engine, text

from api.wire.version import SEEN

_NUMBER: Final = text("SELECT last_value FROM feed_writes")
_QUIET: Final = text(
    f"SELECT {SEEN} AS seen, pg_postmaster_start_time() AS started, (SELECT last_value FROM feed_writes) AS number,"
    " NOT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'transactionid'"
    " AND mode = 'ExclusiveLock' AND datname = current_database()) AS quiet"
)


class Writes:
    """What the state seen last stands for. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, str] = ("", "")

    def version(self, engine: Engine, seen: str) -> str:
        """Return what stays the same until anything of the feed is written; the state itself while somebody writes.

        Args:
            engine: Where the data are.
            seen: The state of all data.
        """
        with self._lock:
            if self._known[0] == seen:
                return self._known[1]
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            before = connection.scalar(_NUMBER)
            now = connection.execute(_QUIET).one()
        if not now.quiet or now.number != before:
            return seen
        version = f"{now.started}/{now.number}"
        with self._lock:
            self._known = (now.seen, version)
        return version
