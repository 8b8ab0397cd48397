"""Drift: what of a source is no longer as its mapping was made for, told before its records go wrong."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from sync import audit
from sync.json import dumps
from sync.shape import Difference, accepted
from sync.store import unit_of_work

OF_SHAPE: Final = ("new", "gone", "changed", "unknown_type")
EXAMPLE: Final = "example"
UNMAPPED: Final = "unmapped"
MISFIT: Final = "misfit"


@dataclass(frozen=True, slots=True)
class Open:
    """One line of what has drifted. `resolved_by` None with `resolved_at`: it went by itself."""

    id: int
    source: str
    kind: str
    subject: str
    was: str | None
    now: str | None
    says: str
    todo: str
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    resolved_by: str | None


def record(
    connection: Connection,
    source_id: int,
    run_id: int | None,
    found: Sequence[Difference],
    *,
    kinds: Collection[str],
    now: datetime,
) -> None:
    """Open what is new, remember that the rest is still so, and close what of `kinds` is no longer so."""
    if found:
        connection.execute(
            text(
                "INSERT INTO drift AS t (source_id, kind, subject, was, now, says, todo, first_seen, last_seen, run_id)"
                " VALUES (:source, :kind, :subject, :was, :is, :says, :todo, :now, :now, :run)"
                " ON CONFLICT (source_id, kind, subject) WHERE resolved_at IS NULL DO UPDATE SET"
                " was = excluded.was, now = excluded.now, says = excluded.says, todo = excluded.todo,"
                " last_seen = excluded.last_seen"
            ),
            [
                {"source": source_id, "kind": each.kind, "subject": each.subject, "was": each.was, "is": each.now,
                 "says": each.says, "todo": each.todo, "now": now, "run": run_id}
                for each in found
            ],
        )  # fmt: skip
    connection.execute(
        text(
            "UPDATE drift SET resolved_at = :now WHERE source_id = :source AND resolved_at IS NULL"
            " AND kind = ANY(:kinds) AND kind || ' ' || subject <> ALL(:still)"
        ),
        {"now": now, "source": source_id, "kinds": list(kinds),
         "still": [f"{each.kind} {each.subject}" for each in found]},
    )  # fmt: skip


def drifted(connection: Connection, source: str | None = None, *, resolved: bool = False) -> list[Open]:
    """List what has drifted, oldest first; of all sources, or of one."""
    rows = connection.execute(
        text(
            "SELECT d.id, s.name, d.kind, d.subject, d.was, d.now, d.says, d.todo, d.first_seen, d.last_seen,"
            " d.resolved_at, d.resolved_by FROM drift d JOIN source s ON s.id = d.source_id"
            " WHERE (CAST(:source AS text) IS NULL OR s.name = :source) AND (:resolved OR d.resolved_at IS NULL)"
            " ORDER BY s.position, d.first_seen, d.id"
        ),
        {"source": source, "resolved": resolved},
    )
    return [Open(*row) for row in rows]


def accept(engine: Engine, source: str, numbers: Iterable[int], *, by: str, now: datetime) -> list[Open]:
    """Take what has drifted for how it is from now on; returns what was accepted.

    Raises:
        LookupError: A number that is not among what is open.
    """
    wanted = list(numbers)
    with unit_of_work(engine) as connection:
        standing = {each.id: each for each in drifted(connection, source)}
        if missing := [number for number in wanted if number not in standing]:
            raise LookupError(
                f"{source} has no open drift {', '.join(map(str, missing))}; see `muster drift {source}`"
            )
        chosen = [standing[number] for number in (wanted or standing)]
        take_over(connection, source, [each.subject for each in chosen if each.kind in OF_SHAPE])
        connection.execute(
            text(
                "UPDATE drift SET resolved_at = :now, resolved_by = :by WHERE id = ANY(CAST(:ids AS bigint[]))"
            ),
            {"now": now, "by": by, "ids": [each.id for each in chosen]},
        )
        said = {"accepted": [each.says for each in chosen]}
        audit.record(connection, "drift.accepted", f"source {source}", said, by=by)
        return chosen


def take_over(connection: Connection, source: str, subjects: Iterable[str]) -> None:
    """Make subjects of the seen shape part of the accepted one."""
    row = connection.execute(
        text(
            "SELECT h.source_id, h.accepted, h.seen FROM source_shape h JOIN source s ON s.id = h.source_id"
            " WHERE s.name = :name FOR UPDATE OF h"
        ),
        {"name": source},
    ).one_or_none()
    if row is None:
        return
    shape: dict[str, Any] = row.accepted
    for subject in subjects:
        shape = accepted(shape, row.seen, subject)
    connection.execute(
        text("UPDATE source_shape SET accepted = CAST(:shape AS jsonb) WHERE source_id = :id"),
        {"shape": dumps(shape), "id": row.source_id},
    )
