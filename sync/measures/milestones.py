"""F5 as numbers: how punctual the milestones are, and the finish that their forecasts lead to."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from model.policy import Limits
from model.status.colour import counted, facts
from model.status.milestones import RULE, Milestones, forecast_trend, implied_finish, milestones
from sync.dimensions import milestone_facts, milestone_record, steepest
from sync.facts import ProjectFacts
from sync.measures.measure import Measure, unknown

_PUNCTUAL: Final = {"milestones_on_time": "share", "milestone_lateness": "days"}
_TREND: Final = {"milestone_slope": "days a day", "milestone_trend_finish": "date"}


def of_milestones(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    """Yield the share met on time, the mean lateness, and slope and end of the steepest forecasts."""
    known = milestone_facts(project)
    found = milestones(known, as_of=as_of, limits=limits)
    due = [item for item in known if item.baseline is not None and item.baseline <= as_of]
    records = tuple(milestone_record(item) for item in due)
    inputs = facts(
        as_of=as_of,
        due=[facts(baseline=m.baseline, actual=m.actual, weight=m.weight, state=m.state) for m in due],
    )
    if found.hit_rate is None:
        why = (
            "no milestone that is due says on which day it was met"
            if found.due
            else "no milestone is due yet"
        )
        yield from unknown(_PUNCTUAL, RULE, why)
    else:
        values = {"milestones_on_time": found.hit_rate, "milestone_lateness": found.mean_late_days}
        for name, unit in _PUNCTUAL.items():
            yield Measure(name, values[name], unit, RULE, inputs, (), records, _punctuality(name, found))
    yield from _trend(project, as_of, limits)


def _punctuality(name: str, found: Milestones) -> str:
    if name == "milestones_on_time":
        undated = found.due - found.timed
        besides = f"; {undated} more met on a day that nobody knows" if undated else ""
        return f"{found.on_time} of {found.timed} due milestones met on time{besides}"
    if found.mean_late_days is None:
        wrong = [each.text for each in found.reasons if "impossible" in each.inputs]
        return "; ".join(wrong) or "no milestone that is due has a weight"
    return f"milestones are late by {counted(round(found.mean_late_days, 1), 'day')} in the weighted mean"


def _trend(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    item, history = steepest(project, milestone_facts(project), limits)
    if item is None:
        needed = limits.milestones.min_points
        yield from unknown(_TREND, RULE, f"no open milestone has been forecast in {needed} weeks or more")
        return
    trend, finish = forecast_trend(history, limits), implied_finish(history, limits)
    inputs = facts(
        as_of=as_of,
        milestone=item.name,
        forecasts=dict(sorted(history)),
        min_points=limits.milestones.min_points,
    )
    records = (milestone_record(item),)
    slope = None if trend.slope is None else round(trend.slope, 6)
    said = f"the forecast of {item.name} moves {slope or 0:.2f} days a day over {trend.points} weeks"
    yield Measure("milestone_slope", slope, "days a day", RULE, inputs, (), records, said)
    ends = f"{item.name} is done on {finish} if its forecasts go on as they have"
    if finish is None:
        ends = f"the forecast of {item.name} slips as fast as time goes by, so that it leads to no day"
    elif finish < as_of:
        ends = f"the forecasts of {item.name} lead to {finish}, which has passed without it"
    finish = None if finish is None or finish < as_of else finish
    yield Measure("milestone_trend_finish", finish, "date", RULE, inputs, (), records, ends)
