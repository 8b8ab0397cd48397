"""The outbox: what somebody is to be told, each thing once. Shown by pages and the API; delivered by push channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from model.collection.roles import PROJECT_ROLES
from sync.collection.heads import SubmissionHead
from sync.collection.people import People, nobody
from sync.store import unit_of_work


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell. `key` makes it once: telling it again does nothing."""

    key: str
    kind: str
    head: SubmissionHead
    role: str
    says: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def tell(connection: Connection, told: Sequence[Told], people: Mapping[UUID, People], now: datetime) -> int:
    """Write events; returns how many were new. A project's role goes to the person its sources name."""
    if not told:
        return 0
    rows = [
        {
            "key": each.key, "kind": each.kind, "at": now, "submission": each.head.id,
            "project": each.head.project_id, "role": each.role,
            "person": people.get(each.head.project_id, nobody()).get(each.role),
            "says": _says(each, people.get(each.head.project_id, nobody())),
            "payload": Jsonb({"project": each.head.project_key, "template": each.head.template,
                              "period": each.head.period, **each.payload}),
        }
        for each in told
    ]  # fmt: skip
    before = connection.scalar(text("SELECT count(*) FROM outbox_event WHERE key = ANY(CAST(:keys AS text[]))"),
                               {"keys": [each.key for each in told]})  # fmt: skip
    connection.execute(
        text(
            "INSERT INTO outbox_event (key, kind, at, submission_id, project_id, role, person, says, payload)"
            " VALUES (:key, :kind, :at, :submission, :project, :role, :person, :says, :payload)"
            " ON CONFLICT (key) DO NOTHING"
        ),
        rows,
    )
    return len({each.key for each in told}) - int(before or 0)


def _says(told: Told, people: People) -> str:
    if told.role in PROJECT_ROLES and people.get(told.role) is None:
        return f"{told.says} (nobody is on record as {told.role} of {told.head.project_key}: tell the office)"
    return told.says


_COLUMNS: Final = (
    "e.id, e.key, e.kind, e.at, e.submission_id, p.key AS project, e.role, e.person, e.says, e.payload,"
    " e.delivered_at"
)


def mark_delivered(engine: Engine, ids: Sequence[int], now: datetime) -> int:
    """Mark events as delivered; returns how many were not yet."""
    with unit_of_work(engine) as connection:
        found = connection.execute(
            text(
                "UPDATE outbox_event SET delivered_at = :now WHERE id = ANY(CAST(:ids AS bigint[]))"
                " AND delivered_at IS NULL"
            ),
            {"ids": list(ids), "now": now},
        )
        return int(found.rowcount)


def events(
    connection: Connection,
    *,
    projects: Sequence[UUID] | None = None,
    submission: int | None = None,
    waiting: bool = False,
    since: datetime | None = None,
    after: int = 0,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """Return events in the order they were written, as documents.

    Args:
        connection: The store.
        projects: Of these only; None: of all, and those of no project.
        submission: Of this one only.
        waiting: Only what was not delivered yet.
        since: Only what came up or was delivered at this instant or later.
        after: The number of the last one seen.
        limit: At most so many.
    """
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM outbox_event e LEFT JOIN project p ON p.id = e.project_id WHERE e.id > :after"
            " AND (CAST(:projects AS uuid[]) IS NULL OR e.project_id = ANY(CAST(:projects AS uuid[])))"
            " AND (CAST(:submission AS bigint) IS NULL OR e.submission_id = :submission)"
            " AND (NOT :waiting OR e.delivered_at IS NULL)"
            " AND (CAST(:since AS timestamptz) IS NULL OR e.at >= :since OR e.delivered_at >= :since)"
            " ORDER BY e.id LIMIT :limit"
        ),
        {
            "projects": None if projects is None else list(projects), "submission": submission,
            "waiting": waiting, "since": since, "after": after, "limit": limit,
        },
    )  # fmt: skip
    return [dict(row) for row in rows.mappings()]


def latest(connection: Connection, submissions: Sequence[int], *, limit: int) -> list[dict[str, Any]]:
    """Return the newest events of some submissions, the newest first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM outbox_event e LEFT JOIN project p ON p.id = e.project_id"
            " WHERE e.submission_id = ANY(CAST(:ids AS bigint[])) ORDER BY e.id DESC LIMIT :limit"
        ),
        {"ids": list(submissions), "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]
