"""The steps of a submission as they are written down: the row of the move, and the new state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from model.collection.roles import SYSTEM
from sync.audit import record
from sync.collection.heads import SubmissionHead


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that is taken: to which state, by whom in which role, through which door, and what was said."""

    to: str
    by: str
    role: str
    door: str
    because: str | None = None
    attest: str | None = None


def write_move(connection: Connection, head: SubmissionHead, taken: Taken, now: datetime) -> None:
    """Write that a submission went from its state to another, and who brought it there."""
    connection.execute(
        text(
            'INSERT INTO submission_move (submission_id, from_state, to_state, at, "by", role, because, attest, door)'
            " VALUES (:id, :was, :to, :at, :by, :role, :because, :attest, :door)"
        ),
        {
            "id": head.id, "was": head.state, "to": taken.to, "at": now, "by": taken.by, "role": taken.role,
            "because": (taken.because or "").strip() or None, "attest": taken.attest, "door": taken.door,
        },
    )  # fmt: skip
    if taken.door != SYSTEM:  # what opening a cycle does to each of its submissions is one event: the cycle's
        detail = {"submission": head.id, "of": f"{head.template} {head.period}", "was": head.state, "now": taken.to,
                  "role": taken.role, "because": taken.because, "attest": taken.attest}  # fmt: skip
        record(connection, "submission.moved", f"project {head.project_key}", detail, by=taken.by)


def moves_of(connection: Connection, submissions: Sequence[int]) -> list[dict[str, Any]]:
    """Return the steps that some submissions took, the first first."""
    rows = connection.execute(
        text(
            'SELECT id, submission_id, from_state, to_state, at, "by", role, because, attest, door'
            " FROM submission_move WHERE submission_id = ANY(CAST(:ids AS bigint[])) ORDER BY id"
        ),
        {"ids": list(submissions)},
    )
    return [dict(row) for row in rows.mappings()]
