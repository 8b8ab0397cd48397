"""What an officer does about identity and conflicts, whichever door it comes through."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.access.visible import Principal, visible_projects
from api.wire.problems import Problem, bad_request, forbidden, not_found
from model.collection.roles import Actor
from model.tables import ClaimConflict, HandClaim, Project
from sync.hand_claims import CannotState, NoSuchHandClaim, Statement, state, withdraw
from sync.identity.decide import CannotDecide, NoSuchProposal, NotSaid, decide, link
from sync.identity.follow import follow
from sync.identity.named import named
from sync.identity.rules import RuleAsked, RuleEffect, end_rule, make_rule, rule_effect
from sync.identity.settle import CannotSettle, NoSuchConflict, settle, unsettle
from sync.today import today

OFFICERS: Final = frozenset(["project_officer", "pmo_head"])
ACTS: Final = ("confirm", "refuse", "undo")


@dataclass(frozen=True, slots=True)
class Officer:
    """Who decides, through which token."""

    engine: Engine
    principal: Principal
    actor: Actor

    def must_be(self, what: str, *, everything: bool = True) -> None:
        """Refuse whoever may not.

        Raises:
            Problem: 403, with who may.
        """
        if not self.actor.is_operator and not self.actor.roles & OFFICERS:
            raise forbidden(
                f"{what} is for a project officer or the head of the office; {self.actor.name} is neither."
            )
        if everything and not self.principal.sees_everything:
            raise forbidden(f"{what} takes a token that may see every project.")


@dataclass(frozen=True, slots=True)
class Done:
    """What was decided, what follows, whether it counts already, and what contradicts it."""

    number: int
    state: str | None
    then: str
    counts_now: bool
    warnings: tuple[str, ...] = ()


def decided(officer: Officer, number: int, act: str, because: str) -> Done:
    """Confirm, refuse or undo a proposal.

    Raises:
        Problem: 400 without a reason, 403, 404, or 409 where it cannot be decided so.
    """
    officer.must_be("Matching")
    now = datetime.now(UTC)
    with _in_words():
        found = decide(officer.engine, number, act, by=officer.actor.name, because=because, now=now)
    return Done(found.number, found.state, found.then, _follow(officer))


@dataclass(frozen=True, slots=True)
class Many:
    """What came of deciding several at once: those that are decided, and those that could not be, with why."""

    done: tuple[int, ...]
    left: tuple[tuple[int, str], ...]


def decided_many(officer: Officer, numbers: Collection[int], act: str, because: str) -> Many:
    """Confirm or refuse several open proposals for one reason; what cannot be decided so is left as it is.

    Raises:
        Problem: 400 without a reason, 403.
    """
    officer.must_be("Matching")
    now = datetime.now(UTC)
    done, left = [], []
    with _in_words():
        for number in numbers:
            try:
                decide(
                    officer.engine,
                    number,
                    act,
                    by=officer.actor.name,
                    because=because,
                    now=now,
                    only_open=True,
                )
            except NotSaid:
                raise
            except (CannotDecide, NoSuchProposal) as error:
                left.append((number, str(error)))
            else:
                done.append(number)
    if done:
        _follow(officer)
    return Many(tuple(done), tuple(left))


def linked(officer: Officer, kind: str, pair: tuple[str, str], because: str, *, same: bool) -> Done:
    """Say that two are one, or are not, where nothing was proposed.

    Raises:
        Problem: As `decided`.
    """
    officer.must_be("Matching")
    act = "confirm" if same else "refuse"
    with _in_words():
        with officer.engine.connect() as connection:
            meant = named(connection, kind, *pair)
        now = datetime.now(UTC)
        found = link(officer.engine, meant, by=officer.actor.name, because=because, now=now, act=act)
    return Done(found.number, found.state, found.then, _follow(officer))


def settled(officer: Officer, number: int, claim: int | None, because: str) -> Done:
    """Let a claim count, or (None) take a person's word on a conflict back.

    Raises:
        Problem: As `decided`; 404 also for a conflict of a project the token may not see.
    """
    officer.must_be("Settling a conflict", everything=False)
    _must_see(officer, number)
    now = datetime.now(UTC)
    with _in_words():
        if claim is None:
            found = unsettle(officer.engine, number, by=officer.actor.name, because=because, now=now)
        else:
            found = settle(officer.engine, number, claim, by=officer.actor.name, because=because, now=now)
    return Done(number, None, found.then, _follow(officer, _only(found.project_id)))


def stated(officer: Officer, key: str, attribute: str, value: str, because: str) -> Done:
    """Let a value count that somebody states by hand.

    Raises:
        Problem: As `decided`; 404 also for a project the token may not see.
    """
    officer.must_be("Stating a value by hand", everything=False)
    with Session(officer.engine) as session:
        project = session.scalar(select(Project.id).where(Project.key == key))
        visible = visible_projects(session, officer.principal)
    if project is None or (visible is not None and project not in visible):
        raise not_found(f"There is no project {key}, or this token may not see it.")
    with _in_words():
        wanted = Statement(project, attribute, value, because)
        found = state(officer.engine, wanted, by=officer.actor.name, now=datetime.now(UTC))
    counts = _follow(officer, _only(found.project_id))
    return Done(found.number, None, found.then, counts, found.warnings)


def unstated(officer: Officer, number: int, because: str) -> Done:
    """Withdraw such a value.

    Raises:
        Problem: As `stated`.
    """
    officer.must_be("Withdrawing a value", everything=False)
    with Session(officer.engine) as session:
        visible = visible_projects(session, officer.principal)
        row = session.get(HandClaim, number)
        if row is None or (visible is not None and row.project_id not in visible):
            raise not_found(f"There is no claim {number} made by hand, or this token may not see it.")
    with _in_words():
        found = withdraw(
            officer.engine, number, by=officer.actor.name, because=because, now=datetime.now(UTC)
        )
    return Done(found.number, None, found.then, _follow(officer, _only(found.project_id)))


def ruled(officer: Officer, asked: RuleAsked, because: str) -> Done:
    """Make a rule.

    Raises:
        Problem: As `decided`.
    """
    officer.must_be("Making a rule")
    with _in_words():
        found = make_rule(
            officer.engine, asked, by=officer.actor.name, because=because, now=datetime.now(UTC)
        )
    return Done(found.number, None, found.then, _follow(officer, _only(found.project_id)))


def unruled(officer: Officer, number: int, because: str) -> Done:
    """End a rule.

    Raises:
        Problem: As `decided`.
    """
    officer.must_be("Ending a rule")
    with _in_words():
        found = end_rule(
            officer.engine, number, by=officer.actor.name, because=because, now=datetime.now(UTC)
        )
    return Done(number, None, found.then, _follow(officer, _only(found.project_id)))


def tried(officer: Officer, asked: RuleAsked) -> RuleEffect:
    """Say what a rule would do.

    Raises:
        Problem: 400 where it cannot be a rule.
    """
    officer.must_be("Trying a rule")
    now = datetime.now(UTC)
    with _in_words(), Session(officer.engine) as session:
        return rule_effect(session, asked, as_of=today(session.connection(), now), now=now)


def _must_see(officer: Officer, number: int) -> None:
    with Session(officer.engine) as session:
        visible = visible_projects(session, officer.principal)
        found = session.get(ClaimConflict, number)
        if found is None or (visible is not None and found.project_id not in visible):
            raise not_found(f"There is no conflict {number}, or this token may not see it.")


def _follow(officer: Officer, projects: Collection[UUID] | None = None) -> bool:
    return follow(officer.engine, datetime.now(UTC), projects)


def _only(project: UUID | None) -> Collection[UUID] | None:
    return None if project is None else [project]


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what cannot be done into an answer that says why."""
    try:
        yield
    except (NoSuchProposal, NoSuchConflict, NoSuchHandClaim) as error:
        raise not_found(str(error)) from None
    except (CannotSettle, CannotState, NotSaid) as error:
        raise bad_request(str(error)) from None
    except CannotDecide as error:
        raise Problem(409, "conflict", str(error)) from None
