"""Rows of an answer into records, whatever a row looks like."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from connectors.base import RawRecord

# What taking a JSON value apart raises when it has another shape than its documentation says.
SHAPE_ERRORS: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def each(rows: Any, make: Callable[[Any], RawRecord], what: str) -> Iterator[RawRecord]:
    """Make a record of each row; a row of an unknown shape becomes one that cannot be read, and the rest go on."""
    for place, row in enumerate(rows, 1):
        yield _made(row, make, f"{what} {place} of its page")


def _made(row: Any, make: Callable[[Any], RawRecord], locator: str) -> RawRecord:
    try:
        return make(row)
    except SHAPE_ERRORS as error:
        return unreadable(row, locator, error)


def unreadable(row: Any, locator: str, error: Exception) -> RawRecord:
    """Make the record that says what is odd about a row."""
    missing = f"it has no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
    external_id = str(row.get("id") or "") if isinstance(row, dict) else ""
    payload = row if isinstance(row, dict) else {}
    return RawRecord(
        external_id, payload, locator, unreadable=f"not of the shape that is documented: {missing}"
    )
