"""What the store remembers of workbooks: sent, returned, and the cells that were not simply taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from sync.audit import record
from sync.workbook.outcome import Giver, Outcome, Slot
from sync.workbook.sending import BESIDE, Written

if TYPE_CHECKING:
    from sync.workbook.returned import Taken

_LARGEST_KEPT: Final = 16 * 1024 * 1024  # bytes of a returned file that are kept


@dataclass(frozen=True, slots=True)
class Sent:
    """A workbook that went out, with what stood in it and the rows that were added to it since."""

    id: int
    token: str
    submission_id: int
    template: str
    version: str
    checksum: str
    title: str
    base: Mapping[str, Mapping[str, Any]]
    because: Mapping[str, Mapping[str, str]]  # the reasons that stood in it, by record and field
    said: Mapping[str, Mapping[str, str]] | None  # what stood beside its answers, by row and column
    slots: Mapping[str, Sequence[Slot]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came back: its bytes and their hash, who brought it, and when."""

    file: str
    body: bytes
    sha256: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """The time a file was taken before."""

    id: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Came:
    """A file that came back, and what became of it."""

    id: int
    at: datetime
    by: str
    state: str
    says: str


def returned_for(connection: Connection, submission: int) -> list[Came]:
    """Return the files that came back for a submission, the newest first."""
    rows = connection.execute(
        text(
            "SELECT id, taken_at, taken_by, state, says FROM workbook_returned WHERE submission_id = :id"
            " ORDER BY id DESC LIMIT 50"
        ),
        {"id": submission},
    )
    return [Came(*row) for row in rows]


def sent_by_token(connection: Connection, token: str) -> Sent | None:
    """Find a workbook by what stands hidden in it."""
    row = connection.execute(
        text(
            "SELECT id, token, submission_id, template, version, checksum, title, base, slots FROM workbook_sent"
            " WHERE token = :token"
        ),
        {"token": token},
    ).one_or_none()
    if row is None:
        return None
    slots = {name: [_slot(one) for one in found] for name, found in row.slots.items()}
    beside = row.base.get(BESIDE, {})
    return Sent(
        row.id,
        row.token,
        row.submission_id,
        row.template,
        row.version,
        row.checksum,
        row.title,
        {ref: values for ref, values in row.base.items() if ref != BESIDE},
        beside.get("because", {}),
        beside.get("said"),
        slots,
    )


def _slot(one: Mapping[str, Any]) -> Slot:
    giver = Giver(one["by"], one["file"]) if "by" in one else None
    return Slot(one["ref"], one["values"], giver)


def taken_before(connection: Connection, sent_id: int, digest: str) -> Earlier | None:
    """Find the time the same bytes were taken."""
    row = connection.execute(
        text(
            "SELECT id, taken_at, taken_by FROM workbook_returned WHERE sent_id = :sent AND sha256 = :sha256"
            " AND state = 'taken'"
        ),
        {"sent": sent_id, "sha256": digest},
    ).one_or_none()
    return None if row is None else Earlier(*row)


def is_undecided(connection: Connection, submission: int) -> bool:
    """Say whether a conflict of a submission is open, which holds it back."""
    found = connection.scalar(
        text(
            "SELECT EXISTS (SELECT FROM workbook_cell w JOIN workbook_returned r ON r.id = w.returned_id"
            " WHERE r.submission_id = :id AND w.kind = 'conflict' AND w.settled IS NULL)"
        ),
        {"id": submission},
    )
    return bool(found)


def refuse(connection: Connection, sent: Sent | None, arrival: Arrival, says: str) -> int:
    """Remember a file that was refused; kept whole only where it is known what it is."""
    record(
        connection,
        "workbook.returned",
        f"file {arrival.file}",
        {"state": "refused", "says": says},
        by=arrival.by,
    )
    return _returned(connection, sent, arrival, {"state": "refused", "says": says}, keeps=sent is not None)


def keep(
    connection: Connection,
    sent: Sent,
    arrival: Arrival,
    taken: "Taken",
    *,
    copy: Written | None,
    filled: Mapping[str, Slot],
) -> int:
    """Remember a file that was taken, its cells that were not, and the records its added rows are."""
    outcome = {
        "accepted": [list(each) for each in taken.accepted],
        "untouched": taken.untouched,
        "notes": list(taken.notes),
        "beside": [list(each) for each in taken.beside],
        "copy": None if copy is None else copy.file,
    }
    row = {
        "state": "taken",
        "says": taken.says,
        "outcome": Jsonb(outcome),
        "answered": copy.id if copy else None,
    }
    id_ = _returned(connection, sent, arrival, row, keeps=True)
    _replace_own(connection, id_, [one for one in taken.outcomes if one.kind == "conflict"])
    write_cells(connection, id_, taken.outcomes)
    if filled:
        connection.execute(
            text("UPDATE workbook_sent SET slots = :slots WHERE id = :id"),
            {"slots": Jsonb(_with(sent.slots, filled)), "id": sent.id},
        )
    return id_


def _replace_own(connection: Connection, returned: int, conflicts: Sequence[Outcome]) -> None:
    """Close the open conflicts of these cells that came with the same copy before: the newer ones stand for them."""
    if conflicts:
        connection.execute(
            text(
                "UPDATE workbook_cell w SET settled = 'current', settled_at = new.taken_at, settled_by = new.taken_by"
                " FROM workbook_returned old, workbook_returned new WHERE new.id = :id AND old.id = w.returned_id"
                " AND old.sent_id = new.sent_id AND old.taken_by = new.taken_by AND old.file = new.file"
                " AND w.kind = 'conflict' AND w.settled IS NULL AND w.record_ref = :ref AND w.field = :field"
            ),
            [{"id": returned, "ref": one.ref, "field": one.part} for one in conflicts],
        )


def _with(slots: Mapping[str, Sequence[Slot]], filled: Mapping[str, Slot]) -> dict[str, list[dict[str, Any]]]:
    """Return the slots with what this copy holds in place of what the same one held when it came before."""
    found = {row: list(each) for row, each in slots.items()}
    for row, slot in filled.items():
        others = [
            one
            for one in found.get(row, ())
            if one.giver is None or (one.ref, one.giver) != (slot.ref, slot.giver)
        ]
        found[row] = [*others, slot]
    return {row: [_document(one) for one in each] for row, each in found.items()}


def _document(slot: Slot) -> dict[str, Any]:
    whose = {} if slot.giver is None else {"by": slot.giver.by, "file": slot.giver.file}
    return {"ref": slot.ref, "values": dict(slot.values), **whose}


def write_cells(connection: Connection, returned: int, outcomes: Sequence[Outcome]) -> None:
    """Keep the cells that were not simply taken."""
    if not outcomes:
        return
    connection.execute(
        text(
            "INSERT INTO workbook_cell (returned_id, record_ref, field, kind, locator, sent, returned, current, says)"
            " VALUES (:id, :ref, :field, :kind, :locator, :sent, :returned, :current, :says)"
        ),
        [
            {"id": returned, "ref": one.ref, "field": one.part, "kind": one.kind, "locator": one.locator,
             "sent": Jsonb(one.sent), "returned": Jsonb(one.returned), "current": Jsonb(one.current), "says": one.says}
            for one in outcomes
        ],
    )  # fmt: skip


def _returned(
    connection: Connection, sent: Sent | None, arrival: Arrival, row: Mapping[str, Any], *, keeps: bool
) -> int:
    kept = arrival.body if keeps and len(arrival.body) <= _LARGEST_KEPT else None
    id_ = connection.scalar(
        text(
            "INSERT INTO workbook_returned (sent_id, submission_id, answered_id, file, sha256, body, taken_at,"
            " taken_by, state, says, outcome) VALUES (:sent, :submission, :answered, :file, :sha256,"
            " :body, :at, :by, :state, :says, :outcome) RETURNING id"
        ),
        {
            "sent": sent.id if sent else None, "submission": sent.submission_id if sent else None,
            "file": arrival.file, "sha256": arrival.sha256, "body": kept, "at": arrival.at, "by": arrival.by,
            "answered": None, "outcome": None, **row,
        },
    )  # fmt: skip
    return int(id_ or 0)
