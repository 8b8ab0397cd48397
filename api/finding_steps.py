"""Take a step about a finding or a dispute, for the API and the pages: refusals become problems in words."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Engine, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from api.access.visible import Principal, visible_projects
from api.finding_queue import by_id
from api.wire.problems import Problem, bad_request, forbidden, not_found
from model.collection.roles import Actor
from model.findings.moves import NotAllowed, NotPossible
from model.tables import Dispute, Project, Waiver
from sync.collection.template_steps import NotForYou, TemplateRefused
from sync.collection.templates import NoSuchTemplate
from sync.disputes import (
    REFUSED,
    UPHELD,
    Disputed,
    NoSuchDispute,
    answer_dispute,
    dispute,
    dispute_finding,
    withdraw_dispute,
)
from sync.finding_moves import Act, NoSuchFinding, ask_waiver, grant_waiver, take_step

STEPS: Final = ("accept", "fix", "release", "dispute", "waive")
VERDICTS: Final = ("uphold", "refuse", "withdraw")
_THEN: Final = {
    "accept": "It closes by itself when its source says something else",
    "fix": "The next reading of its sources shows whether it is",
    "release": "Nobody sees to it now",
    "uphold": "The value counts, with the dispute beside it, until its source says something else",
    "refuse": "The value stands, and what was found with it",
    "withdraw": "It is as it was before the dispute",
}
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody says with a step."""

    because: str | None = None
    due: str | None = None
    until: str | None = None
    proposed: Any = None


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does it: what they may see, as whom they act, and through which door."""

    engine: Engine
    principal: Principal
    actor: Actor
    door: str

    def act(self, because: str | None) -> Act:
        """Return what is written down of it."""
        return Act(self.actor, self.door, datetime.now(UTC), because)


def take(doer: Doer, number: int, action: str, step: Step) -> str:
    """Take a step about a finding; returns what happens next.

    Raises:
        Problem: 400, 403, 404 or 409, in words.
    """
    _visible_finding(doer, number)
    act = doer.act(step.because)
    with refusals():
        if action == "dispute":
            raised = dispute_finding(doer.engine, number, act, proposed=step.proposed)
            return f"Dispute {raised}: an officer answers it, and the value counts until then"
        if action == "waive":
            until = as_day(step.until, "until: the last day the waiver is to hold")
            if until is None:
                raise bad_request("until: say the last day the waiver is to hold, as YYYY-MM-DD")
            asked = ask_waiver(doer.engine, number, until, act)
            return f"Waiver {asked} was asked for: somebody else, who may, has to grant it"
        take_step(
            doer.engine, number, action, act, due=as_day(step.due, "due: by when it is to be put right")
        )
        return _THEN[action]


def grant(doer: Doer, number: int, waiver: int) -> str:
    """Grant a waiver that was asked for about a finding; returns what happens next.

    Raises:
        Problem: 400, 403, 404 or 409, in words.
    """
    _visible_finding(doer, number)
    with Session(doer.engine) as session:
        if session.get(Waiver, waiver) is None:
            raise not_found(f"There is no waiver {waiver}, or this token may not see it.")
    with refusals():
        grant_waiver(doer.engine, number, waiver, doer.act(None))
    return "It is waived, and back when the waiver ends"


def raise_dispute(doer: Doer, disputed: Disputed, step: Step) -> int:
    """Dispute a value, whether or not anything was found in it; returns the dispute's number.

    Raises:
        Problem: 400, 403, 404 or 409, in words.
    """
    with refusals():
        return dispute(doer.engine, disputed, doer.act(step.because), proposed=step.proposed)


def judge(doer: Doer, number: int, verdict: str, because: str) -> str:
    """Uphold, refuse or withdraw a dispute; returns what happens next.

    Raises:
        Problem: 400, 403, 404 or 409, in words.
    """
    _visible_dispute(doer, number)
    with refusals():
        if verdict == "withdraw":
            withdraw_dispute(doer.engine, number, doer.act(because))
        else:
            said = UPHELD if verdict == "uphold" else REFUSED
            answer_dispute(doer.engine, number, said, doer.act(because))
    return _THEN[verdict]


def state_of(doer: Doer, number: int) -> str | None:
    """Return the state a finding is in."""
    with Session(doer.engine) as session:
        found = by_id(session, number, None)
    return None if found is None else found[0].state


def visible_project(doer: Doer, key: str) -> Any:
    """Return a project's id by its key.

    Raises:
        Problem: 404, in the same words whether it is missing or hidden.
    """
    with Session(doer.engine) as session:
        visible = visible_projects(session, doer.principal)
        found = session.scalar(select(Project.id).where(Project.key == key))
    if found is None or (visible is not None and found not in visible):
        raise not_found(f"There is no project {key}, or this token may not see it.")
    return found


def as_day(value: str | None, what: str) -> date | None:
    """Read a day; blank is none.

    Raises:
        Problem: 400 with what it is.
    """
    if value is None or not value.strip():
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise bad_request(f"{what}, as YYYY-MM-DD; {value!r} is no such day") from None


@contextmanager
def refusals() -> Generator[None]:
    """Turn refusals into problems."""
    try:
        yield
    except (NoSuchFinding, NoSuchDispute) as error:
        raise not_found(f"{error}.") from None
    except (NotAllowed, NotForYou) as error:
        raise forbidden(f"{error}.") from None
    except NotPossible as error:
        raise Problem(_CONFLICT, "not-now", f"{error}.") from None
    except DataError:
        raise bad_request("what was sent holds a character that cannot be kept, such as NUL") from None
    except (TemplateRefused, NoSuchTemplate, ValueError) as error:
        raise bad_request(f"{error}.") from None


def _visible_finding(doer: Doer, number: int) -> None:
    with Session(doer.engine) as session:
        if by_id(session, number, visible_projects(session, doer.principal)) is None:
            raise not_found(f"There is no finding {number}, or this token may not see it.")


def _visible_dispute(doer: Doer, number: int) -> None:
    with Session(doer.engine) as session:
        visible = visible_projects(session, doer.principal)
        project = session.scalar(select(Dispute.project_id).where(Dispute.id == number))
    if project is None or (visible is not None and project not in visible):
        raise not_found(f"There is no dispute {number}, or this token may not see it.")
