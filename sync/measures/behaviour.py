"""F16: how a project's colours behave period by period, as computed and as reported."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from model.policy import Limits
from model.status.behaviour import RULE, Flag, flags
from model.status.colour import Colour, facts
from model.status.milestones import milestones
from sync.dimensions import milestone_facts, milestone_record
from sync.facts import ProjectFacts
from sync.facts_periods import PERIODS
from sync.measures.measure import Measure

Week = tuple[date, str, str | None]  # its Monday, the colour that was computed, and the one that was reported

_OF_REPORTS = "reported_"  # before the name of a flag that the reported colours earn


def of_behaviour(
    project: ProjectFacts, as_of: date, limits: Limits, *, computed: Colour, reported: str | None
) -> Iterator[Measure]:
    """Yield the flags that the computed and the reported colours of the last periods earn, with the day's own.

    A green streak that an overdue critical milestone belies is one of reports: what is computed knows of it.
    """
    weeks = [(each.week, each.overall, each.reported) for each in project.periods]
    weeks.append((as_of - timedelta(days=as_of.weekday()), computed.value, reported))
    late = [
        item for item, _ in milestones(milestone_facts(project), as_of=as_of, limits=limits).overdue
        if item.critical
    ]  # fmt: skip
    monthly = limits.behaviour.period == "month"
    starts = _months(weeks) if monthly else _mondays(weeks)
    shown = {_start(week, monthly=monthly): colour for week, colour, _ in weeks}
    told = {_start(week, monthly=monthly): colour for week, _, colour in weeks}
    # A period without a snapshot or a report breaks a streak: nobody knows what it would have been.
    ours = [Colour(shown.get(start, "GREY")) for start in starts]
    theirs = [Colour(told.get(start) or "GREY") for start in starts]
    periods = {"months" if monthly else "weeks": starts}
    inputs = facts(**periods, computed=ours, reported=theirs, critical_overdue=bool(late))
    records = tuple(milestone_record(item) for item in late)
    earned = [(flag.name, flag.says) for flag in flags(ours, limits.behaviour)]
    earned += [_of_reports(flag) for flag in flags(theirs, limits.behaviour, critical_overdue=bool(late))]
    says = _sentence(f"{name}: {said}" for name, said in earned) or _nothing(
        len(starts), limits.behaviour.period
    )
    yield Measure(
        "behaviour", [name for name, _ in earned], None, RULE, inputs, ("rag_overall",), records, says
    )


def _mondays(weeks: Sequence[Week]) -> list[date]:
    first, last = weeks[0][0], weeks[-1][0]
    return [first + timedelta(days=7 * place) for place in range((last - first).days // 7 + 1)]


def _months(weeks: Sequence[Week]) -> list[date]:
    """Return the first days of the last months; a week is of the month that its Monday is of."""
    start, last = _start(weeks[0][0], monthly=True), _start(weeks[-1][0], monthly=True)
    found = [start]
    while found[-1] < last:
        found.append(_start(found[-1] + timedelta(days=31), monthly=True))
    return found[-(PERIODS + 1) :]


def _start(week: date, *, monthly: bool) -> date:
    return week.replace(day=1) if monthly else week


def _of_reports(flag: Flag) -> tuple[str, str]:
    name = flag.name if flag.name == "belied" else f"{_OF_REPORTS}{flag.name}"
    return name, f"as reported, {flag.says}"


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _nothing(periods: int, length: str) -> str:
    return f"nothing odd in {periods} of {PERIODS + 1} {length}s"
