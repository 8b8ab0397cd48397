"""What PostgreSQL or its driver does not do, said in words of the request: nothing of SQL is in them."""

import logging
from typing import Final

import psycopg
from sqlalchemy.exc import CompileError, DBAPIError

from api.odata.problems import Problem, TooComplex, Unsupported
from api.odata.query.statement import Loose

log = logging.getLogger(__name__)

_CANCELLED: Final = "57014"  # by its statement timeout
_DATA: Final = "22"  # the class of values that are none, or too large
_PATTERN: Final = "2201B"
_LIMITS: Final = ("54", "53400")  # the class of its program limits, and its limit of temporary files
_VALUES: Final = "number of parameters must be"  # as the driver says it, which has no state for it
_MEMORY: Final = (
    "invalid memory alloc request size"  # of an internal error, as a pattern that grows too far is one
)
# The driver's own of a value that it got, which has no state.
_BEYOND: Final = (
    "a day or instant here is infinite or of no year from 1 to 9999, or a duration is longer than these; leave it out"
    " by $select"
)
_REFUSED: Final = ("42", "0A", "21")  # the classes of what it takes for no question, or does not do
# Of these classes: rights, tables and columns that are missing are no fault of a request.
_OURS: Final = frozenset({"42501", "42703", "42P01"})
_FROM: Final = "FROM-clause"  # in the message where a table is there and cannot be named in that place


class _TooLong(Problem):
    status = 503
    code = "Timeout"


def refusal(error: Exception) -> Problem | None:
    """Return what a failure means for the request; None where something else than the request is at fault."""
    if isinstance(error, Loose):
        log.error("a mistake of the engine, of which nothing was read: %s", error)
        return Unsupported("this is not answered as it is put together; put it another way")
    if isinstance(error, CompileError):
        return _unsupported("no SQL can be written for it")
    driver = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(driver, psycopg.Error) or getattr(error, "connection_invalidated", False):
        return None
    found = _said(driver, driver.sqlstate or "", str(driver))
    if found is None and _is_gap(driver.sqlstate or "", str(driver)):
        return _unsupported(f"{driver.sqlstate} {driver.diag.message_primary}")
    return found


def _said(driver: psycopg.Error, state: str, says: str) -> Problem | None:
    readings = (
        (state == _CANCELLED, _TooLong("this took too long and was stopped; ask for less at once")),
        (
            state.startswith(_LIMITS) or _VALUES in says,
            TooComplex("the database takes no request of so many parts; ask for less at once"),
        ),
        (
            _MEMORY in says,
            TooComplex("a value or a pattern here grows too large for the database; ask for a smaller one"),
        ),
        (state == _PATTERN, Problem("a pattern is none, or too large")),
        (isinstance(driver, psycopg.DataError) and not state, Problem(_BEYOND)),
        (
            state.startswith(_DATA),
            Problem("a value is too large to be reckoned with, or is none of its type"),
        ),
    )
    return next((problem for fits, problem in readings if fits), None)


def _is_gap(state: str, says: str) -> bool:
    return state.startswith(_REFUSED) and (state not in _OURS or _FROM in says)


def _unsupported(why: str) -> Problem:
    # It is well formed as far as this service can tell, so that it is a gap to be told of.
    log.warning("an OData request that the database refuses: %s", why)
    return Unsupported("the database does not answer this as it is put together; put it another way")


class Failed(Problem):
    """One part of a batch met with a fault of ours."""

    status = 500
    code = "InternalError"
