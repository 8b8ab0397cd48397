"""What people do about a finding: take it on, say that it is fixed, give it back."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from model.collection.roles import Actor
from model.findings.moves import ACCEPTED, NotPossible, after, role_for
from model.findings.narrative import NARRATIVE
from model.findings.plausibility import PLAUSIBILITY
from sync.audit import record
from sync.collection.people import People, people_of
from sync.collection.waivers import Wish, ask, grant
from sync.store import unit_of_work
from sync.today import today


class NoSuchFinding(LookupError):
    """There is no finding of that number."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, when, through which door (web, api, command), and what they say about it."""

    actor: Actor
    door: str
    now: datetime
    because: str | None = None

    @property
    def reason(self) -> str | None:
        """What is said, None where that is nothing but blanks."""
        return (self.because or "").strip() or None


@dataclass(frozen=True, slots=True)
class FindingHead:
    """A finding, for whoever changes it. `people` are its project's by role, and the record's owner."""

    id: int
    project_id: UUID
    project_key: str
    template: str
    version: str
    record_ref: str
    rule: str
    kind: str
    state: str
    says: str
    locator: str | None
    evidence: dict[str, Any]
    people: People


def head_of(connection: Connection, finding_id: int, *, now: datetime) -> FindingHead:
    """Return a finding, held until the transaction ends.

    Raises:
        NoSuchFinding: There is none of that number.
    """
    row = connection.execute(
        text(
            "SELECT f.id, f.project_id, p.key AS project_key, f.template, f.version, f.record_ref, f.rule, f.kind,"
            " f.state, f.says, f.locator, f.evidence, f.owner FROM finding f JOIN project p ON p.id = f.project_id"
            " WHERE f.id = :id FOR UPDATE OF f"
        ),
        {"id": finding_id},
    ).one_or_none()
    if row is None:
        raise NoSuchFinding(f"there is no finding {finding_id}; `muster finding list` shows which there are")
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for a row by its columns
    owner = values.pop("owner")
    people = people_of(connection, [row.project_id], now)[row.project_id]
    return FindingHead(**values, people=people.also("owner", owner))


def take_step(engine: Engine, finding_id: int, action: str, act: Act, *, due: date | None = None) -> str:
    """Accept a finding, say that it is fixed, or release it; returns the state it is in then.

    `due` is the day by which an accepted one is to be put right.

    Raises:
        NoSuchFinding: There is none of that number.
        NotPossible: It stands where this cannot be done.
        NotAllowed: The actor has no right to it.
        ValueError: The day is in the past.
    """
    with unit_of_work(engine) as connection:
        found = head_of(connection, finding_id, now=act.now)
        then = after(action, found.state)
        role = role_for(action, act.actor, found.people)
        if due is not None and due < today(connection, act.now):
            raise ValueError(f"{due} has passed: say a day that is still to come")
        record_move(connection, found, action, role, act)
        connection.execute(
            text("UPDATE finding SET due = :due WHERE id = :id"),
            {"due": due if then == ACCEPTED else None, "id": found.id},
        )
    return then


def ask_waiver(engine: Engine, finding_id: int, until: date, act: Act) -> int:
    """Ask that a finding's rule be waived for its record until a day; returns the waiver's number.

    Raises:
        NoSuchFinding: There is none of that number.
        NotPossible: It is closed or waived.
        NotAllowed: The actor has no right to ask.
        TemplateRefused: No reason, or the day has passed.
    """
    with unit_of_work(engine) as connection:
        found = head_of(connection, finding_id, now=act.now)
        after("waive", found.state)
        if found.template in (NARRATIVE, PLAUSIBILITY):
            what = "text" if found.template == NARRATIVE else "value"
            raise NotPossible(
                f"no template asks for this, so nothing can be waived: change the {what} or dispute it"
            )
        role_for("waive", act.actor, found.people)
        wish = Wish(
            found.project_key,
            found.template,
            found.rule,
            act.reason or "",
            until,
            record_ref=found.record_ref,
        )
        return ask(connection, wish, actor=act.actor, now=act.now)


def grant_waiver(engine: Engine, finding_id: int, number: int, act: Act) -> None:
    """Grant the waiver that was asked for about a finding; the finding is waived at once.

    Raises:
        NoSuchFinding: There is no such finding, or the waiver is about something else.
        NotPossible: It is closed or waived.
        TemplateRefused: The waiver does not wait, or the actor asked for it or may not grant it.
    """
    with unit_of_work(engine) as connection:
        found = head_of(connection, finding_id, now=act.now)
        after("waive", found.state)
        given = grant(connection, number, actor=act.actor, now=act.now, door=act.door)
        about = (given["project"], given["template"], given["rule"])
        if about != (found.project_key, found.template, found.rule) or given["record_ref"] not in (
            None,
            found.record_ref,
        ):
            raise NoSuchFinding(f"waiver {number} is about {' '.join(map(str, about))}, not this finding")


def record_move(connection: Connection, found: FindingHead, action: str, role: str, act: Act) -> None:
    """Take a finding's step, and write down who did.

    Raises:
        NotPossible: It cannot be taken from where the finding stands.
    """
    then = after(action, found.state)
    connection.execute(
        text("UPDATE finding SET state = :then, moved_at = :now WHERE id = :id"),
        {"then": then, "now": act.now, "id": found.id},
    )
    connection.execute(
        text(
            'INSERT INTO finding_move (finding_id, action, from_state, to_state, at, "by", role, because, door)'
            " VALUES (:id, :action, :before, :then, :now, :by, :role, :because, :door)"
        ),
        {"id": found.id, "action": action, "before": found.state, "then": then, "now": act.now,
         "by": act.actor.name, "role": role, "because": act.reason, "door": act.door},
    )  # fmt: skip
    said = {"finding": found.id, "action": action, "was": found.state, "now": then, "because": act.reason}
    record(connection, "finding.moved", f"project {found.project_key}", said, by=act.actor.name)
