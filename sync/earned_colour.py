"""What earned value says of the colour of cost and schedule."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from model.policy import Limits
from model.status.colour import Colour, Computed, Reason, facts, impossible
from model.status.earned_value import RULE, earned_schedule, performance
from model.status.phased import Standing, periods, planned_to_date
from sync.earned import Earned, Refusal, earned
from sync.facts import ProjectFacts

Part = tuple[Computed, Iterable[str], Iterable[dict[str, Any]]]


def of_earned(
    project: ProjectFacts, what: Literal["cost", "schedule"], as_of: date, limits: Limits
) -> list[Part]:
    """Return F2 and F3 as a part of a dimension, with its attributes and rows; nothing where there is none.

    What is there and cannot be computed with is a grey part that says so. Of a project that has finished they say
    nothing new. Once the whole plan should be done SPI only climbs back to 1, so the schedule is judged by months
    earned for months gone by.
    """
    found = earned(project, as_of)
    if project.finished_on(as_of) is not None:
        return []
    if isinstance(found, Refusal):
        return _refused(found)
    if (why := found.no_cost if what == "cost" else found.no_plan) is not None:
        return _refused(why)
    now = _pair(found, found.now, what)
    if now is None:
        return []
    before = None if found.before is None else _pair(found, found.before, what)
    judged = performance(what, *now, limits, before)
    told = {name: found.inputs[name] for name in ("day", "window_from", "earned_from")}
    if what == "schedule":
        told |= facts(counted_in="months" if _is_over(found) else "money")
    return [(replace(judged, inputs={**judged.inputs, **told}), found.attributes, found.records)]


def _refused(why: Refusal) -> list[Part]:
    if why.missing:
        return []
    named = ("percent_complete",) if why.impossible == "percent_complete" else ("budget",)
    said = f"no earned value: {why.says}"
    reason = (
        Reason(RULE, said) if why.impossible is None else impossible(RULE, why.impossible, said, **why.inputs)
    )
    return [(Computed(colour=Colour.GREY, reasons=(reason,), inputs=dict(reason.inputs)), named, ())]


def _is_over(found: Earned) -> bool:
    return bool(found.plan) and found.now.planned == sum(found.plan.values(), Decimal(0))


def _pair(found: Earned, at: Standing, what: str) -> tuple[Decimal, Decimal] | None:
    """Return what was earned, and what was spent or planned, by a day."""
    if what == "cost":
        return None if at.actual is None else (at.earned, at.actual)
    if at.planned is None or not _is_over(found):
        return None if at.planned is None else (at.earned, at.planned)
    passed = periods(min(found.plan), at.day)
    sums = planned_to_date(found.plan)
    in_time = earned_schedule(sums, at.earned, at=passed, duration=len(sums))
    return None if in_time is None else (Decimal(str(in_time.earned)), Decimal(str(passed)))
