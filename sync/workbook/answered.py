"""Writes the copy that answers a returned workbook again, as things stand by now."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, text

from sync.collection.case import Case, open_case
from sync.store import unit_of_work
from sync.workbook.answering import remarks_on
from sync.workbook.conflicts import cells
from sync.workbook.outcome import Outcome
from sync.workbook.sending import Written, write_workbook


class NothingToAnswer(LookupError):
    """There is no such returned workbook, or all of it was simply taken."""


def answered_copy(
    engine: Engine,
    returned: int,
    *,
    by: str,
    now: datetime,
    shown: Callable[[Case], Case] = lambda case: case,
) -> Written:
    """Write a workbook that says on each cell why it was not simply taken; conflicts settled since are left out.

    `shown` gives the submission as whoever asks may see it.

    Raises:
        NothingToAnswer: Nothing is to be said.
    """
    with unit_of_work(engine) as connection:
        found = [cell for cell in cells(connection, returned=returned) if cell.settled is None]
        if not found:
            raise NothingToAnswer(f"there is no returned workbook {returned} with cells to answer")
        case = shown(open_case(connection, found[0].submission, now=now))
        outcomes = [
            Outcome(
                cell.kind, cell.record, cell.field, cell.locator, cell.sent, cell.returned, cell.current, cell.says  # type: ignore[arg-type]
            )
            for cell in reversed(found)  # as they stood in it
        ]  # fmt: skip
        copy = write_workbook(connection, case, by=by, now=now, remarks=remarks_on(case, outcomes))
        connection.execute(
            text("UPDATE workbook_returned SET answered_id = :copy WHERE id = :id"),
            {"copy": copy.id, "id": returned},
        )
        return copy
