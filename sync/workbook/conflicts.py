"""Cells that two people changed: kept until somebody says which value counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from model.collection.roles import Actor
from model.template.result import Finding
from sync.audit import record
from sync.collection.answers import Change, give_answers, may_answer
from sync.collection.case import Case, SubmissionHead, open_case
from sync.collection.refused import Held, NotOpen, Refused, Stale
from sync.store import unit_of_work
from sync.workbook.book import WHY
from sync.workbook.cells import Part

_TRIES: Final = 5
_COLUMNS: Final = (
    "w.id, r.submission_id, s.project_id, p.key, c.template, c.period, w.record_ref, w.field, w.kind, w.locator,"
    " w.sent, w.returned, w.current, w.says, r.taken_at, r.taken_by, w.settled, w.settled_at, w.settled_by"
)
_NOW: Final = (
    "a.id AS answer, a.value AS answered, a.withdrawn, a.because, a.by AS answered_by, a.at AS answered_at,"
    " f.value AS filled, r.outcome -> 'beside' AS beside"
)
_FROM: Final = (
    " FROM workbook_cell w JOIN workbook_returned r ON r.id = w.returned_id"
    " JOIN submission s ON s.id = r.submission_id JOIN cycle c ON c.id = s.cycle_id"
    " JOIN project p ON p.id = s.project_id"
    ' LEFT JOIN LATERAL (SELECT id, value, withdrawn, because, "by", at FROM answer'
    "  WHERE submission_id = r.submission_id AND record_ref = w.record_ref"
    "  AND field = split_part(split_part(w.field, '~', 1), '@', 1) ORDER BY id DESC LIMIT 1) a ON true"
    " LEFT JOIN prefill f ON f.submission_id = r.submission_id AND f.record_ref = w.record_ref"
    "  AND f.field = split_part(split_part(w.field, '~', 1), '@', 1)"
)


@dataclass(frozen=True, slots=True)
class ReturnedCell:
    """A returned cell that was not simply taken; a conflict is open while `settled` is None.

    `current` stood there when it came back, `now` stands there by now: by the answer of that number, 0 where it was
    filled in. `reason` came with the returned value.
    """

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
    now: Any
    answer: int
    now_by: str | None
    now_at: datetime | None
    reason: str | None


class NoSuchCell(LookupError):
    """There is no such cell, or nothing is to be settled about it."""


def cells(
    connection: Connection,
    *,
    submission: int | None = None,
    returned: int | None = None,
    open_only: bool = False,
    since: datetime | None = None,
    projects: Sequence[UUID] | None = None,
    page: tuple[int | None, int] = (None, 2000),
) -> list[ReturnedCell]:
    """Return cells, the newest first; with `open_only` the conflicts that nobody has settled.

    With `since` it is all conflicts of which something came at that instant or later, the settled ones too.
    `page` is the number to go on after, and how many at most.
    """
    after, most = page
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS}, {_NOW}{_FROM}"
            " WHERE (CAST(:submission AS bigint) IS NULL OR r.submission_id = :submission)"
            " AND (CAST(:returned AS bigint) IS NULL OR w.returned_id = :returned)"
            " AND (NOT :open OR (w.kind = 'conflict'"
            "  AND (w.settled IS NULL OR CAST(:since AS timestamptz) IS NOT NULL)))"
            " AND (CAST(:since AS timestamptz) IS NULL OR r.taken_at >= :since OR w.settled_at >= :since"
            "  OR a.at >= :since)"
            " AND (CAST(:projects AS uuid[]) IS NULL OR s.project_id = ANY(CAST(:projects AS uuid[])))"
            " AND (CAST(:after AS bigint) IS NULL OR w.id < :after)"
            " ORDER BY w.id DESC LIMIT :most"
        ),
        {"submission": submission, "returned": returned, "open": open_only, "since": since,
         "projects": None if projects is None else list(projects), "after": after, "most": most},
    )  # fmt: skip
    return [_cell(row) for row in rows]


def cell_of(connection: Connection, number: int) -> ReturnedCell:
    """Return one conflict.

    Raises:
        NoSuchCell: There is none, or the cell was rejected for what it is: nothing about it is to be decided.
    """
    row = connection.execute(
        text(f"SELECT {_COLUMNS}, {_NOW}{_FROM} WHERE w.id = :id"),
        {"id": number},
    ).one_or_none()
    if row is None or row.kind != "conflict":
        raise no_such(number)
    return _cell(row)


def no_such(number: int) -> NoSuchCell:
    """Say that there is no conflict of a number."""
    return NoSuchCell(f"there is no conflict {number}; `muster workbook conflicts` lists those there are")


def _cell(row: Row[Any]) -> ReturnedCell:
    told, name = row[: _COLUMNS.count(",") + 1], row.field
    stands = row.answer is not None and not row.withdrawn
    if name.endswith(WHY):
        now = row.because if stands else None
    else:
        part, whole = Part.of(name), row.answered if stands else row.filled
        now = part.value({part.field: whole})
    cell = (row.record_ref, name)
    reason = next((text for ref, part, text in row.beside or () if (ref, part) == cell), None)
    stated: tuple[Any, ...] = (now, row.answer or 0, row.answered_by, row.answered_at, reason)
    return ReturnedCell(*told, *stated)


def refuse_undecided(connection: Connection, head: SubmissionHead) -> None:
    """Let a submission pass only when nobody is left to say which of two values counts.

    Raises:
        Held: With the cells that were changed twice.
    """
    undecided = cells(connection, submission=head.id, open_only=True)
    if undecided:
        found = [(cell.record, Finding(Part.of(cell.field.partition("~")[0]).field, "invalid", "block", _twice(cell)))
                 for cell in reversed(undecided)]  # fmt: skip
        said = "; ".join(f"{f'{ref} ' if ref else ''}{one.field}: {one.says}" for ref, one in found)
        raise Held(f"{head.project_key} {head.period} cannot be submitted: {said}", found)


def _twice(cell: ReturnedCell) -> str:
    what = "the reason was" if cell.field.endswith(WHY) else "was"
    return (
        f"{what} changed twice: {cell.by} gave {cell.returned!r} in a workbook, and {cell.now!r} stands; say which "
        f"counts (conflict {cell.id})"
    )


def settle(
    engine: Engine,
    number: int,
    keep: Literal["returned", "current"],
    *,
    actor: Actor,
    because: str | None = None,
    seen: int | None = None,
    now: datetime,
) -> ReturnedCell:
    """Let one of the two values count: the returned one becomes the newest answer, the current one just stays.

    Args:
        engine: The store.
        number: Of the conflict.
        keep: Which value counts. What stands may be kept when answers are not taken any more, too.
        actor: Who says so.
        because: Why; the reason that came with the returned value, where none is given.
        seen: The number of the answer (`ReturnedCell.answer`) that was shown as what stands; None: what stood there
            when the workbook came back.
        now: The clock.

    Raises:
        NoSuchCell: There is no such conflict.
        Refused: It is settled already, what stands was changed since it was shown, the actor may not, or answers are
            not taken any more.
    """
    for _ in range(_TRIES):
        try:
            return _settle(engine, number, keep, actor, because, seen, now)
        except Stale:
            continue
    raise Refused(f"conflict {number}: others are answering at this moment; try again")


def _settle(
    engine: Engine,
    number: int,
    keep: Literal["returned", "current"],
    actor: Actor,
    because: str | None,
    seen: int | None,
    now: datetime,
) -> ReturnedCell:
    """Settle it in one transaction: whoever comes second waits for the first, and is then told."""
    with unit_of_work(engine) as connection:
        cell_of(connection, number)
        claimed = connection.execute(
            text(
                "UPDATE workbook_cell SET settled = :keep, settled_at = :at, settled_by = :by"
                " WHERE id = :id AND settled IS NULL"
            ),
            {"keep": keep, "at": now, "by": actor.name, "id": number},
        )
        cell = cell_of(connection, number)
        if not claimed.rowcount:
            raise Refused(
                f"conflict {number} was settled already by {cell.settled_by}: the {cell.settled} value counts"
            )
        case = open_case(connection, cell.submission, now=now)
        try:
            may_answer(case, actor)
        except NotOpen:
            if keep == "returned":
                raise
        _refuse_unseen(cell, seen)
        if keep == "returned":
            give_answers(
                engine, cell.submission, [_change(cell, case, because)], actor=actor, door="workbook",
                revision=case.submission.revision, now=now,
            )  # fmt: skip
        detail = {
            "cell": number,
            "record": cell.record,
            "field": cell.field,
            "keep": keep,
            "because": because,
        }
        record(
            connection, "workbook.settled", f"project {case.submission.project_key}", detail, by=actor.name
        )
        return cell_of(connection, number)


def _refuse_unseen(cell: ReturnedCell, seen: int | None) -> None:
    """Refuse to decide between two values when a third stands there that the decider never saw.

    Raises:
        Refused: With what stands.
    """
    if seen == cell.answer or (seen is None and cell.now == cell.current):
        return
    by = f" by {cell.now_by} ({cell.now_at:%Y-%m-%d %H:%M} UTC)" if cell.now_by and cell.now_at else ""
    raise Refused(
        f"conflict {cell.id}: what stands was changed since{by} and is {cell.now!r} now; look again, and settle it "
        f"with answer {cell.answer} as the one you saw"
    )


def _change(cell: ReturnedCell, case: Case, because: str | None) -> Change:
    """Return the answer that the returned value becomes."""
    record = case.record(cell.record)
    part = Part.of(cell.field.removesuffix(WHY))
    if cell.field.endswith(WHY):
        given = record.answers.get(part.field) if record else None
        if given is None:
            raise Refused(f"conflict {cell.id}: the answer that the reason was for was taken back")
        return Change(cell.record, part.field, given.value, cell.returned, cell.locator)
    value = cell.returned
    if part.month:
        stands = record.shown().get(part.field) if record else None
        value = {**(stands if isinstance(stands, Mapping) else {}), part.month: value}
    return Change(cell.record, part.field, value, because or cell.reason, cell.locator)
