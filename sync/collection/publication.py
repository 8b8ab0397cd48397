"""Publication: a submission frozen as one document with its hash; withdrawn only while nothing newer exists."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from model.collection.cases import COMPUTED, RecordCase
from sync.collection.case import Case
from sync.collection.heads import SubmissionHead
from sync.collection.moves import moves_of
from sync.collection.refused import NotOpen
from sync.json import dump_bytes, instant_text


def freeze(connection: Connection, case: Case, *, by: str, now: datetime) -> tuple[dict[str, Any], str]:
    """Return a submission as one document, and the SHA-256 of it.

    Every value has its receipt: the source it was filled in from, or who answered when and why. What was
    filled in stays beside what a person put in its place.
    """
    head = case.submission
    document = {
        "template": head.template,
        "version": head.version,
        "project": head.project_key,
        "period": head.period,
        "period_end": head.period_end.isoformat(),
        "as_of": case.as_of.isoformat(),
        "submission": head.id,
        "late": head.late,
        "records": [_record(case, record) for record in case.records],
        "judgement": case.judge().to_json(),
        "moves": [
            {
                name: instant_text(value) if name == "at" else value
                for name, value in each.items()
                if name not in ("id", "submission_id")
            }
            for each in moves_of(connection, [head.id])
        ],
        "published_by": by,
        "published_at": instant_text(now),
    }
    return document, hash_of(document)


def hash_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a frozen document: of its JSON with sorted keys and no spaces, in UTF-8."""
    return hashlib.sha256(dump_bytes(document, canonical=True)).hexdigest()


def _record(case: Case, record: RecordCase) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for rule in (field.rule for field in case.template.fields):
        filled, given = record.filled.get(rule.id), record.answers.get(rule.id)
        computed = record.computed.get(rule.id)
        if filled is None and given is None:
            if computed is not None:
                values[rule.id] = {"value": computed.value, "from": COMPUTED}
            continue
        values[rule.id] = {
            "value": given.value if given else filled.value if filled else None,
            "from": "answer" if given else "filled",
            **(
                {}
                if filled is None
                else {"filled": {"value": filled.value, "source": filled.source, "locator": filled.locator,
                                 "url": filled.url, "age_days": filled.age_days}}
            ),
            **(
                {}
                if given is None
                else {"answer": {"by": given.by, "at": instant_text(given.at), "because": given.because,
                                 "door": given.door, "locator": given.locator}}
            ),
        }  # fmt: skip
    return {"ref": record.ref, "values": values}


def refuse_newer(connection: Connection, head: SubmissionHead) -> None:
    """Let a publication be withdrawn only while the project published nothing newer by this template.

    Raises:
        NotOpen: With what is newer.
    """
    newer = connection.execute(
        text(
            "SELECT c.period FROM submission s JOIN cycle c ON c.id = s.cycle_id WHERE s.project_id = :project"
            " AND c.template = :template AND s.published_at IS NOT NULL AND s.withdrawn_at IS NULL"
            " AND c.period_end > :period_end ORDER BY c.period_end"
        ),
        {"project": head.project_id, "template": head.template, "period_end": head.period_end},
    ).scalars()
    if found := list(newer):
        raise NotOpen(
            f"{head.project_key} {head.template} {head.period} cannot be withdrawn: {', '.join(found)} was published"
            " after it; correct it there",
            head,
        )


_PREFILL: Final = "record_ref, field, value, source, locator, url, age_days, filled_at"
_ANSWER: Final = 'record_ref, field, value, withdrawn, because, "by", at, door, locator'
_BEGIN_ANEW: Final = tuple(
    text(statement)
    for statement in (
        (
            f"INSERT INTO prefill (submission_id, {_PREFILL}) SELECT :made, {_PREFILL} FROM prefill"
            " WHERE submission_id = :id"
        ),
        (
            f"INSERT INTO answer (submission_id, {_ANSWER}) SELECT :made, {_ANSWER} FROM answer"
            " WHERE submission_id = :id ORDER BY id"
        ),
        (
            'INSERT INTO submission_move (submission_id, from_state, to_state, at, "by", role, because, door)'
            " VALUES (:made, 'not_started', 'draft', :now, :by, 'system', :because, 'system')"
        ),
        (
            "UPDATE cycle SET state = 'open', opened_at = :now, closed_at = NULL, closed_by = NULL"
            " WHERE id = :cycle AND state = 'closed'"
        ),
    )
)


def reopen(connection: Connection, case: Case, *, by: str, because: str | None, now: datetime) -> int:
    """Begin a withdrawn submission anew, with all that it held; returns the new one's number.

    The old one stays as it was published and points to the new one.
    """
    head = case.submission
    # Only one submission of a project and cycle may stand: for a moment the old one points to itself.
    connection.execute(text("UPDATE submission SET superseded_by = id WHERE id = :id"), {"id": head.id})
    made: int = connection.execute(
        text(
            "INSERT INTO submission (cycle_id, project_id, version, state, opened_at, context, first_submitted_at,"
            " returns) SELECT cycle_id, project_id, version, 'draft', :now, context, first_submitted_at,"
            " returns + 1 FROM submission WHERE id = :id"
            " RETURNING id"
        ),
        {"id": head.id, "now": now},
    ).scalar_one()
    connection.execute(
        text("UPDATE submission SET superseded_by = :made WHERE id = :id"), {"id": head.id, "made": made}
    )
    known = {"made": made, "id": head.id, "now": now, "by": by, "because": because, "cycle": head.cycle_id}
    for statement in _BEGIN_ANEW:
        connection.execute(statement, known)
    return made
