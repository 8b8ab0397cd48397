"""What a run will not decide alone: asked once, answered by name with a reason, done by the next run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from sync.audit import record
from sync.json import dumps
from sync.store import unit_of_work

MASS_LOSS = "mass_loss"
SCOPE_CHANGE = "scope_change"
IMBALANCE = "imbalance"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to put. `subject` tells it from others of its kind; `if_accepted` says what is then done."""

    kind: str
    subject: str
    says: str
    if_accepted: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """A question as it stands; `accepted_by` None while nobody has answered it."""

    id: int
    kind: str
    subject: str
    says: str
    evidence: Mapping[str, Any]
    accepted_by: str | None
    because: str | None


class NoSuchQuestion(LookupError):
    """There is no open question of this number; the message says which there are."""


def ask(connection: Connection, source_id: int, run_id: int, asked: Asked, *, now: datetime) -> int:
    """Put a question, or bring the one that stands up to date; returns its number.

    One that was accepted and is put with other evidence is no longer answered.
    """
    found = connection.scalar(
        text(
            "INSERT INTO question AS q (source_id, run_id, kind, subject, says, if_accepted, evidence, asked_at)"
            " VALUES (:source, :run, :kind, :subject, :says, :if_accepted, CAST(:evidence AS jsonb), :now)"
            " ON CONFLICT (source_id, kind, subject) WHERE settled_at IS NULL DO UPDATE SET"
            " says = excluded.says, if_accepted = excluded.if_accepted, evidence = excluded.evidence,"
            " run_id = excluded.run_id,"
            " asked_at = CASE WHEN q.accepted_at IS NULL THEN q.asked_at ELSE excluded.asked_at END,"
            " accepted_at = CASE WHEN q.evidence = excluded.evidence THEN q.accepted_at END,"
            " accepted_by = CASE WHEN q.evidence = excluded.evidence THEN q.accepted_by END,"
            " because = CASE WHEN q.evidence = excluded.evidence THEN q.because END RETURNING id"
        ),
        {
            "source": source_id,
            "run": run_id,
            "kind": asked.kind,
            "subject": asked.subject,
            "says": asked.says,
            "if_accepted": asked.if_accepted,
            "evidence": dumps(dict(asked.evidence)),
            "now": now,
        },
    )
    return int(found or 0)


def standing(connection: Connection, source_id: int, kind: str) -> dict[str, Standing]:
    """Return a source's questions of one kind that are not settled, by subject."""
    rows = connection.execute(
        text(
            "SELECT id, kind, subject, says, evidence, accepted_by, because FROM question"
            " WHERE source_id = :source AND kind = :kind AND settled_at IS NULL"
        ),
        {"source": source_id, "kind": kind},
    )
    return {row.subject: Standing(*row) for row in rows}


def settle(connection: Connection, question_ids: list[int], *, now: datetime) -> None:
    """Close questions: done as accepted, or no longer so."""
    if question_ids:
        connection.execute(
            text("UPDATE question SET settled_at = :now WHERE id = ANY(CAST(:ids AS bigint[]))"),
            {"now": now, "ids": question_ids},
        )


def accept(engine: Engine, source: str, number: int, *, by: str, because: str, now: datetime) -> str:
    """Answer an open question with yes; returns what the next run then does.

    Raises:
        NoSuchQuestion: With the source's open questions.
        ValueError: A name or a reason is missing.
    """
    by, because = by.strip(), because.strip()
    if not by or not because:
        raise ValueError("say who accepts it and why: both stand beside it from then on")
    with unit_of_work(engine) as connection:
        done = connection.execute(
            text(
                "UPDATE question SET accepted_at = :now, accepted_by = :by, because = :because FROM source"
                " WHERE question.id = :id AND question.settled_at IS NULL AND question.accepted_at IS NULL"
                " AND source.id = question.source_id AND source.name = :source RETURNING question.if_accepted"
            ),
            {"now": now, "by": by, "because": because, "id": number, "source": source},
        ).scalar_one_or_none()
        if done is not None:
            said = {"question": number, "then": str(done), "because": because}
            record(connection, "question.answered", f"source {source}", said, by=by)
            return str(done)
        rows = connection.execute(
            text(
                "SELECT question.id, question.says FROM question JOIN source ON source.id = question.source_id"
                " WHERE source.name = :source AND settled_at IS NULL AND accepted_at IS NULL ORDER BY question.id"
            ),
            {"source": source},
        ).all()
    there = "; ".join(f"{id_}: {says}" for id_, says in rows)
    raise NoSuchQuestion(
        f"{source} has no open question {number}; " + (f"there are: {there}" if there else "none is open")
    )
