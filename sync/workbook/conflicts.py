"""Cells that two people changed: kept until somebody says which value counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from model.collection.roles import Actor
from sync.collection.answers import Change, give_answers, may_answer
from sync.collection.case import open_case
from sync.collection.refused import Refused
from sync.store import unit_of_work
from sync.workbook.cells import Part

_COLUMNS: Final = (
    "w.id, r.submission_id, s.project_id, p.key, c.template, c.period, w.record_ref, w.field, w.kind, w.locator,"
    " w.sent, w.returned, w.current, w.says, r.taken_at, r.taken_by, w.settled, w.settled_at, w.settled_by"
)


@dataclass(frozen=True, slots=True)
class ReturnedCell:
    """A returned cell that was not simply taken; a conflict is open while `settled` is None."""

    id: int
    submission: int
    project_id: UUID
    project: str
    template: str
    period: str
    record: str
    field: str
    kind: str
    locator: str
    sent: Any
    returned: Any
    current: Any
    says: str
    at: datetime
    by: str
    settled: str | None
    settled_at: datetime | None
    settled_by: str | None


class NoSuchCell(LookupError):
    """There is no such cell, or nothing is to be settled about it."""


def cells(
    connection: Connection,
    *,
    submission: int | None = None,
    returned: int | None = None,
    open_only: bool = False,
    projects: Sequence[UUID] | None = None,
) -> list[ReturnedCell]:
    """Return cells, the newest first; with `open_only` the conflicts that nobody has settled."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM workbook_cell w JOIN workbook_returned r ON r.id = w.returned_id"
            " JOIN submission s ON s.id = r.submission_id JOIN cycle c ON c.id = s.cycle_id"
            " JOIN project p ON p.id = s.project_id"
            " WHERE (CAST(:submission AS bigint) IS NULL OR r.submission_id = :submission)"
            " AND (CAST(:returned AS bigint) IS NULL OR w.returned_id = :returned)"
            " AND (NOT :open OR (w.kind = 'conflict' AND w.settled IS NULL))"
            " AND (CAST(:projects AS uuid[]) IS NULL OR s.project_id = ANY(CAST(:projects AS uuid[])))"
            " ORDER BY w.id DESC LIMIT 2000"
        ),
        {"submission": submission, "returned": returned, "open": open_only,
         "projects": None if projects is None else list(projects)},
    )  # fmt: skip
    return [ReturnedCell(*row) for row in rows]


def cell_of(connection: Connection, number: int) -> ReturnedCell:
    """Return one conflict.

    Raises:
        NoSuchCell: There is none, or the cell was rejected for what it is: nothing about it is to be decided.
    """
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM workbook_cell w JOIN workbook_returned r ON r.id = w.returned_id"
            " JOIN submission s ON s.id = r.submission_id JOIN cycle c ON c.id = s.cycle_id"
            " JOIN project p ON p.id = s.project_id WHERE w.id = :id"
        ),
        {"id": number},
    ).one_or_none()
    if row is None or row.kind != "conflict":
        raise NoSuchCell(f"there is no conflict {number}; `muster workbook conflicts` lists those there are")
    return ReturnedCell(*row)


def settle(
    engine: Engine,
    number: int,
    keep: Literal["returned", "current"],
    *,
    actor: Actor,
    because: str | None = None,
    now: datetime,
) -> ReturnedCell:
    """Let one of the two values count: the returned one becomes the newest answer, the current one just stays.

    Raises:
        NoSuchCell: There is no such conflict.
        Refused: It is settled already, the actor may not, or answers are not taken any more.
    """
    with engine.connect() as connection:
        cell = cell_of(connection, number)
        if cell.settled is not None:
            raise Refused(
                f"conflict {number} was settled already by {cell.settled_by}: the {cell.settled} value counts"
            )
        case = open_case(connection, cell.submission, now=now)
        may_answer(case, actor)
        record = case.record(cell.record)
    if keep == "returned":
        part = Part.of(cell.field)
        value = cell.returned
        if part.month:
            stands = record.shown().get(part.field) if record else None
            value = {**(stands if isinstance(stands, Mapping) else {}), part.month: value}
        change = Change(cell.record, part.field, value, because, cell.locator)
        give_answers(engine, cell.submission, [change], actor=actor, door="workbook", revision=None, now=now)
    with unit_of_work(engine) as connection:
        connection.execute(
            text(
                "UPDATE workbook_cell SET settled = :keep, settled_at = :at, settled_by = :by WHERE id = :id"
            ),
            {"keep": keep, "at": now, "by": actor.name, "id": number},
        )
        return cell_of(connection, number)
