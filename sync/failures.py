"""Failures in words an officer can act on; never a traceback, never a secret."""

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from connectors.errors import ConnectorError
from sync.land import ConcurrentPull

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
    """Say what went wrong and what to do next."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, ConcurrentPull):
        return f"{error}; this run stopped and left it to that one"
    if isinstance(error, ValidationError):
        return "a stored configuration no longer holds; apply the configuration file again"
    if isinstance(error, ConnectorError | ValueError | LookupError) and str(error):
        return str(error)
    return f"an unexpected fault in Muster ({type(error).__name__}); see the log, and please report it"


def _of_database(error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    if state in _BY_STATE:
        return _BY_STATE[state]
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return (
            "the connection to the database was lost; check that it runs, then run the sync again:"
            " it goes on where it stopped"
        )
    return f"the database refused a write (SQLSTATE {state}); this is a fault in Muster: please report it"
