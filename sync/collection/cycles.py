"""Cycles: opened for every project their template applies to, filled in, and closed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from config.calendar import calendar
from model.collection.cycle import Days, days_of
from model.collection.roles import SYSTEM, Actor
from model.collection.workflow import role_of
from model.template.template import Template
from sync.audit import record
from sync.collection.filling import Known, known_now
from sync.collection.heads import SubmissionHead, heads
from sync.collection.moves import Taken, write_move
from sync.collection.outbox import Told, tell
from sync.collection.people import people_of
from sync.collection.refilling import fill
from sync.collection.refused import NotAllowed, Refused
from sync.collection.templates import current_version
from sync.match import portfolio_of
from sync.store import unit_of_work

OFFICE: Final = ("project_officer", "pmo_head")  # who opens and closes cycles
USUAL_CALENDAR: Final = "weekdays"
_LOCK: Final = 0x6D757375  # one opening at a time; the second waits


class NoSuchCycle(LookupError):
    """There is no such cycle."""


class CycleRefused(Refused):
    """The cycle cannot be opened or closed as asked."""


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One template asked for one period, and how far it is."""

    id: int
    template: str
    version: str
    period: str
    period_end: date
    opens_at: datetime
    due_at: datetime
    timezone: str
    calendar: str
    state: str
    opened_at: datetime | None
    opened_by: str | None
    closed_at: datetime | None
    closed_by: str | None

    def to_json(self) -> dict[str, Any]:
        """Return it as a document, instants as datetimes."""
        return {name: getattr(self, name) for name in self.__slots__}


_COLUMNS: Final = (
    "id, template, version, period, period_end, opens_at, due_at, timezone, calendar, state, opened_at,"
    " opened_by, closed_at, closed_by"
)


def cycles(
    connection: Connection, *, template: str | None = None, states: Collection[str] | None = None
) -> list[CycleRow]:
    """Return cycles, the newest period first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM cycle WHERE (CAST(:template AS text) IS NULL OR template = :template)"
            " AND (CAST(:states AS text[]) IS NULL OR state = ANY(CAST(:states AS text[])))"
            " ORDER BY period_end DESC, template, id"
        ),
        {"template": template, "states": None if states is None else list(states)},
    )
    return [CycleRow(*row) for row in rows]


def cycle_of(connection: Connection, cycle: int) -> CycleRow:
    """Return one cycle.

    Raises:
        NoSuchCycle: There is none of that number.
    """
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM cycle WHERE id = :id"), {"id": cycle}
    ).one_or_none()
    if row is None:
        raise NoSuchCycle(f"there is no cycle {cycle}; `muster cycle list` shows those there are")
    return CycleRow(*row)


def find_cycle(connection: Connection, template: str, period: str) -> CycleRow:
    """Return a template's cycle of a period.

    Raises:
        NoSuchCycle: With those there are.
    """
    found = cycles(connection, template=template)
    for each in found:
        if each.period == period:
            return each
    have = ", ".join(each.period for each in found) or "none"
    raise NoSuchCycle(f"there is no cycle {template} {period}; of {template} there are: {have}")


def plan_of(connection: Connection, template: Template, period: str) -> Days:
    """Return the days of a template's cycle, in its own calendar and zone, else the portfolio's zone.

    Raises:
        BadPeriod: It is no period of the template's cadence.
        NoSuchCalendar: It names a calendar that is not there.
    """
    cadence = template.header.cadence
    with Session(connection) as session:
        zone = portfolio_of(session).timezone
    named = cadence.calendar if cadence is not None and cadence.calendar else USUAL_CALENDAR
    return days_of(cadence, period, calendar(named), zone)


def open_cycle(
    engine: Engine,
    template: str,
    period: str,
    *,
    actor: Actor,
    now: datetime,
    projects: Collection[str] | None = None,
) -> CycleRow:
    """Open a cycle: a submission for each project the template applies to, filled in, its preparer told.

    A closed cycle is opened again with the submissions it has, and for projects that came since.

    Args:
        engine: The store.
        template: Its id; the version that judges today asks.
        period: 2025-06, 2025-Q2 or 2025-W23.
        actor: An officer, the head of the office, the operator, or Muster by the clock.
        now: The clock.
        projects: Keys of those to ask; None: all it applies to.

    Raises:
        NotAllowed: The actor may not.
        NoSuchTemplate: No such template, or no version of it judges today.
        BadPeriod: It is no period of the template's cadence.
        CycleRefused: It is open already, or there is nobody to ask.
    """
    _must_be_office(actor, "open cycles")
    with unit_of_work(engine) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        with Session(connection) as session:
            day = now.astimezone(ZoneInfo(portfolio_of(session).timezone)).date()
        kept = current_version(connection, template, day)
        loaded = kept.loaded()
        plan = plan_of(connection, loaded, period)
        row = _opened(connection, loaded, plan, actor, now)
        known = known_now(
            connection,
            None,
            template=template,
            templates=[loaded],
            period_end=plan.period_end,
            day=day,
            now=now,
        )
        new = _ask(connection, row, known, _keys(known, projects), now)
        if not heads(connection, cycles=[row.id]):
            raise CycleRefused(f"{template} {period}: there is no project it applies to; nothing was opened")
        _tell_opened(connection, loaded, new, now)
        detail = {"cycle": row.id, "version": row.version, "asked": len(new)}
        record(connection, "cycle.opened", f"cycle {row.template} {row.period}", detail, by=actor.name)
        return row


def _keys(known: Known, projects: Collection[str] | None) -> Collection[str] | None:
    if projects is None:
        return None
    have = {project.key for project in known.facts.projects}
    if strange := sorted(set(projects) - have):
        raise CycleRefused(f"there is no open project {', '.join(strange)}; `muster status` lists them")
    return projects


def _must_be_office(actor: Actor, what: str) -> None:
    if not (actor.is_operator or SYSTEM in actor.roles or actor.roles & set(OFFICE)):
        raise NotAllowed(f"{actor.name} may not {what}: that takes a {' or '.join(OFFICE)}")


def _opened(connection: Connection, template: Template, plan: Days, actor: Actor, now: datetime) -> CycleRow:
    """Write the cycle as open, over one that was planned or closed."""
    values = {
        "template": template.header.id, "version": template.header.version, "period": plan.period,
        "period_end": plan.period_end, "opens_at": plan.opens_at, "due_at": plan.due_at,
        "timezone": plan.timezone, "calendar": plan.calendar.id, "now": now, "by": actor.name,
    }  # fmt: skip
    row = connection.execute(
        text(
            "INSERT INTO cycle AS c (template, version, period, period_end, opens_at, due_at, timezone, calendar,"
            " state, opened_at, opened_by) VALUES (:template, :version, :period, :period_end, :opens_at, :due_at,"
            " :timezone, :calendar, 'open', :now, :by) ON CONFLICT (template, period) DO UPDATE SET state = 'open',"
            " version = CASE WHEN c.state = 'planned' THEN excluded.version ELSE c.version END,"
            " period_end = excluded.period_end, opens_at = excluded.opens_at, due_at = excluded.due_at,"
            " timezone = excluded.timezone, calendar = excluded.calendar, opened_at = excluded.opened_at,"
            " opened_by = excluded.opened_by, closed_at = NULL, closed_by = NULL WHERE c.state <> 'open'"
            f" RETURNING {_COLUMNS}"
        ),
        values,
    ).one_or_none()
    if row is None:
        raise CycleRefused(f"{template.header.id} {plan.period} is open already")
    return CycleRow(*row)


def _ask(
    connection: Connection, cycle: CycleRow, known: Known, keys: Collection[str] | None, now: datetime
) -> list[SubmissionHead]:
    """Make a submission for each project that owes one and has none, and fill it in."""
    have = {head.project_id for head in heads(connection, cycles=[cycle.id])}
    owing = [
        project.id
        for project in known.facts.projects
        if project.id not in have
        and (keys is None or project.key in keys)
        and known.template(cycle.version, project.id).applies(
            stage=project.value("stage"), tier=project.value("tier")
        )
    ]
    made = set(
        connection.execute(
            text(
                "INSERT INTO submission (cycle_id, project_id, version, state, opened_at)"
                " SELECT :cycle, w.id, :version, 'not_started', :now FROM unnest(CAST(:owing AS uuid[])) AS w(id)"
                " RETURNING id"
            ),
            {"cycle": cycle.id, "version": cycle.version, "now": now, "owing": owing},
        ).scalars()
    )
    new = [head for head in heads(connection, cycles=[cycle.id]) if head.id in made]
    fill(connection, new, known, now)
    for head in new:
        write_move(connection, head, Taken("draft", SYSTEM, SYSTEM, SYSTEM), now)
    connection.execute(
        text("UPDATE submission SET state = 'draft', revision = 0 WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(made)},
    )
    return new


def _tell_opened(
    connection: Connection, template: Template, new: Sequence[SubmissionHead], now: datetime
) -> None:
    role = role_of(template, "preparer")
    people = people_of(connection, [head.project_id for head in new], now) if new else {}
    told = [
        Told(
            f"opened:{head.id}:{role}", "opened", head, role,
            f"{template.header.title} {head.period} of {head.project_name} ({head.project_key}) is asked for,"
            f" due by the end of {local_day(head)}",
            {"due_at": head.due_at.isoformat()},
        )
        for head in new
    ]  # fmt: skip
    tell(connection, told, people, now)


def local_day(head: SubmissionHead) -> str:
    """Say the day by whose end a submission is due, in its own time zone."""
    return f"{head.due_day:%A %d %B %Y} ({head.timezone})"


def close_cycle(engine: Engine, cycle: int, *, actor: Actor, now: datetime) -> CycleRow:
    """Close a cycle: nothing more is taken. Reviews, approvals and publications of what was handed in go on.

    Raises:
        NoSuchCycle: There is none of that number.
        NotAllowed: The actor may not.
        CycleRefused: It is closed already.
    """
    _must_be_office(actor, "close cycles")
    with unit_of_work(engine) as connection:
        row = connection.execute(
            text(
                "UPDATE cycle SET state = 'closed', closed_at = :now, closed_by = :by WHERE id = :id"
                f" AND state <> 'closed' RETURNING {_COLUMNS}"
            ),
            {"id": cycle, "now": now, "by": actor.name},
        ).one_or_none()
        if row is None:
            found = cycle_of(connection, cycle)
            raise CycleRefused(f"{found.template} {found.period} is closed already")
        closed = CycleRow(*row)
        detail = {"cycle": closed.id, "now": "closed"}
        record(connection, "cycle.moved", f"cycle {closed.template} {closed.period}", detail, by=actor.name)
        return closed
