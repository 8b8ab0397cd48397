"""Takes a workbook that came back: what it is, what is new in it, and what its sender has to be told."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from connectors.excel.layout import Refused as Unreadable
from connectors.excel.written import SheetWritten, read_written
from model.collection.roles import Actor
from sync.audit import record
from sync.collection.answers import give_answers, may_answer
from sync.collection.case import Case, SubmissionHead, open_case
from sync.collection.refused import NotAllowed, NotOpen, Refused, Stale
from sync.collection.templates import version
from sync.store import unit_of_work
from sync.workbook import ledger
from sync.workbook.answering import invalid_among, remarks_on, summary
from sync.workbook.columns import Shape
from sync.workbook.identify import Marked, identify
from sync.workbook.layout import shaped
from sync.workbook.ledger import Arrival, Sent
from sync.workbook.merging import merged
from sync.workbook.outcome import Copy, Giver, Merged, Outcome, Slot
from sync.workbook.read import Back, read_back
from sync.workbook.sending import write_workbook

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a returned workbook.

    `state` is taken, again (the same file was taken before, and nothing was done) or refused, with `why` one
    of unreadable, unknown, other, changed, closed, not_allowed, busy. `copy` is a workbook that answers every cell
    that was not simply taken, None where there was nothing to answer.
    """

    state: str
    says: str
    file: str
    why: str | None = None
    id: int | None = None
    submission: SubmissionHead | None = None
    accepted: tuple[tuple[str, str, str], ...] = ()  # record, part and cell
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[str, ...] = ()
    beside: tuple[tuple[str, str, str], ...] = ()  # reasons that came with conflicts: record, cell and reason
    untouched: int = 0
    can_submit: bool | None = None
    copy: bytes | None = None
    copy_file: str | None = None
    copy_id: int | None = None

    @property
    def conflicts(self) -> tuple[Outcome, ...]:
        """Cells that somebody else changed too; a person decides."""
        return tuple(one for one in self.outcomes if one.kind == "conflict")

    @property
    def rejected(self) -> tuple[Outcome, ...]:
        """Cells of which nothing was taken."""
        return tuple(one for one in self.outcomes if one.kind == "rejected")

    @property
    def invalid(self) -> tuple[Outcome, ...]:
        """Cells that were kept as they were written and are not what was expected."""
        return tuple(one for one in self.outcomes if one.kind == "invalid")


class WorkbookRefused(Refused):
    """A workbook was not taken at all; `why` is one word for programs."""

    def __init__(self, why: str, says: str, submission: SubmissionHead | None = None) -> None:
        super().__init__(says)
        self.why, self.submission = why, submission


def take(
    engine: Engine,
    body: bytes,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    expect: int | None = None,
    projects: frozenset[UUID] | None = None,
) -> Taken:
    """Take one returned workbook; never raises for what is wrong with it.

    Args:
        engine: The store.
        body: The file's bytes.
        name: What it is called.
        actor: Who gives it back.
        now: The clock.
        expect: The submission it is to be of; None takes whichever it was sent for.
        projects: Those that the caller may see; None: all.
    """
    arrival = Arrival(name, body, hashlib.sha256(body).hexdigest(), actor.name, now)
    taking = _Taking(engine, arrival, actor, expect, projects)
    try:
        return taking.run()
    except WorkbookRefused as refused:
        with unit_of_work(engine) as connection:
            id_ = ledger.refuse(connection, taking.sent, arrival, str(refused))
        return Taken("refused", str(refused), name, why=refused.why, id=id_, submission=refused.submission)


class _Taking:
    """One file being taken. `sent` is what it is, once that is known."""

    def __init__(
        self,
        engine: Engine,
        arrival: Arrival,
        actor: Actor,
        expect: int | None,
        projects: frozenset[UUID] | None,
    ) -> None:
        self._engine, self._arrival, self._actor, self._expect = engine, arrival, actor, expect
        self._projects = projects
        self._name, self._now = arrival.file, arrival.at
        self.sent: Sent | None = None

    def run(self) -> Taken:
        """Read it, say what it is, and take it.

        Raises:
            WorkbookRefused: Nothing of it is taken.
        """
        sheets = _sheets(self._name, self._arrival.body)
        marked = _marked(self._name, sheets)
        with self._engine.connect() as guard:
            # One copy of a submission at a time, whoever takes them: two must not make one new row two records.
            self.sent = _sent(guard, self._name, marked.token)
            of = f"workbook {self.sent.submission_id}"
            guard.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:of, 6))"), {"of": of})
            return self._alone(guard, sheets, marked)

    def _alone(self, connection: Connection, sheets: list[SheetWritten], marked: Marked) -> Taken:
        self.sent = sent = _sent(connection, self._name, marked.token)
        earlier = ledger.taken_before(connection, sent.id, self._arrival.sha256)
        case = open_case(connection, sent.submission_id, now=self._now)
        if self._projects is not None and case.submission.project_id not in self._projects:
            # In the words for one that was never sent: what may not be seen is not told apart.
            self.sent = None
            raise _unknown(self._name)
        _check_holder(case, self._actor, self._name)  # before anything of what came earlier is told
        if earlier is not None:
            when = f"{earlier.at:%Y-%m-%d %H:%M} UTC"
            says = f"{self._name} was taken already on {when} by {earlier.by}; nothing was done"
            return Taken("again", says, self._name, id=earlier.id, submission=case.submission)
        _check_what_it_is(self._name, marked, sent, case, self._expect)
        shape = _shape(connection, sent, case)
        _check_open(case, self._actor, self._name)
        back = _back(self._name, sheets, shape, case)
        return self._merge(back, sent, case, shape.kind)

    def _merge(self, back: Back, sent: Sent, case: Case, kind: str) -> Taken:
        """Merge with what stands, and again where somebody answers in that very moment."""
        for _ in range(_TRIES):
            copy = Copy(Giver(self._actor.name, self._name), sent.because, sent.slots)
            found = merged(case.template, case.records, sent.base, back, kind=kind, copy=copy)
            changes = found.changes({record.ref: record for record in case.records})
            try:
                after = give_answers(
                    self._engine, sent.submission_id, changes, actor=self._actor, door="workbook",
                    revision=case.submission.revision, now=self._now,
                )  # fmt: skip
            except Stale:
                with self._engine.connect() as connection:
                    case = open_case(connection, sent.submission_id, now=self._now)
                    sent = ledger.sent_by_token(connection, sent.token) or sent
                continue
            except Refused as refused:
                why = "not_allowed" if isinstance(refused, NotAllowed) else "closed"
                raise WorkbookRefused(why, f"{self._name}: {refused}", case.submission) from None
            return self._record(found, sent, after, unlocked=back.unlocked)
        said = f"{self._name}: others are answering at this moment; give it back again"
        raise WorkbookRefused("busy", said, case.submission)

    def _record(self, found: Merged, sent: Sent, case: Case, *, unlocked: bool) -> Taken:
        """Remember what became of it, and answer it."""
        judgement = case.judge()
        placed = [replace(one, ref=case.made.get(one.ref, one.ref)) for one in found.placed]
        outcomes = [replace(one, ref=case.made.get(one.ref, one.ref)) for one in found.outcomes]
        outcomes += invalid_among(placed, judgement)
        notes = list(found.notes)
        if unlocked:
            notes.append("its sheet was unprotected; locked cells were held against what was sent")
        taken = Taken(
            state="taken",
            says=summary(self._name, len(placed) + len(found.reworded), outcomes, found),
            file=self._name,
            submission=case.submission,
            accepted=(*((one.ref, one.part.id, one.locator) for one in placed), *found.reworded),
            beside=tuple(found.beside),
            outcomes=tuple(outcomes),
            notes=tuple(notes),
            untouched=found.untouched + found.agreed,
            can_submit=judgement.can_submit,
        )
        giver = Giver(self._actor.name, self._name)
        filled = {
            row: Slot(case.made.get(called, called), found.rows[called], giver)
            for called, row in found.slots.items()
            if called in case.made or called not in found.new
        }
        with unit_of_work(self._engine) as connection:
            copy = None
            if outcomes:
                remarks = remarks_on(case, outcomes)
                copy = write_workbook(connection, case, by=self._actor.name, now=self._now, remarks=remarks)
            id_ = ledger.keep(connection, sent, self._arrival, taken, copy=copy, filled=filled)
            undecided = ledger.is_undecided(connection, sent.submission_id)
            detail = {"submission": sent.submission_id, "file": self._name, "sha256": self._arrival.sha256,
                      "accepted": len(taken.accepted), "says": taken.says}  # fmt: skip
            record(
                connection, "workbook.returned", f"project {case.submission.project_key}", detail,
                by=self._actor.name,
            )  # fmt: skip
        taken = replace(taken, id=id_, can_submit=taken.can_submit and not undecided)
        return taken if copy is None else replace(taken, copy=copy.body, copy_file=copy.file, copy_id=copy.id)


def _sent(connection: Connection, name: str, token: str) -> Sent:
    sent = ledger.sent_by_token(connection, token)
    if sent is None:
        raise _unknown(name)
    return sent


def _unknown(name: str) -> WorkbookRefused:
    return WorkbookRefused(
        "unknown",
        f"{name} was sent from another place, or is a pattern that was not sent for a project; download the "
        "project's own workbook",
    )


def _sheets(name: str, body: bytes) -> list[SheetWritten]:
    try:
        return read_written(name, body)
    except Unreadable as unreadable:
        raise WorkbookRefused("unreadable", str(unreadable)) from None


def _marked(name: str, sheets: list[SheetWritten]) -> Marked:
    try:
        return identify(name, sheets)
    except Unreadable as unreadable:
        raise WorkbookRefused("unknown", str(unreadable)) from None


def _back(name: str, sheets: list[SheetWritten], shape: Shape, case: Case) -> Back:
    try:
        return read_back(name, sheets, shape)
    except Unreadable as unreadable:
        raise WorkbookRefused("unreadable", str(unreadable), case.submission) from None


def _check_what_it_is(name: str, marked: Marked, sent: Sent, case: Case, expect: int | None) -> None:
    """Hold what a workbook says it is against what was sent, and against what it is given back as."""
    head, identity, title = case.submission, marked.identity, marked.title
    what = f"the {sent.template} of {head.project_key} for {head.period}"
    if identity is not None and identity.checksum != sent.checksum:
        raise WorkbookRefused(
            "changed",
            f"{name} says that it is the {identity.template} {identity.version} of {identity.project} for "
            f"{identity.period}, but was sent as {what}: its hidden part is another's. "
            "Give the answers in the workbook as it was sent",
            head,
        )
    if title is not None and title.split() != sent.title.split():
        raise WorkbookRefused(
            "changed",
            f"{name} calls itself {title[:100]!r}, but was sent as {sent.title!r}; what it holds may be meant for "
            "something else. Write it into that workbook",
            head,
        )
    if expect is not None and expect != sent.submission_id:
        raise WorkbookRefused("other", f"{name} is {what}, and not what it was given back as", head)
    if head.superseded_by is not None:
        raise WorkbookRefused("closed", f"{name} is of {what}, which a newer one superseded", head)


def _check_holder(case: Case, actor: Actor, name: str) -> None:
    """Refuse whoever may not answer for the project at all."""
    try:
        may_answer(case, actor)
    except NotAllowed as refused:
        raise WorkbookRefused("not_allowed", f"{name}: {refused}", case.submission) from None
    except NotOpen:
        return


def _check_open(case: Case, actor: Actor, name: str) -> None:
    """Refuse answers while none are taken."""
    try:
        may_answer(case, actor)
    except NotOpen as refused:
        raise WorkbookRefused("closed", f"{name}: {refused}", case.submission) from None


def _shape(connection: Connection, sent: Sent, case: Case) -> Shape:
    """Return what the workbook looked like when it was sent, by the version it was sent with."""
    template = case.template
    if sent.version != case.submission.version:
        template = version(connection, sent.template, sent.version)
    found = shaped(template, sent.base, case.submission.period)
    return Shape(found.kind, found.columns, found.rows, found.witness, sent.token, sent.said)
