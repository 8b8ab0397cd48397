"""Disputes: somebody says that a value which was filled in is wrong, and an officer answers.

The value goes on counting, with the dispute beside it, until its source says something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from model.findings.moves import DISPUTED, NotPossible, answered_by_another, role_for
from model.findings.moves import UPHELD as UPHELD_STATE
from model.template.template import Field
from sync.audit import record
from sync.collection.people import people_of, who_is_who
from sync.collection.templates import NoSuchTemplate, current
from sync.finding_events import Notice, notify
from sync.finding_moves import Act, FindingHead, head_of, record_move
from sync.json import dumps
from sync.store import unit_of_work
from sync.today import today

UPHELD = "upheld"
REFUSED = "refused"
_LONGEST = 50_000  # characters of JSON: what was shown and what it ought to be
_VERDICTS = {UPHELD: "uphold", REFUSED: "refuse"}


class NoSuchDispute(LookupError):
    """There is no dispute of that number, or none that waits for an answer."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """The value that is said to be wrong: of which field of which record, as it was shown, and from where."""

    project_id: UUID
    template: str
    record_ref: str
    field: str
    value: Any
    source: str | None = None
    locator: str | None = None
    url: str | None = None
    submission_id: int | None = None


@dataclass(frozen=True, slots=True)
class StandingDispute:
    """A dispute that has not ended, as it is shown beside its value."""

    id: int
    value: Any
    proposed: Any
    because: str
    by: str
    at: datetime
    answer: str | None
    answered_by: str | None
    answer_because: str | None


def dispute(engine: Engine, disputed: Disputed, act: Act, *, proposed: Any = None) -> int:
    """Say that a value is wrong, and what it ought to be where that is known; returns the dispute's number.

    Raises:
        NotPossible: It is in dispute already.
        NotAllowed: The actor does not answer for the record, and is not of the office.
        ValueError: No reason is given, there is no such field, or `proposed` is no value of it.
    """
    with unit_of_work(engine) as connection:
        finding = _finding_of(connection, disputed, act.now)
        return _raise(connection, disputed, finding, act, proposed)


def dispute_finding(engine: Engine, finding_id: int, act: Act, *, proposed: Any = None) -> int:
    """Say that a finding is wrong, because the value that it was found on is; returns the dispute's number.

    Raises:
        NoSuchFinding: There is none of that number.
        NotPossible: It stands where this cannot be done.
        NotAllowed: The actor has no right to it.
        ValueError: As `dispute`.
    """
    with unit_of_work(engine) as connection:
        found = head_of(connection, finding_id, now=act.now)
        shown = found.evidence.get(found.rule, found.evidence)
        place = (found.project_id, found.template, found.record_ref, found.rule)
        return _raise(connection, Disputed(*place, shown, locator=found.locator), found, act, proposed)


def _raise(
    connection: Connection, disputed: Disputed, finding: FindingHead | None, act: Act, proposed: Any
) -> int:
    if act.reason is None:
        raise ValueError("say why the value is wrong: an officer has to answer it")
    if len(dumps([disputed.value, proposed])) > _LONGEST:
        raise ValueError(f"the values are longer than {_LONGEST} characters of JSON")
    if finding is None:
        people = people_of(connection, [disputed.project_id], act.now)[disputed.project_id]
    else:
        people = finding.people
    role = role_for("dispute", act.actor, people)
    field = _field(connection, disputed, act.now)
    if field is not None and proposed is not None and (problem := field.read(proposed).problem):
        raise ValueError(f"{field.rule.label}, as it ought to be: {problem}")
    standing = standing_disputes(connection, disputed.project_id, disputed.template)
    if (other := standing.get((disputed.record_ref, disputed.field))) is not None:
        raise NotPossible(f"{other.by} disputes it since {other.at:%Y-%m-%d} (dispute {other.id})")
    if finding is not None:
        record_move(connection, finding, "dispute", role, act)
    own = None if field is None or field.attribute is None else field.attribute
    number = _insert(
        connection,
        disputed,
        act,
        attribute=own.name if own is not None and own.entity == "project" else None,
        proposed=proposed,
        finding=None if finding is None else finding.id,
    )
    label = disputed.field if field is None else field.rule.label
    said = f"{act.actor.name} disputes {label} ({disputed.template}): {act.reason}"
    raised = Notice(
        f"dispute:{number}:raised",
        "dispute_raised",
        disputed.project_id,
        "project_officer",
        None,
        said,
        number,
    )
    notify(connection, [raised], act.now)
    detail = {"field": label, "value": disputed.value, "proposed": proposed, "because": act.reason}
    record(connection, "dispute.raised", f"dispute {number}", detail, by=act.actor.name)
    return number


def answer_dispute(engine: Engine, number: int, verdict: str, act: Act) -> None:
    """Answer a dispute: upheld (the source is to be put right) or refused (the value is right).

    Raises:
        NoSuchDispute: None of that number waits for an answer.
        NotAllowed: The actor raised it, or is not of the office.
        ValueError: No reason is given, or the verdict is neither.
    """
    if verdict not in _VERDICTS:
        raise ValueError(f"a dispute is {UPHELD} or {REFUSED}, not {verdict!r}")
    if act.reason is None:
        raise ValueError("say why: whoever raised it reads it")
    with unit_of_work(engine) as connection:
        row = _waiting(connection, number)
        answered_by_another(row.by, act.actor, who_is_who(connection))
        role = role_for(_VERDICTS[verdict], act.actor, {})
        connection.execute(
            text(
                "UPDATE dispute SET answer = :verdict, answered_at = :now, answered_by = :by,"
                " answer_because = :because, ended_at = CASE WHEN :refused THEN CAST(:now AS timestamptz) END,"
                " ended_because = CASE WHEN :refused THEN 'Refused' END WHERE id = :id"
            ),
            {"verdict": verdict, "now": act.now, "by": act.actor.name, "because": act.reason, "id": number,
             "refused": verdict == REFUSED},
        )  # fmt: skip
        _move_finding(connection, row, _VERDICTS[verdict], role, act)
        said = f"{act.actor.name}: your dispute of {row.field} ({row.template}) is {verdict}. {act.reason}"
        told = Notice(
            f"dispute:{number}:answered", "dispute_answered", row.project_id, "raiser", row.by, said, number
        )
        notify(connection, [told], act.now)
        detail = {"field": row.field, "verdict": verdict, "because": act.reason}
        record(connection, "dispute.decided", f"dispute {number}", detail, by=act.actor.name)


def withdraw_dispute(engine: Engine, number: int, act: Act) -> None:
    """Take a dispute back, before it is answered or after.

    Raises:
        NoSuchDispute: None of that number stands.
        NotAllowed: Somebody else raised it, and the actor is not of the office.
    """
    with unit_of_work(engine) as connection:
        row = _standing(connection, number)
        if not who_is_who(connection)(row.by, act.actor.name):
            role_for("uphold", act.actor, {})
        said = f"Taken back by {act.actor.name}" + (f": {act.reason}" if act.reason else "")
        connection.execute(
            text("UPDATE dispute SET ended_at = :now, ended_because = :said WHERE id = :id"),
            {"now": act.now, "said": said, "id": number},
        )
        _move_finding(connection, row, "withdraw", "raiser", act)
        detail = {"field": row.field, "verdict": "taken back", "because": act.reason}
        record(connection, "dispute.decided", f"dispute {number}", detail, by=act.actor.name)


def standing_disputes(
    connection: Connection, project_id: UUID, template: str | None = None
) -> Mapping[tuple[str, str], StandingDispute]:
    """Return a project's disputes that have not ended, by record and field; of one template or of all."""
    rows = connection.execute(
        text(
            'SELECT record_ref, field, id, value, proposed, because, "by", at, answer, answered_by, answer_because'
            " FROM dispute WHERE project_id = :project AND ended_at IS NULL"
            " AND (CAST(:template AS text) IS NULL OR template = :template) ORDER BY id"
        ),
        {"project": project_id, "template": template},
    )
    return {(ref, field): StandingDispute(*values) for ref, field, *values in rows}


def _finding_of(connection: Connection, disputed: Disputed, now: datetime) -> FindingHead | None:
    """Return the finding that stands on the disputed value, where a dispute of it can be raised."""
    number = connection.scalar(
        text(
            "SELECT id FROM finding WHERE project_id = :project AND template = :template AND record_ref = :ref"
            " AND rule = :field AND closed_at IS NULL AND state IN ('new', 'accepted', 'fixing')"
            " ORDER BY id DESC LIMIT 1"
        ),
        {"project": disputed.project_id, "template": disputed.template, "ref": disputed.record_ref,
         "field": disputed.field},
    )  # fmt: skip
    return None if number is None else head_of(connection, number, now=now)


def _field(connection: Connection, disputed: Disputed, now: datetime) -> Field | None:
    """Return the template's field; None where a check is disputed as such, or nothing judges that day.

    Raises:
        ValueError: The template has neither field nor check of that name.
    """
    try:
        template = current(connection, disputed.template, today(connection, now))
    except NoSuchTemplate:
        return None
    found = {each.rule.id: each for each in template.fields}
    rules = {*found, *(rule.id for rule, _ in template.checks)}
    if disputed.field not in rules and not disputed.field.startswith("minimum_"):
        raise ValueError(f"{template.label} has no {disputed.field!r}; it has {', '.join(sorted(rules))}")
    return found.get(disputed.field)


def _insert(
    connection: Connection,
    disputed: Disputed,
    act: Act,
    *,
    attribute: str | None,
    proposed: Any,
    finding: int | None,
) -> int:
    number: int | None = connection.execute(
        text(
            "INSERT INTO dispute (project_id, template, record_ref, field, attribute, value, proposed, source,"
            ' locator, url, because, "by", at, door, submission_id, finding_id) VALUES (:project, :template, :ref,'
            " :field, :attribute, CAST(:value AS jsonb), CAST(:proposed AS jsonb), :source, :locator, :url,"
            " :because, :by, :now, :door, :submission, :finding) ON CONFLICT (project_id, template, record_ref, field)"
            " WHERE ended_at IS NULL DO NOTHING RETURNING id"
        ),
        {
            "project": disputed.project_id, "template": disputed.template, "ref": disputed.record_ref,
            "field": disputed.field, "attribute": attribute, "value": dumps(disputed.value),
            "proposed": None if proposed is None else dumps(proposed), "source": disputed.source,
            "locator": disputed.locator, "url": disputed.url, "because": act.reason, "by": act.actor.name,
            "now": act.now, "door": act.door, "submission": disputed.submission_id, "finding": finding,
        },
    ).scalar_one_or_none()  # fmt: skip
    if number is None:
        raise NotPossible("somebody else disputed it at the same moment")
    return number


def _waiting(connection: Connection, number: int) -> Any:
    row = _standing(connection, number)
    if row.answer is not None:
        raise NoSuchDispute(f"dispute {number} was {row.answer} by {row.answered_by} already")
    return row


def _standing(connection: Connection, number: int) -> Any:
    row = connection.execute(
        text(
            'SELECT id, project_id, template, field, "by", finding_id, answer, answered_by, ended_because'
            " FROM dispute WHERE id = :id FOR UPDATE"
        ),
        {"id": number},
    ).one_or_none()
    if row is None:
        raise NoSuchDispute(f"there is no dispute {number}; `muster finding disputes` lists those that wait")
    if row.ended_because is not None:
        raise NoSuchDispute(f"dispute {number} has ended: {row.ended_because}")
    return row


def _move_finding(connection: Connection, row: Any, action: str, role: str, act: Act) -> None:
    """Bring the finding along that was disputed, where it still is."""
    if row.finding_id is not None:
        found = head_of(connection, row.finding_id, now=act.now)
        if found.state in (DISPUTED, UPHELD_STATE):
            record_move(connection, found, action, role, act)
