"""The demo's collection: last month's status reports, asked for on their day and handed in as people do."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from model.collection.cycle import period_of, previous_period
from model.collection.roles import Actor, operator, system
from model.collection.workflow import workflow_of
from sync.collection.answers import Change, give_answers
from sync.collection.case import Case, open_case
from sync.collection.comments import comment
from sync.collection.cycles import CycleRow, NoSuchCycle, find_cycle, open_cycle, plan_of
from sync.collection.heads import SubmissionHead, heads
from sync.collection.ladder import remind
from sync.collection.refused import Held
from sync.collection.submissions import move
from sync.collection.templates import current
from sync.store import unit_of_work

TEMPLATE: Final = "monthly-status"
OFFICER: Final = Actor("Olu Adeyemi", frozenset({"project_officer"}))
HEAD: Final = Actor("Hana Brandt", frozenset({"pmo_head"}))
_REASON: Final = "The board accepted the risk behind the computed colour at its last meeting."
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# What becomes of the reports that nothing holds back, in the order of their keys; the rest stay drafts.
_COURSES: Final = (
    ("submit", "review", "approve", "publish"),
    ("submit", "review", "approve", "publish"),
    ("submit", "review", "approve"),
    ("submit", "review"),
    ("submit",),
    ("submit", "review", "return"),
)


def collect_last_month(
    engine: Engine, now: datetime, *, since: datetime | None = None, today: date | None = None
) -> str | None:
    """Ask for last month's reports as of the day they were due to be asked for; None where that was done before.

    What people hand in is known from then on: nothing is handed in before `since`, the instant of the last
    consolidation, whose snapshots would not have it.

    Args:
        engine: The store.
        now: Nothing happens later.
        since: In the replay of past weeks, the week before; None as long as the reports are not all due.
        today: The day whose last month is meant; None: that of `now`.
    """
    period = previous_period(period_of("month", today or now.date()))
    with engine.connect() as connection:
        template = current(connection, TEMPLATE, now.date())
        plan = plan_of(connection, template, period)
        if since is not None and now < plan.due_at + 14 * _HOUR:
            return None
        try:
            find_cycle(connection, TEMPLATE, period)
        except NoSuchCycle:
            pass
        else:
            return None
    opened = plan.opens_at + 9 * _HOUR
    cycle = open_cycle(engine, TEMPLATE, period, actor=system(), now=opened)
    with engine.connect() as connection:
        asked = heads(connection, cycles=[cycle.id])
    _explain(engine, asked, opened + _DAY)
    # What the sources say may change until a report is handed in.
    begin = now if since is None else since
    in_time, late = max(opened + 2 * _DAY, begin), max(plan.due_at + 10 * _HOUR, begin)
    times = (opened + _DAY, in_time, late)
    ready = [head for head in asked if all(_case(engine, head, at).judge().can_submit for at in times)]
    for number, (head, course) in enumerate(zip(ready, _COURSES, strict=False)):
        # One comes in the day after; what was read since may hold one back: it stays a draft.
        with suppress(Held):
            _take(engine, head, course, late if number == 1 else in_time, now)
    _remind(engine, cycle, now)
    show = f"`muster cycle show {TEMPLATE} {period}`"
    return f"Last month's reports ({period}) were asked for and handed in as people do: {show}."


def _case(engine: Engine, head: SubmissionHead, now: datetime) -> Case:
    with engine.connect() as connection:
        return open_case(connection, head.id, now=now)


def _explain(engine: Engine, asked: Sequence[SubmissionHead], now: datetime) -> None:
    """Let two managers say why they see a colour otherwise than the policy computes it."""
    odd = [
        head for head in asked if "override_reason" in _case(engine, head, now).judge().results[""].missing
    ]
    for head in odd[:2]:
        who = _who(_case(engine, head, now), "project_manager")
        give_answers(
            engine,
            head.id,
            [Change("", "override_reason", _REASON)],
            actor=who,
            door="web",
            revision=None,
            now=now,
        )


def _take(engine: Engine, head: SubmissionHead, course: Sequence[str], at: datetime, now: datetime) -> None:
    case = _case(engine, head, at)
    sentence = next((each.attest for each in workflow_of(case.template).moves if each.attest), None)
    who = {
        "submit": _who(case, "project_manager"), "review": OFFICER, "return": OFFICER,
        "approve": _who(case, "sponsor"), "publish": HEAD,
    }  # fmt: skip
    for number, step in enumerate(course):
        then = min(at + number * _HOUR, now)
        if step == "return":
            comment(engine, head.id, "Which of these was accepted, and by whom?", actor=OFFICER,
                    now=then, field="achievements")  # fmt: skip
        move(
            engine, head.id, step, actor=who[step], door="web", revision=None, now=then,
            because="Say which deliverables were accepted" if step == "return" else None,
            attest=sentence if step == "submit" else None,
        )  # fmt: skip


def _who(case: Case, role: str) -> Actor:
    """Return whom the project names in a role; where it names nobody, an operator stands in."""
    named = case.people.get(role)
    return Actor(named) if named else operator(f"Deputy {role.replace('_', ' ')}")


def _remind(engine: Engine, cycle: CycleRow, now: datetime) -> None:
    with unit_of_work(engine) as connection:
        standing = heads(connection, cycles=[cycle.id])
        remind(connection, current(connection, TEMPLATE, now.date()), cycle, standing, now)
