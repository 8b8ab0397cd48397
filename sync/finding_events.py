"""What people are to be told about findings: events in the outbox, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from sync.json import dumps


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell a person, or (None) whoever holds a role. `key` makes it once."""

    key: str
    kind: str  # finding_back, dispute_raised, dispute_answered
    project_id: UUID
    role: str
    person: str | None
    says: str
    about: int  # the finding's or the dispute's number


def notify(connection: Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Put notices into the outbox; one that is there already stays as it is."""
    if notices:
        connection.execute(
            text(
                "INSERT INTO outbox_event (key, kind, at, project_id, role, person, says, payload)"
                " VALUES (:key, :kind, :at, :project, :role, :person, :says, CAST(:payload AS jsonb))"
                " ON CONFLICT (key) DO NOTHING"
            ),
            [
                {
                    "key": each.key, "kind": each.kind, "at": now, "project": each.project_id,
                    "role": each.role, "person": each.person, "says": each.says,
                    "payload": dumps({"number": each.about}),
                }
                for each in notices
            ],
        )  # fmt: skip
