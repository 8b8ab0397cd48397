"""Consolidate: match, claim, collect, colour, and append a snapshot where a project's status changed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from model.policy import Policy
from sync.collection.template_migration import migrate_open
from sync.collection.templates import install
from sync.consolidation.colouring import PART, Coloured, Setting, colour, parts
from sync.consolidation.copies import forget_texts, read_texts
from sync.consolidation.log import end
from sync.consolidation.one_by_one import Failing
from sync.consolidation.outcome import Consolidation
from sync.consolidation.to_compute import NOT_COMPUTED, Prepared, prepare_all, prepare_some
from sync.consolidation.touched import keep_quiet
from sync.findings_store import close_of_closed_projects
from sync.identity.conflicts import close_conflicts_of_closed_projects
from sync.policy.kept import install as install_policy
from sync.policy.place import by_tier, said_of_tiers
from sync.today import today

__all__ = ["Consolidation", "consolidate", "consolidate_in"]

LOCK: Final = 0x6D757374  # one consolidation at a time; the second waits

_Within = Callable[[], AbstractContextManager[Session]]  # opens what one part is done in


def consolidate(
    engine: Engine,
    *,
    as_of: date,
    known_at: datetime,
    projects: Collection[UUID] | None = None,
    policy: Policy | None = None,
    part: int = PART,
) -> Consolidation:
    """Bring projects, claims, findings and snapshots up to date with what the sources have stored.

    Safe to repeat: a project whose status is what its last snapshot of the day says gets no second one. After the
    first time on a day only what was touched since is computed; it comes to the same as computing everything.

    Args:
        engine: The store.
        as_of: The day, in the portfolio's time zone, the status is of.
        known_at: What became known later is not looked at.
        projects: Those to colour, touched or not; None: all that were touched.
        policy: None: the one in force on that day, as known then.
        part: So many projects are in memory at a time.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    done = Consolidation(as_of, known_at)
    with _alone(engine):
        within = partial(_transaction, engine)
        with within() as session:
            _migrate(session, done)
        with within() as session:
            prepared = (
                prepare_all(session, done, policy)
                if projects is None
                else prepare_some(session, done, policy, projects)
            )
        _colour(within, done, prepared, part)
    return done


def consolidate_in(session: Session, *, as_of: date, known_at: datetime) -> Consolidation:
    """Do the same for all projects inside the caller's transaction.

    For whoever wants to know what would come of it; nothing is committed here.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    done = Consolidation(as_of, known_at)
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    _colour(lambda: nullcontext(session), done, prepare_some(session, done, None, None))
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
        # Planned for the projects asked for: a plan for any of them reads whole tables for each part.
        session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        yield session


def _migrate(session: Session, done: Consolidation) -> None:
    """Let the templates that took effect since judge what is still being answered; not in a look back."""
    connection = session.connection()
    day = today(connection, done.known_at)
    install(connection, day=day, now=done.known_at)
    install_policy(connection)
    if done.as_of == day:
        done.migrated = len(migrate_open(connection, day=day, now=done.known_at))


def _colour(within: _Within, done: Consolidation, prepared: Prepared, size: int = PART) -> None:
    """Colour the projects part by part, each in a transaction of its own where the caller gives one each."""
    setting = prepared.setting
    shared: set[UUID] = set()
    failing = Failing()
    with within() as session:
        keep_quiet(session)
        close_conflicts_of_closed_projects(session, done.as_of, done.known_at)
        if setting.newest:
            done.findings_closed = close_of_closed_projects(session, done.known_at)
            shared |= forget_texts(session)
    for part in parts(prepared.projects, size) if setting.newest else ():
        with within() as session:
            keep_quiet(session)
            read = partial(_read_texts, session, setting)
            shared |= set[UUID]().union(*failing.each(session, part, read))
    coloured = Coloured()
    for part in parts([*prepared.projects, *sorted(shared.difference(prepared.projects))], size):
        with within() as session:
            keep_quiet(session)
            for one in failing.each(session, part, partial(colour, session, setting)):
                coloured.add(one)
    done.warnings += setting.judges.warnings
    with within() as session:
        tiers = _tiers(session, prepared, coloured, {*prepared.projects, *shared})
        done.failed = failing.told(session)
    done.warnings += done.failed
    done.warnings += said_of_tiers(setting.policy, by_tier(tiers))
    done.projects, done.computed = prepared.there, coloured.projects
    done.assessed, done.snapshots = coloured.assessed, coloured.snapshots
    done.findings_opened = coloured.opened
    done.findings_closed += coloured.closed
    done.conflicts, done.unchanged = coloured.conflicts, prepared.there - coloured.snapshots
    if prepared.number is not None and prepared.standing is not None:
        counts = {"projects": done.projects, "computed": done.computed, "snapshots": done.snapshots}
        with within() as session:
            told = {"tiers": tiers, "told": list(dict.fromkeys(done.warnings))}
            said = prepared.said | told | {NOT_COMPUTED: [str(each) for each in failing.why]}
            end(session, prepared.number, prepared.standing.to_json(), said, counts)


def _read_texts(session: Session, setting: Setting, projects: Sequence[UUID]) -> set[UUID]:
    return read_texts(session, setting.asked(projects), setting.judges)


def _tiers(
    session: Session, prepared: Prepared, coloured: Coloured, computed: Collection[UUID]
) -> dict[str, int]:
    """Return the undefined tier of each project that has one: as found now, else as the last one left it."""
    rows = session.execute(text("SELECT id, key FROM project WHERE closed_at IS NULL ORDER BY key"))
    stays = {key for each, key in rows if each not in computed}
    kept = {key: tier for key, tier in prepared.said.get("tiers", {}).items() if key in stays}
    return kept | {key: tier for tier, keys in coloured.tiers.items() for key in keys}
