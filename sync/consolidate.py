"""Consolidate: match, claim, collect, colour, and append a snapshot where a project's status changed."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from model.policy import Policy
from sync.claim import claim_all
from sync.collection.template_migration import migrate_open
from sync.collection.template_steps import today
from sync.collection.templates import install
from sync.consolidation.colouring import Coloured, colour, led, parts, setting_of
from sync.consolidation.copies import forget_texts, read_texts
from sync.findings_store import close_of_closed_projects
from sync.identity.conflicts import close_conflicts_of_closed_projects
from sync.match import match
from sync.policy.kept import install as install_policy

LOCK: Final = 0x6D757374  # one consolidation at a time; the second waits

_Within = Callable[[], AbstractContextManager[Session]]  # opens what one part is done in


@dataclass(slots=True)
class Consolidation:
    """What a consolidation did. `unbound` and `warnings` are for an officer, in words."""

    as_of: date
    known_at: datetime
    projects: int = 0
    claims: int = 0
    withdrawn: int = 0
    assessed: int = 0
    findings_opened: int = 0
    findings_closed: int = 0
    snapshots: int = 0
    unchanged: int = 0
    migrated: int = 0
    unbound: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def consolidate(
    engine: Engine,
    *,
    as_of: date,
    known_at: datetime,
    projects: Collection[UUID] | None = None,
    policy: Policy | None = None,
) -> Consolidation:
    """Bring projects, claims, findings and snapshots up to date with what the sources have stored.

    Safe to repeat: a project whose status is what its last snapshot of the day says gets no second one.

    Args:
        engine: The store.
        as_of: The day, in the portfolio's time zone, the status is of.
        known_at: What became known later is not looked at.
        projects: Those to colour; None: all. Matching and claims are always of all.
        policy: None: the one in force on that day, as known then.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    done = Consolidation(as_of, known_at)
    with _alone(engine):
        within = partial(_transaction, engine)
        with within() as session:
            _match_and_claim(session, done)
        with within() as session:
            _migrate(session, done)
        _colour(within, done, projects, policy)
    return done


def consolidate_in(session: Session, *, as_of: date, known_at: datetime) -> Consolidation:
    """Do the same for all projects inside the caller's transaction.

    For whoever wants to know what would come of it; nothing is committed here.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    done = Consolidation(as_of, known_at)
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    _match_and_claim(session, done)
    _colour(lambda: nullcontext(session), done, None, None)
    return done


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Hold the lock in a session of its own, while every part has a transaction of its own."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the session is gone, and the lock with it
                if not connection.invalidated:
                    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


@contextmanager
def _transaction(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session, session.begin():
        yield session


def _match_and_claim(session: Session, done: Consolidation) -> None:
    matched = match(session, known_at=done.known_at)
    claimed = claim_all(session, done.known_at)
    done.claims, done.withdrawn = claimed.written, claimed.withdrawn
    done.unbound = matched.unbound
    done.warnings += [*matched.warnings, *claimed.warnings]


def _migrate(session: Session, done: Consolidation) -> None:
    """Let the templates that took effect since judge what is still being answered; not in a look back."""
    connection = session.connection()
    day = today(connection, done.known_at)
    install(connection, day=day, now=done.known_at)
    install_policy(connection)
    if done.as_of == day:
        done.migrated = len(migrate_open(connection, day=day, now=done.known_at))


def _colour(
    within: _Within, done: Consolidation, projects: Collection[UUID] | None, policy: Policy | None
) -> None:
    """Colour the projects part by part, each part in a transaction of its own where the caller gives one each."""
    with within() as session:
        setting = setting_of(session, done.as_of, done.known_at, policy)
        there = led(session, done.known_at)
        close_conflicts_of_closed_projects(session, done.as_of, done.known_at)
        if setting.newest:
            done.findings_closed = close_of_closed_projects(session, done.known_at)
            forget_texts(session)
    chosen = there if projects is None else [each for each in there if each in set(projects)]
    if setting.newest:
        for part in parts(chosen):
            with within() as session:
                read_texts(session, setting.asked(part), setting.judges)
    coloured = Coloured()
    for part in parts(chosen):
        with within() as session:
            colour(session, setting, part, coloured)
    done.warnings += setting.judges.warnings
    done.projects, done.assessed, done.snapshots = coloured.projects, coloured.assessed, coloured.snapshots
    done.findings_opened = coloured.opened
    done.findings_closed += coloured.closed
    done.conflicts, done.unchanged = coloured.conflicts, coloured.projects - coloured.snapshots
