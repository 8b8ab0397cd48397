"""Dimensions: the status formulas applied to one project's facts, each with what it was computed from."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import RowMapping

from model.policy import Limits
from model.records import MilestoneFacts
from model.status.colour import Colour, Computed, Reason, facts
from model.status.cost import cost
from model.status.milestones import Milestones, forecast_trend, milestones
from model.status.schedule import schedule
from sync.dimension import Dimension, currencies_apart, grey, joined, record
from sync.dimension_register import of_benefit, of_resource
from sync.dimension_risk import of_risk
from sync.earned_colour import of_earned
from sync.facts import ProjectFacts
from sync.facts_baselines import approved
from sync.scope_change import moved

DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource")


def dimensions(project: ProjectFacts, as_of: date, limits: Limits) -> dict[str, Dimension]:
    """Compute every dimension of a project on a day."""
    return {
        "schedule": _schedule(project, as_of, limits),
        "cost": _cost(project, as_of, limits),
        "scope": _scope(project, as_of, limits),
        "risk": of_risk(project, as_of, limits),
        "benefit": of_benefit(project, limits),
        "resource": of_resource(project, as_of, limits),
    }


_ONLY_NUMBERS: Final = re.compile(r"v?\d+([._-]\d+)*", re.IGNORECASE)


def _milestone_name(row: RowMapping) -> str:
    """Name a milestone; a version that is only a number says whose it is: `PAY 2.0`."""
    name: str = row["name"]
    scope_key = row.get("scope_key")
    return f"{scope_key} {name}" if scope_key and _ONLY_NUMBERS.fullmatch(name.strip()) else name


def milestone_facts(project: ProjectFacts) -> list[MilestoneFacts]:
    """Return the project's milestones as the formulas take them; `ref` is the row."""
    return [
        MilestoneFacts(
            name=_milestone_name(row), baseline=row["baseline"], forecast=row["forecast"], actual=row["actual"],
            weight=row["weight"], critical=row["critical"], state=row["state"], ref=row,
        )
        for row in project.milestones
    ]  # fmt: skip


def _schedule(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    finish = schedule(
        baseline_start=project.value("baseline_start"),
        baseline_finish=project.value("baseline_finish"),
        forecast_finish=project.value("forecast_finish"),
        actual_finish=project.finished_on(as_of),
        limits=limits,
    )
    finish = replace(finish, reasons=(*finish.reasons, *_unapproved(project, "finish", as_of)))
    known = milestone_facts(project)
    tracked, history = steepest(project, known, limits)
    found = milestones(known, as_of=as_of, limits=limits, history=history)
    if tracked is not None:
        found = replace(found, inputs={**found.inputs, "forecasts_of": tracked.name})
    if finish.colour is Colour.BLUE and found.colour is Colour.GREEN:
        found = replace(found, colour=Colour.BLUE)  # nothing overdue: what has finished is complete
    late = [item for item, _ in found.overdue]
    records = [milestone_record(item) for item in _late_first(known, late)]
    named = ("forecast_finish", "baseline_finish", "baseline_start", "actual_finish")
    return joined([(finish, named, ()), (found, (), records), *of_earned(project, "schedule", as_of, limits)])


def _unapproved(project: ProjectFacts, what: Literal["finish", "budget"], as_of: date) -> Iterator[Reason]:
    """Say that a project is held to another finish or budget than the last baseline that was approved."""
    there = approved(project.baselines, as_of)
    attribute = "baseline_finish" if what == "finish" else "budget"
    held = project.value(attribute)
    if not there or held is None or (last := there[-1])[what] is None or last[what] == held:
        return
    if what == "budget" and last["currency"] not in (None, project.unit("budget")):
        return  # what is in another currency cannot be said to be another budget
    written = [f"{each:,.2f}" if what == "budget" else str(each) for each in (held, last[what])]
    said = f"held to the {what} {written[0]}, and not to {written[1]} of the baseline approved on {last['approved_on']}"
    yield Reason("F21", said, facts(held=held, approved=last[what], approved_on=last["approved_on"]))


def _late_first(known: Iterable[MilestoneFacts], late: list[MilestoneFacts]) -> list[MilestoneFacts]:
    return sorted(known, key=lambda item: (item not in late, not item.critical, item.baseline or date.max))


def steepest(
    project: ProjectFacts, known: Iterable[MilestoneFacts], limits: Limits
) -> tuple[MilestoneFacts | None, list[tuple[date, date]]]:
    """Return the milestone that slips fastest, of the critical ones if there are any, and its forecasts."""
    still_open = [item for item in known if item.actual is None and item.state in (None, "planned")]
    asked = [item for item in still_open if item.critical] or still_open
    histories = [
        (item, project.forecasts.get((item.ref["source_id"], item.ref["external_id"]), []))
        for item in asked
        if isinstance(item.ref, RowMapping)
    ]
    enough = [entry for entry in histories if len(entry[1]) >= limits.milestones.min_points and entry[1]]
    return max(enough, key=lambda entry: forecast_trend(entry[1], limits).slope or 0.0, default=(None, []))


def milestone_record(item: MilestoneFacts) -> dict[str, Any]:
    """Return a milestone as receipts list it."""
    return record("milestone", item.ref, item.name)


def next_milestone(found: Milestones | None) -> MilestoneFacts | None:
    """Return the milestone that comes next."""
    return None if found is None else found.upcoming


def _cost(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    named = ("forecast_cost", "budget")
    mixed = _mixed_ledger(project)
    apart = currencies_apart(project, named)
    budget, forecast = project.value("budget"), project.value("forecast_cost")
    computed: Computed
    if apart:
        computed = grey("F4", apart, budget=budget, forecast_cost=forecast)
    elif mixed and (budget is None or forecast is None):
        computed = grey("F4", mixed, budget=budget, forecast_cost=forecast)
    else:
        found = cost(baseline=budget, forecast=forecast, limits=limits)
        found = replace(found, reasons=(*found.reasons, *_unapproved(project, "budget", as_of)))
        flags = ("underspend",) if found.underspend else ()
        return replace(joined([(found, named, ()), *of_earned(project, "cost", as_of, limits)]), flags=flags)
    return joined([(computed, named, ())])


def _mixed_ledger(project: ProjectFacts) -> str | None:
    """Say that cost lines of one kind are in several currencies, so that no sum stands for them."""
    for kind in ("baseline", "forecast"):
        if len(found := project.currencies.get(kind, [])) > 1:
            return f"the {kind} cost lines are in {' and '.join(sorted(found))}: they cannot be added up"
    return None


def _scope(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    change = moved(project, as_of, limits)
    return joined([(change.found, change.attributes, change.records)])
