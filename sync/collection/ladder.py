"""By the clock: cycles open and close by themselves, and who owes something is reminded, up the ladder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.calendar import NoSuchCalendar, calendar
from model.collection.cycle import BadPeriod, Days, days_of, due_periods, next_period
from model.collection.ladder import OWED, Rung, reached, rungs
from model.collection.roles import system
from model.declaration import InvalidDeclaration
from model.template.template import Template
from sync.audit import record
from sync.collection.cycles import CycleRefused, CycleRow, cycles, open_cycle, plan_of
from sync.collection.heads import SubmissionHead, heads
from sync.collection.judges import templates_on
from sync.collection.outbox import Told, tell
from sync.collection.people import people_of
from sync.collection.refilling import refill
from sync.collection.templates import NoSuchTemplate, version
from sync.match import NotConfigured, portfolio_of
from sync.store import unit_of_work

log = logging.getLogger(__name__)
_DONE = frozenset({"published", "superseded"})
_UNFIT = (BadPeriod, NoSuchCalendar, NoSuchTemplate, InvalidDeclaration)


@dataclass(slots=True)
class Ticked:
    """What the clock did: cycles by template and period, how many were told, and what could not be done."""

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    told: int = 0
    refilled: int = 0
    warnings: list[str] = field(default_factory=list)


def tick(engine: Engine, now: datetime) -> Ticked:
    """Do whatever the calendar asks for by now. Safe to repeat, and from any number of nodes."""
    done = Ticked()
    with engine.connect() as connection:
        try:
            with Session(connection) as session:
                zone = portfolio_of(session).timezone
        except NotConfigured:
            return done
        judges = templates_on(connection, now.astimezone(ZoneInfo(zone)).date())
    for template in judges.all():
        _collect(engine, template, zone, now, done)
    with engine.connect() as connection:
        standing = cycles(connection, states=["open"])
    for cycle in standing:
        _keep(engine, cycle, now, done)
    return done


def _collect(engine: Engine, template: Template, zone: str, now: datetime, done: Ticked) -> None:
    """Open the periods of a template that are asked for by now, and write down the one after."""
    cadence = template.header.cadence
    if cadence is None or cadence.every == "continuous":
        return
    try:
        worked = calendar(cadence.calendar or "weekdays")
        today = now.astimezone(ZoneInfo(cadence.timezone or zone)).date()
        periods = due_periods(cadence, today, worked, zone)
        with engine.connect() as connection:
            known = {each.period: each for each in cycles(connection, template=template.header.id)}
        for period in periods:
            if period not in known or known[period].state == "planned":
                open_cycle(engine, template.header.id, period, actor=system(), now=now)
                done.opened.append(f"{template.header.id} {period}")
        if periods and (after := next_period(periods[-1])) not in known:
            _plan(engine, template, days_of(cadence, after, worked, zone))
            done.planned.append(f"{template.header.id} {after}")
    except CycleRefused as refused:  # no project yet: nothing to ask
        log.debug("no cycle: %s", refused)
    except _UNFIT as error:
        done.warnings.append(f"{template.label} is not collected: {error}")


def _plan(engine: Engine, template: Template, plan: Days) -> None:
    with unit_of_work(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO cycle (template, version, period, period_end, opens_at, due_at, timezone, calendar,"
                " state) VALUES (:template, :version, :period, :period_end, :opens_at, :due_at, :timezone,"
                " :calendar, 'planned') ON CONFLICT (template, period) DO NOTHING"
            ),
            {
                "template": template.header.id, "version": template.header.version, "period": plan.period,
                "period_end": plan.period_end, "opens_at": plan.opens_at, "due_at": plan.due_at,
                "timezone": plan.timezone, "calendar": plan.calendar.id,
            },
        )  # fmt: skip


def _keep(engine: Engine, cycle: CycleRow, now: datetime, done: Ticked) -> None:
    """Remind who owes, then close a cycle that is over or fill its submissions in anew once a day."""
    try:
        with unit_of_work(engine) as connection:
            template = version(connection, cycle.template, cycle.version)
            standing = heads(connection, cycles=[cycle.id])
            # Also of a cycle that closes now: after days without a clock nobody has heard of it yet.
            done.told += remind(connection, template, cycle, standing, now)
            if _is_over(connection, template, cycle, standing, now):
                connection.execute(
                    text(
                        "UPDATE cycle SET state = 'closed', closed_at = :now, closed_by = 'system' WHERE id = :id"
                        " AND state = 'open'"
                    ),
                    {"id": cycle.id, "now": now},
                )
                detail = {"cycle": cycle.id, "now": "closed"}
                record(connection, "cycle.moved", f"cycle {cycle.template} {cycle.period}", detail)
                done.closed.append(f"{cycle.template} {cycle.period}")
                return
            done.refilled += refill(connection, _to_refill(connection, standing, now), now)
    except (*_UNFIT, SQLAlchemyError) as error:
        said = str(error) if isinstance(error, _UNFIT) else type(error).__name__
        log.warning("cycle %s %s was left as it is: %s", cycle.template, cycle.period, said)
        done.warnings.append(f"{cycle.template} {cycle.period} was left as it is: {said}")


def _is_over(
    connection: Connection,
    template: Template,
    cycle: CycleRow,
    standing: Sequence[SubmissionHead],
    now: datetime,
) -> bool:
    """Say whether everything is published, or the next period's window has opened since this one did."""
    if standing and all(head.state in _DONE for head in standing):
        return True
    cadence = template.header.cadence
    if cadence is None or cadence.every == "continuous":
        return False
    opens = plan_of(connection, template, next_period(cycle.period)).opens_at
    return cycle.opened_at is not None and cycle.opened_at < opens <= now


def _to_refill(
    connection: Connection, standing: Sequence[SubmissionHead], now: datetime
) -> list[SubmissionHead]:
    """Return the submissions that people still answer and that were last filled in on an earlier day."""
    owed = [head for head in standing if head.state in OWED]
    rows = connection.execute(
        text(
            "SELECT submission_id, max(filled_at) FROM prefill WHERE submission_id = ANY(CAST(:ids AS bigint[]))"
            " GROUP BY submission_id"
        ),
        {"ids": [head.id for head in owed]},
    )
    filled = {id_: at for id_, at in rows}  # noqa: C416  (a Row is no pair to mypy)
    return [
        head
        for head in owed
        if head.day(max(filled.get(head.id, head.opened_at), head.opened_at)) < head.day(now)
    ]


def remind(
    connection: Connection,
    template: Template,
    cycle: CycleRow,
    standing: Sequence[SubmissionHead],
    now: datetime,
) -> int:
    """Tell who owes: of each role the highest rung that was reached while it was owed, once."""
    ladder = reached(rungs(template, plan_of(connection, template, cycle.period)), now)
    owed = [head for head in standing if head.state in OWED]
    if not ladder or not owed:
        return 0
    since = _owed_since(connection, owed)
    told = []
    for head in owed:
        newest: dict[str, Rung] = {}
        for rung in ladder:
            if rung.at > since[head.id]:
                newest[rung.role] = rung
        told += [_reminder(template, head, rung, since[head.id], now) for rung in newest.values()]
    return tell(connection, told, people_of(connection, [head.project_id for head in owed], now), now)


def _owed_since(connection: Connection, owed: Sequence[SubmissionHead]) -> dict[int, datetime]:
    """Return since when each is owed: since it was opened, or came back."""
    rows = connection.execute(
        text(
            "SELECT submission_id, max(at) FROM submission_move WHERE to_state = 'returned'"
            " AND submission_id = ANY(CAST(:ids AS bigint[])) GROUP BY submission_id"
        ),
        {"ids": [head.id for head in owed]},
    )
    return {head.id: head.opened_at for head in owed} | {id_: at for id_, at in rows}  # noqa: C416  (as above)


def _reminder(template: Template, head: SubmissionHead, rung: Rung, since: datetime, now: datetime) -> Told:
    title = f"{template.header.title} {head.period} of {head.project_name} ({head.project_key})"
    last = head.due_day
    word = (
        "came back and has not been handed in again" if head.state == "returned" else "has not been handed in"
    )
    passed = now >= head.due_at  # told after days without a clock, too
    if passed:
        says = f"{title} {word}; its deadline has passed"
    elif last == head.day(now):
        says = f"{title} is due today"
    else:
        says = f"{title} {word}; it is due by the end of {last:%A %d %B %Y}"
    if rung.mark:
        says += f": marked as {rung.mark}"
    payload = {"rung": rung.written, "mark": rung.mark, "due_at": head.due_at.isoformat()}
    key = f"chase:{head.id}:{since:%Y%m%dT%H%M%S}:{rung.index}:{rung.role}"
    return Told(key, "overdue" if passed else "reminder", head, rung.role, says, payload)
