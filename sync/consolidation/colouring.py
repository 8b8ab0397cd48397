"""Colouring: facts, dimensions, templates, findings and snapshots, of one part of the projects after the other.

However many projects there are, one part of them is in memory.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.policy import Policy
from sync.collect import collect
from sync.collection.judges import Judges, templates_on
from sync.collection.templates import install
from sync.colours import colours
from sync.compose import Quality, Status, compose
from sync.consolidation.copies import copies_among
from sync.consolidation.log import is_newest
from sync.consolidation.new_snapshots import append
from sync.facts import Asked, Facts, gather
from sync.facts_periods import PERIODS, WEEKS_OF_MONTHS
from sync.identity.conflicts import keep_conflicts
from sync.identity.settlements import Settling, standing
from sync.match import Portfolio
from sync.policy.kept import policy_standing
from sync.policy.place import of_undefined_tiers
from sync.portfolio import portfolio_at
from sync.sight import being_read
from sync.today import today

PART: Final = 250  # projects


@dataclass(frozen=True, slots=True)
class Setting:
    """What all parts of one consolidation share, read once.

    `newest` is whether nothing later was looked at: a look back opens and closes no findings.
    """

    as_of: date
    known_at: datetime
    portfolio: Portfolio
    policy: Policy
    judges: Judges
    settling: Settling
    newest: bool
    reading: Mapping[int, datetime] = field(default_factory=dict)

    def asked(self, projects: Sequence[UUID]) -> Asked:
        """Return what is asked of some projects."""
        portfolio = self.portfolio
        return Asked(
            projects, self.as_of, self.known_at, portfolio.timezone, portfolio.currency, self.reading,
            self.settling, WEEKS_OF_MONTHS if self.policy.looks_back_by_month else PERIODS,
        )  # fmt: skip


@dataclass(slots=True)
class Coloured:
    """What colouring some projects came to. `conflicts` are in words."""

    projects: int = 0
    assessed: int = 0
    opened: int = 0
    closed: int = 0
    snapshots: int = 0
    conflicts: list[str] = field(default_factory=list)
    tiers: dict[int, list[str]] = field(default_factory=dict)  # that the policy does not define -> projects

    def add(self, other: "Coloured") -> None:
        """Add what colouring others came to."""
        self.projects += other.projects
        self.assessed += other.assessed
        self.opened += other.opened
        self.closed += other.closed
        self.snapshots += other.snapshots
        self.conflicts += other.conflicts
        for tier, keys in other.tiers.items():
            self.tiers.setdefault(tier, []).extend(keys)


def setting_of(session: Session, as_of: date, known_at: datetime, policy: Policy | None) -> Setting:
    """Read what all parts share; the shipped templates are stored first, where they are not yet.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    connection = session.connection()
    portfolio = portfolio_at(session, as_of, known_at)
    install(connection, day=today(connection, known_at), now=known_at)
    return Setting(
        as_of, known_at, portfolio, policy or policy_standing(connection, as_of, known_at),
        templates_on(connection, as_of), standing(session, known_at), is_newest(session, as_of, known_at),
        being_read(session, known_at),
    )  # fmt: skip


def led(session: Session, known_at: datetime) -> list[UUID]:
    """Return the projects there are at an instant, in the order of their keys."""
    rows = session.execute(
        text(
            "SELECT id FROM project WHERE created_at <= :known_at AND (closed_at IS NULL OR closed_at > :known_at)"
            " ORDER BY key"
        ),
        {"known_at": known_at},
    )
    return list(rows.scalars())


def parts(projects: Sequence[UUID], size: int = PART) -> Iterator[Sequence[UUID]]:
    """Cut projects into parts, each small enough to be held in memory with all that is known of it."""
    for start in range(0, len(projects), size):
        yield projects[start : start + size]


def colour(session: Session, setting: Setting, projects: Sequence[UUID]) -> Coloured:
    """Colour one part of the projects, and append their snapshots; nothing is committed here."""
    into = Coloured()
    facts, statuses = compute(session, setting, projects, into)
    into.snapshots += append(session, facts, statuses, setting.policy)
    return into


def compute(
    session: Session,
    setting: Setting,
    projects: Sequence[UUID],
    into: Coloured,
    amend: Callable[[Facts], None] | None = None,
) -> tuple[Facts, Mapping[UUID, Status]]:
    """Compute what is to be said of some projects, and keep their findings and conflicts up to date.

    `amend` changes what was gathered, before anything is computed from it.
    """
    facts = gather(session, setting.asked(projects))
    if amend is not None:
        amend(facts)
    of_undefined_tiers(setting.policy, facts.projects, into.tiers)
    coloured = colours(facts, setting.policy)
    keep_conflicts(session, facts)
    collected = collect(
        session,
        facts,
        setting.judges,
        colours=coloured,
        policy=setting.policy,
        newest=setting.newest,
        copies=copies_among(session, projects),
    )
    statuses = {
        project.id: compose(
            project,
            coloured.dimensions[project.id],
            collected.quality.get(project.id, Quality()),
            facts,
            setting.policy,
        )
        for project in facts.projects
    }
    into.projects += len(facts.projects)
    into.assessed += collected.assessed
    into.opened += collected.opened
    into.closed += collected.closed
    into.conflicts += _conflicts(facts, statuses)
    return facts, statuses


def _conflicts(facts: Facts, statuses: Mapping[UUID, Status]) -> list[str]:
    return [
        _in_words(project.key, each)
        for project in facts.projects
        for each in statuses[project.id].document["conflicts"]
    ]


def _in_words(key: str, each: Mapping[str, Any]) -> str:
    others = ", ".join(f"{other['source']} says {other['value']}" for other in each["others"])
    return f"{key} {each['attribute']}: {each['source']} says {each['value']}, {others} ({each['because']})"
