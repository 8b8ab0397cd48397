"""Failures in words an officer can act on; never a traceback, never a secret."""

from typing import Final

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from connectors.errors import ConnectorError
from connectors.stopping import Interrupted
from sync.ledger import ConcurrentPull
from sync.scrubbing import scrubbed

_LOST = (
    "the connection to the database was lost; check that it runs, then run the sync again:"
    " it goes on where it stopped"
)
CUT_OFF: Final = "the run was interrupted; run the sync again: it goes on where it stopped"
_BY_STATE = {
    "53100": "the database's disk is full; free some space, then run the sync again: it goes on where it stopped",
    "53200": "the database is out of memory; run the sync again later: it goes on where it stopped",
    "53300": "the database has no connection left; raise max_connections or stop some workers",
    "57P01": "the database was shut down; start it and run the sync again: it goes on where it stopped",
    "57P02": "the database crashed; when it is back, run the sync again: it goes on where it stopped",
    "57P03": "the database is starting up; try again in a moment",
    "25006": "the database only reads; point MUSTER_DATABASE_URL at the primary",
    "42501": "the database user may not write here; grant it the schema",
}


def in_words(error: BaseException) -> str:
    """Say what went wrong and what to do next, with every secret starred."""
    return scrubbed(_in_words(error))


def _in_words(error: BaseException) -> str:
    if _of_the_queue(error):  # of the queue, around the driver's own error
        error = error.__cause__ or psycopg.OperationalError()
    if isinstance(error, DBAPIError | psycopg.Error):
        return _of_database(error)
    if isinstance(error, Interrupted):
        return CUT_OFF
    if isinstance(error, ConcurrentPull):
        return f"{error}; this run stopped and left it to that one"
    if isinstance(error, ValidationError):
        return "a stored configuration no longer holds; apply the configuration file again"
    if isinstance(error, ConnectorError | ValueError | LookupError) and str(error):
        return str(error)
    return f"an unexpected fault in Muster ({type(error).__name__}); see the log, and please report it"


def is_expected(error: BaseException) -> bool:
    """Whether this can happen without a fault in Muster, so that its words say all there is to say."""
    return (
        isinstance(error, ConnectorError | ConcurrentPull | Interrupted)
        or _of_the_queue(error)
        or _is_lost(error)
    )


def _is_lost(error: BaseException) -> bool:
    lost = isinstance(error, OperationalError | psycopg.OperationalError)
    return lost or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _of_database(error: DBAPIError | psycopg.Error) -> str:
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    if state in _BY_STATE:
        return _BY_STATE[state]
    if _is_lost(error):
        return _LOST
    return f"the database refused a write (SQLSTATE {state}); this is a fault in Muster: please report it"


def _of_the_queue(error: BaseException) -> bool:
    """Whether it is the queue's own wrapping of a lost database; told by name, for a sync needs no queue."""
    return any(
        (each.__module__, each.__name__) == ("procrastinate.exceptions", "ConnectorException")
        for each in type(error).__mro__
    )
