"""Move submissions: submit, review, return, approve, publish, withdraw, each by who may and never half done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from model.collection.roles import Actor
from model.collection.workflow import SAID, Step, StepRefused, acted_in, find_step, role_of
from model.template.language import Move
from sync.collection.answers import refuse_stale
from sync.collection.case import OPEN, Case, case_of
from sync.collection.heads import SubmissionHead, head_of, preparers_of
from sync.collection.moves import Taken, write_move
from sync.collection.outbox import Told, tell
from sync.collection.publication import freeze, refuse_newer, reopen
from sync.collection.publish_records import publish_records
from sync.collection.refilling import refill
from sync.collection.refused import Held, NotAllowed, NotOpen
from sync.collection.withdraw_records import withdraw_records
from sync.store import unit_of_work
from sync.workbook.conflicts import refuse_undecided


@dataclass(frozen=True, slots=True)
class _Asked:
    """A move as it was asked for."""

    actor: Actor
    because: str | None
    attest: str | None
    door: str
    now: datetime


def move(  # noqa: PLR0913  (all of it is what a move is; the doors have different parts of it)
    engine: Engine,
    submission_id: int,
    to: str,
    *,
    actor: Actor,
    because: str | None = None,
    attest: str | None = None,
    door: str,
    revision: int | None,
    now: datetime,
) -> SubmissionHead:
    """Take a submission one step on and return how it then stands.

    Args:
        engine: The store.
        submission_id: Which.
        to: submit, review, return, approve, publish or withdraw; or the state it leads to.
        actor: Who does it.
        because: Why; to return and to withdraw take it.
        attest: The sentence of the template that the actor puts their name to, where it has one.
        door: web, api, workbook or command.
        revision: What the actor saw; None: whatever stands.
        now: The clock.

    Raises:
        NoSuchSubmission: There is none of that number.
        NotAllowed: The actor holds no role that may, or answered or submitted what is to be approved.
        NotOpen: It cannot be done in the state it is in, or something it needs was left out.
        Stale: Somebody answered since the revision; with what.
        Held: Findings of severity block hold it back, or cells that were changed twice; with these.
    """
    with unit_of_work(engine) as connection:
        head = head_of(connection, submission_id, lock=True)
        refuse_stale(connection, head, revision)
        case = case_of(connection, head, now=now)
        asked = _Asked(actor, because, attest, door, now)
        step = _found(connection, case, to, asked)
        if head.state in OPEN and step.to not in OPEN:
            refuse_undecided(connection, head)
        if step.when == "no_blocking_checks":
            case = _submittable(connection, case, now)
        _EFFECTS.get(step.to, _plainly)(connection, case, step, asked)
        role = acted_in(case.template, step, actor, case.people)
        write_move(connection, head, Taken(step.to, actor.name, role, door, because, step.attest), now)
        _tell(connection, case, step, asked)
        return head_of(connection, submission_id)


def _found(connection: Connection, case: Case, to: str, asked: _Asked) -> Move:
    head = case.submission
    preparers = preparers_of(connection, [head.id])[head.id]
    step = Step(
        case.template, head.state, to, asked.actor, case.people, preparers, asked.because, asked.attest
    )
    try:
        found = find_step(step)
    except StepRefused as refused:
        says = f"{head.project_key} {head.template} {head.period}: {refused}"
        raise NotOpen(says, head) if refused.allowed else NotAllowed(says) from None
    if head.state in OPEN and head.cycle_state == "closed":
        raise NotOpen(f"the cycle {head.template} {head.period} is closed: nothing is taken any more", head)
    return found


def _submittable(connection: Connection, case: Case, now: datetime) -> Case:
    """Fill in anew what sources say by now, and return the case if nothing of it blocks.

    Raises:
        Held: With what blocks.
    """
    refill(connection, [case.submission], now)
    fresh = case_of(connection, case.submission, now=now)
    judgement = fresh.judge()
    if not judgement.can_submit:
        blocking = judgement.blocking()
        said = "; ".join(f"{f'{ref} ' if ref else ''}{one.field}: {one.says}" for ref, one in blocking)
        head = fresh.submission
        raise Held(f"{head.project_key} {head.period} cannot be submitted: {said}", blocking)
    return fresh


def _set(connection: Connection, case: Case, step: Move, values: Mapping[str, Any]) -> None:
    columns = "".join(f", {name} = :{name}" for name in values)
    connection.execute(
        text(f"UPDATE submission SET state = :state, revision = revision + 1{columns} WHERE id = :id"),
        {**values, "state": step.to, "id": case.submission.id},
    )


def _plainly(connection: Connection, case: Case, step: Move, _asked: _Asked) -> None:
    _set(connection, case, step, {})


def _submitted(connection: Connection, case: Case, step: Move, asked: _Asked) -> None:
    _set(connection, case, step, {
        "submitted_at": asked.now, "submitted_by": asked.actor.name,
        "first_submitted_at": case.submission.first_submitted_at or asked.now,
        "result": Jsonb(case.judge().to_json()),
    })  # fmt: skip


def _returned(connection: Connection, case: Case, step: Move, _asked: _Asked) -> None:
    _set(connection, case, step, {"returns": case.submission.returns + 1})


def _approved(connection: Connection, case: Case, step: Move, asked: _Asked) -> None:
    _set(connection, case, step, {"approved_at": asked.now, "approved_by": asked.actor.name})


def _published(connection: Connection, case: Case, step: Move, asked: _Asked) -> None:
    frozen, sha256 = freeze(connection, case, by=asked.actor.name, now=asked.now)
    _set(connection, case, step, {
        "published_at": asked.now, "published_by": asked.actor.name, "frozen": Jsonb(frozen), "sha256": sha256,
    })  # fmt: skip
    publish_records(connection, case.submission.id, now=asked.now)


def _withdrawn(connection: Connection, case: Case, step: Move, asked: _Asked) -> None:
    refuse_newer(connection, case.submission)
    successor = reopen(connection, case, by=asked.actor.name, because=asked.because, now=asked.now)
    _set(connection, case, step, {"withdrawn_at": asked.now})
    withdraw_records(connection, case.submission.id, now=asked.now)
    tell(connection, [_told(case, "withdrawn", word, asked, {"successor": successor})
                      for word in ("preparer", "approver")],
         {case.submission.project_id: case.people}, asked.now)  # fmt: skip


_EFFECTS: Final[Mapping[str, Callable[[Connection, Case, Move, _Asked], None]]] = {
    "submitted": _submitted, "returned": _returned, "approved": _approved, "published": _published,
    "superseded": _withdrawn,
}  # fmt: skip
_NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "submitted": ("reviewer",), "in_review": ("approver",), "returned": ("preparer",),
    "approved": ("publisher",), "published": ("preparer", "approver"),
}  # fmt: skip
_SAYS: Final[Mapping[str, str]] = {
    "submitted": "was submitted by {by} and waits to be reviewed",
    "in_review": "is in review and waits to be approved",
    "returned": "was returned by {by}: {because}",
    "approved": "was approved by {by} and waits to be published",
    "published": "was published by {by}",
    "withdrawn": "was withdrawn by {by}, is kept as it was, and asked for again: {because}",
}


def _tell(connection: Connection, case: Case, step: Move, asked: _Asked) -> None:
    told = [_told(case, step.to, word, asked) for word in _NEXT.get(step.to, ())]
    tell(connection, told, {case.submission.project_id: case.people}, asked.now)


def _told(case: Case, kind: str, word: str, asked: _Asked, more: Mapping[str, Any] | None = None) -> Told:
    head, role = case.submission, role_of(case.template, word)
    late = " after its deadline" if kind == "submitted" and asked.now > head.due_at else ""
    says = _SAYS[kind].format(by=asked.actor.name, because=(asked.because or "").strip())
    return Told(
        f"{kind}:{head.id}:{head.revision}:{role}", kind, head, role,
        f"{case.template.header.title} {head.period} of {head.project_name} ({head.project_key}) {says}{late}",
        {"by": asked.actor.name, "because": asked.because, "verb": SAID.get(step_state(kind), kind), **(more or {})},
    )  # fmt: skip


def step_state(kind: str) -> str:
    """Return the state that an event of a kind tells of."""
    return "superseded" if kind == "withdrawn" else kind
