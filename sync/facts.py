"""Facts: everything status is computed from, for all projects at once, as known at one instant."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from sync.facts_baselines import Frozen
from sync.facts_money import Months, Said, ledgers_of
from sync.facts_more import read_more
from sync.facts_periods import PERIODS, Period
from sync.facts_register import Kept, register_of
from sync.facts_sql import CHOSEN, KNOWN, SEEN, THERE
from sync.facts_work import Work
from sync.identity.settlements import Settling
from sync.precedence import Values, read_values
from sync.record_rows import amended
from sync.sight import Sight, overdue, sight

TREND: Final = 12  # snapshots a trend shows
_LOOKS: Final = 12  # weekly looks back at a milestone's forecast


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier snapshot said. `held` is the state of hysteresis it left."""

    as_of: date
    overall: str
    health: float | None
    watermelon: int | None
    held: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source and when it was last read; None: never to the end."""

    id: int
    name: str
    position: int
    synced_at: datetime | None
    enabled: bool
    overdue: bool = False  # nothing was read for longer than the source may go without


@dataclass(slots=True)
class ProjectFacts:
    """All that is known of one project."""

    id: UUID
    key: str
    name: str
    programme: str | None
    created_at: datetime
    values: Values = field(default_factory=dict)
    milestones: list[RowMapping] = field(default_factory=list)
    forecasts: dict[tuple[int, str], list[tuple[date, date]]] = field(default_factory=dict)
    raid: list[RowMapping] = field(default_factory=list)
    currencies: dict[str, list[str]] = field(default_factory=dict)  # kind of money -> its currencies
    ledger_eac: Decimal | None = None  # all forecast cost of the first source that has any
    months: Mapping[str, Months] = field(default_factory=dict)  # kind of money -> by month
    progress: list[Said] = field(default_factory=list)  # percent complete, oldest first
    work: Work | None = None  # None: no tracker
    baselines: list[RowMapping] = field(default_factory=list)  # approved or not
    changes: list[RowMapping] = field(default_factory=list)  # requests, where there is a baseline
    frozen: Frozen | None = None  # what the baseline in force froze
    periods: list[Period] = field(default_factory=list)  # past weeks, oldest first
    vacant_since: dict[str, date] = field(default_factory=dict)
    kept: Kept = field(default_factory=dict)  # table -> rows of what its office keeps
    earlier: list[Earlier] = field(default_factory=list)  # newest first
    sources: set[int] = field(default_factory=set)
    sight: Sight | None = None  # None: everything is to be seen
    portfolio: str | None = None  # its key
    currency: str | None = None  # the portfolio's: of amounts that name none

    def value(self, attribute: str) -> Any:
        """Return the winning value, None where nobody says."""
        found = self.values.get(attribute)
        return None if found is None else found.value

    def unit(self, attribute: str) -> str | None:
        """Return the winning value's unit."""
        found = self.values.get(attribute)
        return None if found is None else found.winner.unit

    def finished_on(self, as_of: date) -> date | None:
        """Return when the project ended, None where it has not by that day: one still to come is only a promise."""
        actual: date | None = self.value("actual_finish")
        return actual if actual is not None and actual <= as_of else None


@dataclass(frozen=True, slots=True)
class Facts:
    """The projects in the order of their keys, the sources by id, and the clocks it all was read at."""

    projects: list[ProjectFacts]
    sources: dict[int, SourceState]
    as_of: date
    known_at: datetime
    timezone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which projects (None: all), on which day, as known when, in which zone and currency."""

    projects: Sequence[UUID] | None
    as_of: date
    known_at: datetime
    timezone: str
    currency: str
    reading: Mapping[int, datetime] = field(default_factory=dict)  # sources being read, and since when
    settling: Settling | None = None  # what settles conflicts; None: what stood at the instant
    weeks_back: int = PERIODS  # of which the colours are looked at

    def bound(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of the statements."""
        asked = None if self.projects is None else list(self.projects)
        before = [at - timedelta(microseconds=1) for at in self.reading.values()]
        return {
            "projects": asked, "as_of": self.as_of, "known_at": self.known_at, "reading": list(self.reading),
            "reading_from": before, "weeks_back": self.weeks_back, **more,
        }  # fmt: skip


# What a milestone's version is a version of, where its source names it by a scope: by its id, else by its key. Apart,
# so that each is found in an index.
_SCOPE_OF: Final = "SELECT c.key FROM scope c WHERE c.source_id = v.source_id AND c.kind <> 'register_row'"
_SCOPE_KEY: Final = (
    f", coalesce(({_SCOPE_OF} AND c.external_id = v.project_ref),"
    f" ({_SCOPE_OF} AND c.key = v.project_ref ORDER BY c.id LIMIT 1)) AS scope_key"
)


def gather(session: Session, asked: Asked) -> Facts:
    """Read everything by one statement a subject, however many projects there are."""
    projects = projects_of(session, asked)
    values = read_values(
        session, as_of=asked.as_of, known_at=asked.known_at, projects=asked.projects, settling=asked.settling
    )
    for project_id, found in values.items():
        if project_id in projects:
            projects[project_id].values = found
            projects[project_id].sources |= {c.source_id for w in found.values() for c in w.claims}
    _milestones(session, asked, projects)
    _raid(session, asked, projects)
    _money(session, asked, projects)
    read_more(session, asked, projects)
    _vacancies(session, asked, projects)
    _kept(session, asked, projects)
    _earlier(session, asked, projects)
    _bound_sources(session, asked, projects)
    for project_id, seen in sight(session, asked.known_at).items():
        if project_id in projects:
            projects[project_id].sight = seen
    ordered = sorted(projects.values(), key=lambda project: project.key)
    return Facts(
        ordered, sources_of(session, asked), asked.as_of, asked.known_at, asked.timezone, asked.currency
    )


def projects_of(session: Session, asked: Asked) -> dict[UUID, ProjectFacts]:
    """Return the projects asked for that are led at the instant, nothing else of them read yet."""
    rows = session.execute(
        text(
            "SELECT p.id, p.key, p.name, g.name, p.created_at, f.key FROM project p"
            " JOIN portfolio f ON f.id = p.portfolio_id"
            " LEFT JOIN programme g ON g.id = p.programme_id WHERE p.created_at <= :known_at"
            f" AND (p.closed_at IS NULL OR p.closed_at > :known_at) AND {CHOSEN.format('p.id')}"
        ),
        asked.bound(),
    )
    return {
        row[0]: ProjectFacts(
            row[0], row[1], row[2], row[3], row[4], portfolio=row[5], currency=asked.currency
        )
        for row in rows
    }


def _milestones(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    rows = session.execute(
        text(
            f"{amended('milestone').format(more=_SCOPE_KEY)} WHERE {KNOWN} AND v.amends_source_id IS NULL"
            " ORDER BY v.id"
        ),
        asked.bound(),
    )
    for row in rows.mappings().all():
        if (project := projects.get(row["project_id"])) is not None:
            project.milestones.append(row)
            project.sources.add(row["source_id"])
    _forecasts(session, asked, projects)


def _forecasts(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    """Look at each open milestone's forecast week by week, back from the day, as it was known then."""
    days = [asked.as_of - timedelta(days=7 * back) for back in range(_LOOKS)]
    rows = session.execute(
        text(
            "SELECT v.project_id, coalesce(v.amends_source_id, v.source_id),"
            " coalesce(v.amends_external_id, v.external_id), v.forecast,"
            " CAST(v.known_from AT TIME ZONE :zone AS date),"
            f" CAST(CASE WHEN v.known_to <= {SEEN} THEN v.known_to END AT TIME ZONE :zone AS date)"
            f" FROM milestone v WHERE v.project_id IS NOT NULL AND {THERE.format('v')} AND v.known_from <= {SEEN}"
            f" AND v.actual IS NULL AND v.forecast IS NOT NULL AND {CHOSEN.format('v.project_id')}"
            " ORDER BY v.amends_source_id IS NOT NULL, v.known_from"
        ),
        asked.bound(zone=asked.timezone),
    )
    seen: dict[tuple[UUID, int, str], dict[date, date]] = defaultdict(dict)  # what people answered comes last
    for project_id, source, external_id, forecast, known, until in rows.all():
        shown = {day: forecast for day in days if known <= day and (until is None or day < until)}
        seen[project_id, source, external_id].update(shown)
    for (project_id, source, external_id), by_day in seen.items():
        if (project := projects.get(project_id)) is not None:
            project.forecasts[source, external_id] = list(by_day.items())


def _raid(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    statement = (
        f"{amended('raid_item').format(more='')} WHERE {KNOWN} AND v.amends_source_id IS NULL ORDER BY v.id"
    )
    rows = session.execute(text(statement), asked.bound())
    for row in rows.mappings().all():
        if (project := projects.get(row["project_id"])) is not None:
            project.raid.append(row)
            project.sources.add(row["source_id"])


def _money(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    for project_id, kinds in ledgers_of(session, asked.bound(), asked.currency).items():
        if (project := projects.get(project_id)) is not None:
            project.currencies = {kind: ledger.currencies for kind, ledger in kinds.items()}
            project.sources |= {source for ledger in kinds.values() for source in ledger.sources}
            project.ledger_eac = kinds["forecast"].amount if "forecast" in kinds else None


def _kept(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    for project_id, kept in register_of(session, asked.bound(zone=asked.timezone), asked.currency).items():
        if (project := projects.get(project_id)) is not None:
            project.kept = kept
            project.sources |= {row["source_id"] for rows in kept.values() for row in rows}


def _vacancies(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    """A role that every source which ever spoke of it says is empty, since the last of them said so."""
    rows = session.execute(
        text(
            "SELECT project_id, attribute, max(valid_from) FROM (SELECT DISTINCT ON (project_id, attribute,"
            " source_id) project_id, attribute, value, valid_from FROM claim WHERE known_from <= :known_at"
            " AND valid_from <= :as_of AND attribute IN ('manager', 'sponsor')"
            f" AND {CHOSEN.format('project_id')}"
            " ORDER BY project_id, attribute, source_id, known_from DESC, id DESC) AS standing"
            " GROUP BY project_id, attribute HAVING bool_and(value = 'null')"
        ),
        asked.bound(),
    )
    for project_id, attribute, since in rows:
        if (project := projects.get(project_id)) is not None:
            project.vacant_since[attribute] = since


def _earlier(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    """Of each earlier day the newest snapshot known; with the state of hysteresis it left."""
    rows = session.execute(
        text(
            "SELECT p.id, s.as_of, s.overall, s.health, s.watermelon, s.receipt->'held' FROM project p"
            " CROSS JOIN LATERAL (SELECT DISTINCT ON (t.as_of) t.* FROM snapshot t WHERE t.project_id = p.id"
            " AND t.as_of < :as_of AND t.known_at <= :known_at"
            " ORDER BY t.as_of DESC, t.known_at DESC LIMIT :trend) AS s"
            f" WHERE {CHOSEN.format('p.id')} ORDER BY p.id, s.as_of DESC"
        ),
        asked.bound(trend=TREND - 1),
    )
    for project_id, as_of, overall, health, watermelon, held in rows:
        if (project := projects.get(project_id)) is not None:
            project.earlier.append(Earlier(as_of, overall, health, watermelon, held or {}))


def _bound_sources(session: Session, asked: Asked, projects: dict[UUID, ProjectFacts]) -> None:
    found: dict[UUID, set[int]] = defaultdict(set)
    rows = session.execute(
        text(
            "SELECT DISTINCT project_id, source_id FROM scope WHERE project_id IS NOT NULL AND deleted_at IS NULL"
            f" AND {CHOSEN.format('project_id')}"
        ),
        asked.bound(),
    )
    for project_id, source in rows:
        found[project_id].add(source)
    for project_id, sources in found.items():
        if project_id in projects:
            projects[project_id].sources |= sources


def sources_of(session: Session, asked: Asked) -> dict[int, SourceState]:
    """Return every source, and how far it was read by the instant."""
    rows = session.execute(
        text(
            "SELECT s.id, s.name, s.position, (SELECT max(r.finished_at) FROM run r WHERE r.source_id = s.id"
            " AND r.state IN ('succeeded', 'partial') AND NOT r.cut_short AND r.finished_at <= :known_at),"
            " s.enabled FROM source s"
        ),
        asked.bound(),
    )
    late = overdue(session, asked.known_at)
    return {
        row[0]: SourceState(row[0], row[1], row[2], row[3], row[4], overdue=row[0] in late) for row in rows
    }
