"""One state of the data, for as long as an answer is made of it: begun in one round trip."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine

from api.feed.named import EVERYTHING, SETTING
from api.wire.version import SEEN

_LONGEST_S: Final = 30  # seconds that one statement may take
# A request gets one core: several for one would be taken from the others that ask.
_BEGIN: Final = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    f" SELECT set_config('statement_timeout', '{_LONGEST_S}s', true),"
    " set_config('max_parallel_workers_per_gather', '0', true),"
    f" set_config('{SETTING}', '%s', true), {SEEN}"
)
_ALL: Final = (_BEGIN % EVERYTHING).encode()
_NONE: Final = (_BEGIN % "").encode()


@contextmanager
def reading(
    engine: Engine, *, everything: bool, before: Callable[[Connection], Any] | None = None
) -> Iterator[tuple[Connection, str, Any]]:
    """Give a connection in a transaction that only reads, which state it sees, and what `before` gave.

    Args:
        engine: Where the data are.
        everything: Whether whoever asks may see every project; else none, until `tell` says which.
        before: Asked of the database before the state is settled.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        noted = None if before is None else before(connection)
        driver: Any = connection.connection.driver_connection
        # Written out and not by the library, which takes a round trip for each of the two.
        cursor = driver.execute(_ALL if everything else _NONE, prepare=False)
        cursor.nextset()
        state = str(cursor.fetchone()[-1])
        try:
            yield connection, state, noted
        finally:
            with suppress(psycopg.Error):  # a connection that is lost is found out when it is used next
                driver.execute(b"ROLLBACK", prepare=False)
