"""Consolidate: match, claim, collect, colour, and append a snapshot where a project's status changed."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from model.policy import Policy
from sync.claim import claim_all
from sync.collect import collect
from sync.collection.judges import Judges, templates_on
from sync.collection.template_migration import migrate_open
from sync.collection.template_steps import today
from sync.collection.templates import install
from sync.colours import colours
from sync.compose import Quality, Status, compose
from sync.facts import Asked, Facts, gather
from sync.identity.conflicts import keep_conflicts
from sync.json import dump_bytes
from sync.match import match, portfolio_of
from sync.policy.kept import install as install_policy
from sync.policy.kept import policy_standing
from sync.policy.place import undefined_tiers
from sync.sight import being_read
from sync.store import copy_rows

LOCK: Final = 0x6D757374  # one consolidation at a time; the second waits


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
    _locked(engine, lambda session: _match_and_claim(session, done))
    _locked(engine, lambda session: _migrate(session, done))
    _locked(engine, lambda session: _colour(session, done, projects, policy))
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
    _colour(session, done, None, None)
    return done


def _locked(engine: Engine, step: Callable[[Session], None]) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        step(session)


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
    session: Session,
    done: Consolidation,
    projects: Collection[UUID] | None,
    policy: Policy | None,
) -> None:
    portfolio = portfolio_of(session)
    policy = policy or policy_standing(session.connection(), done.as_of, done.known_at)
    chosen = None if projects is None else list(projects)
    reading = being_read(session, done.known_at)
    facts = gather(
        session, Asked(chosen, done.as_of, done.known_at, portfolio.timezone, portfolio.currency, reading)
    )
    done.warnings += undefined_tiers(policy, facts.projects)
    coloured = colours(facts, policy)
    keep_conflicts(session, facts, everything=projects is None)
    judges = judges_of(session, facts)
    done.warnings += judges.warnings
    collected = collect(session, facts, judges, computed=coloured.computed, policy=policy)
    done.projects = len(facts.projects)
    done.assessed = collected.assessed
    done.findings_opened, done.findings_closed = collected.opened, collected.closed
    statuses = {
        project.id: compose(
            project,
            coloured.dimensions[project.id],
            collected.quality.get(project.id, Quality()),
            facts,
            policy,
        )
        for project in facts.projects
    }
    done.conflicts = [
        _conflict(status.document["key"], each)
        for status in statuses.values()
        for each in status.document["conflicts"]
    ]
    done.snapshots = _append(session, facts, statuses, policy)
    done.unchanged = done.projects - done.snapshots


def judges_of(session: Session, facts: Facts) -> Judges:
    """Return what judges on the facts' day; the shipped templates are stored first, where they are not yet."""
    connection = session.connection()
    install(connection, day=today(connection, facts.known_at), now=facts.known_at)
    return templates_on(connection, facts.as_of)


def _conflict(key: str, each: Mapping[str, Any]) -> str:
    others = ", ".join(f"{other['source']} says {other['value']}" for other in each["others"])
    return f"{key} {each['attribute']}: {each['source']} says {each['value']}, {others} ({each['because']})"


def _append(session: Session, facts: Facts, statuses: Mapping[UUID, Status], policy: Policy) -> int:
    """Write a snapshot for each project whose document or policy differs from the newest of that day."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (project_id) project_id, sha256, policy, known_at FROM snapshot WHERE as_of = :as_of"
            " AND known_at <= :known_at ORDER BY project_id, known_at DESC"
        ),
        {"as_of": facts.as_of, "known_at": facts.known_at + timedelta(milliseconds=1)},
    )
    standing = {row[0]: row for row in rows}
    new: list[tuple[UUID, datetime, Status, str]] = []
    for project, status in statuses.items():
        sha256 = hashlib.sha256(dump_bytes(status.document, canonical=True)).hexdigest()
        was = standing.get(project)
        if was is not None and (was[1], was[2]) == (sha256, policy.label):
            continue
        # Two different states known at one instant: the later found stands behind the earlier.
        at = facts.known_at if was is None or was[3] < facts.known_at else was[3] + timedelta(microseconds=1)
        new.append((project, at, status, sha256))
    if new:
        _insert(session, facts, new, policy)
    return len(new)


def _insert(
    session: Session, facts: Facts, new: list[tuple[UUID, datetime, Status, str]], policy: Policy
) -> None:
    columns = (
        "project_id", "as_of", "known_at", "policy", "overall", "health", "reported", "watermelon", "document",
        "receipt", "sha256",
    )  # fmt: skip
    rows = [
        (project, facts.as_of, at, policy.label, each.overall, each.health, each.reported, each.watermelon,
         each.document, each.receipt, sha256)
        for project, at, each, sha256 in new
    ]  # fmt: skip
    copy_rows(session.connection(), "snapshot", columns, rows)
