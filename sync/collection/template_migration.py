"""Open submissions go over to the version that judges today; their answers stay, asked for or not."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from model.collection.roles import SYSTEM
from model.template.template import Template
from sync.collection.heads import heads
from sync.collection.refilling import refill
from sync.collection.templates import Kept, judging, kept


@dataclass(frozen=True, slots=True)
class Migrated:
    """A submission that another version judges from now on. `dropped` are answered fields no longer asked."""

    submission: int
    template: str
    was: str
    is_: str
    dropped: tuple[str, ...]


def migrate_open(
    connection: Connection, *, day: date, now: datetime, template: str | None = None
) -> list[Migrated]:
    """Let the versions of a day judge what is still being answered; of one template or of all.

    What a new version asks is filled in as far as it is known. What was handed in stays with the version it was
    handed in by, until it is returned.
    """
    rows = connection.execute(
        text(
            "SELECT s.id, c.template, s.version, s.state FROM submission s JOIN cycle c ON c.id = s.cycle_id"
            " WHERE c.state <> 'closed' AND s.superseded_by IS NULL"
            " AND s.state IN ('not_started', 'draft', 'returned')"
            " AND (CAST(:template AS text) IS NULL OR c.template = :template) ORDER BY s.id FOR UPDATE OF s"
        ),
        {"template": template},
    ).all()
    judges = {id_: judging(kept(connection, id_), day) for id_ in {row[1] for row in rows}}
    found = []
    for id_, named, was, state in rows:
        judge = judges[named]
        if judge is not None and judge.version != was and _has_state(judge, state):
            found.append(_migrated(connection, id_, was, judge, state, now))
    for named in {each.template for each in found}:
        moved = {each.submission for each in found if each.template == named}
        refill(connection, [each for each in heads(connection) if each.id in moved], now)
    return found


def leftovers(connection: Connection, submission: int, template: Template) -> list[dict[str, Any]]:
    """Return the answers of a submission to fields that its template does not ask (any more): kept and shown."""
    rows = connection.execute(
        text(
            'SELECT DISTINCT ON (record_ref, field) record_ref, field, value, withdrawn, because, "by", at FROM answer'
            " WHERE submission_id = :id AND NOT field = ANY(CAST(:asked AS text[]))"
            " ORDER BY record_ref, field, id DESC"
        ),
        {"id": submission, "asked": [each.rule.id for each in template.fields]},
    )
    return [
        {name: value for name, value in row.items() if name != "withdrawn"}
        for row in rows.mappings()
        if not row["withdrawn"]
    ]


def _has_state(judge: Kept, state: str) -> bool:
    """Say whether a version's own workflow knows the state a submission stands in."""
    workflow = judge.loaded().document.workflow
    return workflow is None or state in workflow.states


def _migrated(connection: Connection, id_: int, was: str, judge: Kept, state: str, now: datetime) -> Migrated:
    left = leftovers(connection, id_, judge.loaded())
    dropped = tuple(dict.fromkeys(each["field"] for each in left))
    because = f"Judged by {judge.label} from now on, before by {was}. All answers are kept"
    if dropped:
        because += f"; no longer asked: {', '.join(dropped)}"
    connection.execute(
        text("UPDATE submission SET version = :version, revision = revision + 1 WHERE id = :id"),
        {"version": judge.version, "id": id_},
    )
    connection.execute(
        text(
            'INSERT INTO submission_move (submission_id, from_state, to_state, at, "by", role, because, door)'
            " VALUES (:id, :state, :state, :now, :by, :by, :because, :by)"
        ),
        {"id": id_, "state": state, "now": now, "by": SYSTEM, "because": because},
    )
    return Migrated(id_, judge.template, was, judge.version, dropped)
