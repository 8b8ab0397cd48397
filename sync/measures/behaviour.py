"""F16: how a project's colours behave week by week, as computed and as reported."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from model.policy import Limits
from model.status.behaviour import RULE, Flag, flags
from model.status.colour import Colour, facts
from model.status.milestones import milestones
from sync.dimensions import milestone_facts, milestone_record
from sync.facts import ProjectFacts
from sync.facts_periods import PERIODS
from sync.measures.measure import Measure

_OF_REPORTS = "reported_"  # before the name of a flag that the reported colours earn


def of_behaviour(
    project: ProjectFacts, as_of: date, limits: Limits, *, computed: Colour, reported: str | None
) -> Iterator[Measure]:
    """Yield the flags that the computed and the reported colours of the last weeks earn, with the day's own.

    A green streak that an overdue critical milestone belies is one of reports: what is computed knows of it.
    """
    weeks = [(each.week, each.overall, each.reported) for each in project.periods]
    weeks.append((as_of - timedelta(days=as_of.weekday()), computed.value, reported))
    late = [
        item for item, _ in milestones(milestone_facts(project), as_of=as_of, limits=limits).overdue
        if item.critical
    ]  # fmt: skip
    first, last = weeks[0][0], weeks[-1][0]
    mondays = [first + timedelta(days=7 * place) for place in range((last - first).days // 7 + 1)]
    shown = {week: colour for week, colour, _ in weeks}
    told = {week: colour for week, _, colour in weeks}
    # A week without a snapshot or a report breaks a streak: nobody knows what it would have been.
    ours = [Colour(shown.get(monday, "GREY")) for monday in mondays]
    theirs = [Colour(told.get(monday) or "GREY") for monday in mondays]
    inputs = facts(weeks=mondays, computed=ours, reported=theirs, critical_overdue=bool(late))
    records = tuple(milestone_record(item) for item in late)
    earned = [(flag.name, flag.says) for flag in flags(ours)]
    earned += [_of_reports(flag) for flag in flags(theirs, critical_overdue=bool(late))]
    says = _sentence(f"{name}: {said}" for name, said in earned) or _nothing(len(mondays))
    yield Measure(
        "behaviour", [name for name, _ in earned], None, RULE, inputs, ("rag_overall",), records, says
    )


def _of_reports(flag: Flag) -> tuple[str, str]:
    name = flag.name if flag.name == "belied" else f"{_OF_REPORTS}{flag.name}"
    return name, f"as reported, {flag.says}"


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _nothing(weeks: int) -> str:
    return f"nothing odd in {weeks} of {PERIODS + 1} weeks"
