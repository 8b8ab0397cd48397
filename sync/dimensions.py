"""Dimensions: the status formulas applied to one project's facts, each with what it was computed from."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import RowMapping

from model.policy import Limits
from model.records import IssueFacts, MilestoneFacts, RiskFacts, RoleFacts
from model.status.benefit import benefit
from model.status.colour import Colour, Computed, Reason, facts, worse_of
from model.status.cost import cost
from model.status.issues import issues
from model.status.milestones import Milestones, forecast_trend, milestones
from model.status.resource import resource
from model.status.risk import risk
from model.status.schedule import schedule
from model.status.scope import scope
from sync.earned_colour import finished, of_earned
from sync.facts import ProjectFacts

_MONEY_NAMES: Final = {
    "budget": "budget",
    "forecast_cost": "forecast cost",
    "contingency": "contingency",
    "benefit_target": "benefit target",
    "benefit_forecast": "benefit forecast",
}
_KEY_ROLES: Final = ("sponsor", "manager")
_RECORDS: Final = 25  # records a receipt lists at most, those that speak against green first


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension's computation. `rule` and `inputs` are of the formula that decided.

    `attributes` are the project values that went in, the most telling first; `records` the rows.
    `rules` are all formulas, the deciding one first, each with its id, text, inputs, attributes and records.
    """

    computed: Computed
    rule: str
    inputs: dict[str, Any]
    attributes: tuple[str, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    flags: tuple[str, ...] = ()


DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource")


def dimensions(project: ProjectFacts, as_of: date, limits: Limits) -> dict[str, Dimension]:
    """Compute every dimension of a project on a day."""
    return {
        "schedule": _schedule(project, as_of, limits),
        "cost": _cost(project, as_of, limits),
        "scope": _scope(project, limits),
        "risk": _risk(project, as_of, limits),
        "benefit": _benefit(project, limits),
        "resource": _resource(project, as_of, limits),
    }


def _joined(
    parts: Sequence[tuple[Computed, Iterable[str], Iterable[dict[str, Any]]]],
) -> Dimension:
    """Join formulas, each with the attributes and the records it looks at."""
    computed = worse_of(part for part, _, _ in parts)
    rules: list[dict[str, Any]] = [
        {
            "id": part.reasons[0].rule,
            "text": "; ".join(reason.text for reason in part.reasons),
            "inputs": dict(part.inputs),
            "from": list(attributes),
            "records": list(records)[:_RECORDS],
        }
        for part, attributes, records in parts
    ]
    first = computed.reasons[0].rule
    rules.sort(key=lambda rule: rule["id"] != first)
    return Dimension(
        computed,
        first,
        rules[0]["inputs"],
        tuple(name for rule in rules for name in rule["from"]),
        tuple(record for rule in rules for record in rule["records"])[:_RECORDS],
        tuple(rules),
    )


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
    actual = project.value("actual_finish")
    finish = schedule(
        baseline_start=project.value("baseline_start"),
        baseline_finish=project.value("baseline_finish"),
        forecast_finish=project.value("forecast_finish"),
        actual_finish=actual if finished(project, as_of) else None,
        limits=limits,
    )
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
    return _joined(
        [(finish, named, ()), (found, (), records), *of_earned(project, "schedule", as_of, limits)]
    )


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
    return _record("milestone", item.ref, item.name)


def next_milestone(found: Milestones | None) -> MilestoneFacts | None:
    """Return the milestone that comes next."""
    return None if found is None else found.upcoming


def _cost(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    named = ("forecast_cost", "budget")
    mixed = _mixed_ledger(project)
    apart = _currencies_apart(project, named)
    budget, forecast = project.value("budget"), project.value("forecast_cost")
    computed: Computed
    if apart:
        computed = _grey("F4", apart, budget=budget, forecast_cost=forecast)
    elif mixed and (budget is None or forecast is None):
        computed = _grey("F4", mixed, budget=budget, forecast_cost=forecast)
    else:
        found = cost(baseline=budget, forecast=forecast, limits=limits)
        flags = ("underspend",) if found.underspend else ()
        return replace(_joined([(found, named, ()), *of_earned(project, "cost", as_of, limits)]), flags=flags)
    return _joined([(computed, named, ())])


def _mixed_ledger(project: ProjectFacts) -> str | None:
    """Say that cost lines of one kind are in several currencies, so that no sum stands for them."""
    for kind in ("baseline", "forecast"):
        if len(found := project.currencies.get(kind, [])) > 1:
            return f"the {kind} cost lines are in {' and '.join(sorted(found))}: they cannot be added up"
    return None


def _currencies_apart(project: ProjectFacts, named: Sequence[str]) -> str | None:
    units = [(name, project.unit(name)) for name in named if project.value(name) is not None]
    if len({unit for _, unit in units}) <= 1:
        return None
    said = ", ".join(f"{_MONEY_NAMES[name]} in {unit}" for name, unit in units)
    return f"amounts in different currencies cannot be compared: {said}"


def _grey(rule: str, why: str, **inputs: Any) -> Computed:
    known = facts(**inputs)
    return Computed(colour=Colour.GREY, reasons=(Reason(rule, why, known),), inputs=known)


def _scope(project: ProjectFacts, limits: Limits) -> Dimension:
    named = ("added_points_unapproved", "baseline_points", "added_points_approved", "removed_points")
    found = scope(
        baseline=project.value("baseline_points"),
        added_approved=project.value("added_points_approved"),
        added_unapproved=project.value("added_points_unapproved"),
        removed=project.value("removed_points"),
        limits=limits,
    )
    return _joined([(found, named, ())])


def _benefit(project: ProjectFacts, limits: Limits) -> Dimension:
    named = ("benefit_forecast", "benefit_target")
    target, forecast = project.value("benefit_target"), project.value("benefit_forecast")
    apart = _currencies_apart(project, named)
    if apart:
        return _joined([(_grey("F8", apart, benefit_target=target, benefit_forecast=forecast), named, ())])
    return _joined([(benefit(target=target, forecast=forecast, limits=limits), named, ())])


def _resource(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    roles = []
    for role in _KEY_ROLES:
        since = project.vacant_since.get(role)
        held = project.value(role) is not None
        roles.append(RoleFacts(role, vacant_since=since, unknown=since is None and not held))
    said = None if all(role.unknown for role in roles) else roles
    return _joined([(resource(said, as_of=as_of, limits=limits), ("manager", "sponsor"), ())])


def _risk(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    risks = [_risk_facts(row) for row in project.raid if row["kind"] == "risk"]
    opened = [_issue_facts(row) for row in project.raid if row["kind"] == "issue"]
    contingency: Decimal | None = project.value("contingency")
    mixed = _risk_currencies(project, risks)
    if mixed:
        # Without one currency there is no expected cost; what the ratings say still holds.
        risks = [replace(item, cost_impact=None) for item in risks]
    exposure = risk(risks or None, contingency=contingency, as_of=as_of, limits=limits)
    if mixed:
        exposure = replace(exposure, reasons=(*exposure.reasons, Reason("F7", mixed, {})))
    open_issues = issues(opened or None, as_of=as_of, limits=limits)
    if open_issues.colour is Colour.GREEN and any(rated.level is None for rated in exposure.rated):
        # Good issues say nothing of a risk that nobody has rated: it might be the critical one.
        open_issues = replace(open_issues, colour=Colour.GREY)
    grave = {id(item.ref) for item in (*exposure.unowned, *exposure.overdue)}
    levels = {id(rated.risk.ref): rated.score or 0 for rated in exposure.rated}
    ordered = sorted(
        (item for item in risks if item.is_open),
        key=lambda item: (id(item.ref) not in grave, -levels.get(id(item.ref), 0)),
    )
    records = [_record("raid_item", item.ref, item.name) for item in ordered]
    late = [_record("raid_item", item.ref, item.name) for item, _ in open_issues.overdue]
    return _joined([(exposure, ("contingency",), records), (open_issues, (), late)])


def _risk_currencies(project: ProjectFacts, risks: Iterable[RiskFacts]) -> str | None:
    units = {item.ref["currency"] for item in risks if isinstance(item.ref, RowMapping) and item.cost_impact}
    given = {unit for unit in units if unit is not None}
    if project.value("contingency") is not None:
        given |= {project.unit("contingency")}
    if len(given) <= 1:
        return None
    return f"no expected cost: amounts are in {' and '.join(sorted(map(str, given)))}"


def _risk_facts(row: RowMapping) -> RiskFacts:
    return RiskFacts(
        name=_name(row), probability=row["probability"], impact=row["impact"], chance=row["chance"],
        cost_impact=row["cost_impact"], days_impact=row["days_impact"], owner=row["owner"],
        response_due=row["action_due"], reviewed_on=row["reviewed_on"], state=row["state"],
        likelihood=row["likelihood"], severity=row["severity"], ref=row,
    )  # fmt: skip


def _issue_facts(row: RowMapping) -> IssueFacts:
    return IssueFacts(
        name=_name(row), impact=row["impact"], raised_on=row["raised_on"],
        due=row["due"] or row["action_due"], state=row["state"], ref=row,
    )  # fmt: skip


def _name(row: RowMapping) -> str:
    return str(row["item_id"] or row["title"] or row["locator"] or row["external_id"])


def _record(entity: str, row: object, name: str) -> dict[str, Any]:
    found = row if isinstance(row, RowMapping) else {}
    return {"entity": entity, "id": found.get("id"), "name": name, "locator": found.get("locator")}
