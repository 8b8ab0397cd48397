"""Earned value's inputs: what of a project's money and progress stands on one day, or why nothing does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from model.status.colour import facts
from model.status.phased import WINDOW_MONTHS, Phased, Standing, month_end, months_before, until
from sync.facts import ProjectFacts
from sync.facts_money import Months

_APART: Final = Decimal("0.05")  # of the budget, that the plan by month may be off before it is another plan
_BOOKING: Final = timedelta(days=31)  # what was spent since the last month booked may be missing for so long
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not computed: it is missing, else what is there contradicts itself.

    `impossible` names the input that cannot be true, with what it says in `inputs`.
    """

    says: str
    missing: bool = True
    impossible: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Earned:
    """How a project stands now and when the recent window began, in one currency; budget is the BAC.

    `no_plan` and `no_cost` say why one of the two is missing. `inputs` are what all of it was computed from.
    """

    budget: Decimal
    currency: str | None
    now: Standing
    before: Standing | None
    plan: Phased
    inputs: dict[str, Any]
    records: tuple[dict[str, Any], ...]
    attributes: tuple[str, ...]
    no_plan: Refusal | None = None
    no_cost: Refusal | None = None


def earned(project: ProjectFacts, as_of: date) -> Earned | Refusal:
    """Return what earned value is computed from, or why nothing is."""
    plan, actual, booked = (project.months.get(kind) for kind in ("baseline", "actual", "earned"))
    budget, currency = project.value("budget"), project.unit("budget")
    if budget is None or (plan is None and actual is None) or budget <= 0:
        return _nothing(budget, lines=plan is not None or actual is not None)
    if (mixed := _mixed(currency, plan, actual, booked)) is not None:
        return Refusal(mixed, missing=False)
    days = _booked_days(booked, actual, as_of) if booked is not None else _said_days(project, actual, as_of)
    if isinstance(days, Refusal):
        return days
    now, before = days
    if booked is not None and (wrong := _wrongly_booked(now, budget)) is not None:
        return wrong
    no_plan, no_cost = _no_plan(plan, budget), _no_cost(actual, now[0], as_of)
    phased = {} if plan is None else plan.amounts
    spent = {} if actual is None else actual.amounts

    def standing(at: tuple[date, Decimal]) -> Standing:
        day, share = at
        worth = share if booked is not None else budget * share / _HUNDRED
        cost = until(spent, min(day, as_of))
        planned = None if no_plan else until(phased, day)
        return Standing(day, planned, worth, None if no_cost or cost < 0 else cost)

    return Earned(
        budget=budget,
        currency=currency,
        now=standing(now),
        before=None if before is None else standing(before),
        plan={} if no_plan else phased,
        inputs=_inputs(now, before, budget, plan, actual, booked),
        records=_records(now[0], plan, actual, booked),
        attributes=("percent_complete", "budget") if booked is None else ("budget",),
        no_plan=no_plan,
        no_cost=no_cost,
    )


def _nothing(budget: Decimal | None, *, lines: bool) -> Refusal:
    """Say what there is not to earn of."""
    if not lines:
        return Refusal("no cost lines by month, neither planned nor actual")
    if budget is None:
        return Refusal("no approved budget")
    return Refusal("the approved budget is not positive, so nothing can be earned of it", missing=False)


def _mixed(currency: str | None, *months: Months | None) -> str | None:
    found = {code for each in months if each is not None for code in each.currencies}
    found |= {currency} if currency else set()
    if len(found) <= 1:
        return None
    return (
        f"budget and cost lines are in {' and '.join(sorted(found))}: they cannot be held against each other"
    )


def _no_plan(plan: Months | None, budget: Decimal) -> Refusal | None:
    """Say why there is no planned value."""
    if plan is None:
        return Refusal("no planned cost by month")
    if back := {f"{month:%Y-%m}": amount for month, amount in plan.amounts.items() if amount < 0}:
        says = "the plan by month takes money back, so that what is planned by a day is not known"
        return Refusal(says, missing=False, impossible="planned cost by month", inputs={"planned": back})
    total = sum(plan.amounts.values(), Decimal(0))
    if abs(total - budget) > _APART * budget:
        says = f"the plan by month adds up to {total:,.2f}, the budget is {budget:,.2f}: they are not of the same work"
        return Refusal(says, missing=False)
    return None


def _no_cost(actual: Months | None, day: date, as_of: date) -> Refusal | None:
    """Say why what was spent by a day is not known."""
    if actual is None:
        return Refusal("no actual cost by month")
    booked = month_end(max(actual.amounts))
    if day > booked + _BOOKING:
        return Refusal(f"actual cost is booked until {booked:%Y-%m} only, the progress is of {day}")
    if (spent := until(actual.amounts, min(day, as_of))) < 0:
        says = f"actual cost adds up to {spent:,.2f} by {day}, less than nothing"
        return Refusal(says, missing=False, impossible="actual cost by month", inputs={"actual": spent})
    return None


def _wrongly_booked(at: tuple[date, Decimal], budget: Decimal) -> Refusal | None:
    """Say that what was booked as earned cannot be."""
    day, worth = at
    if worth < 0:
        why = "less than nothing"
    elif worth > budget * (1 + _APART):
        why = f"more than the whole budget of {budget:,.2f}"
    else:
        return None
    says = f"earned value adds up to {worth:,.2f} by {day}, {why}"
    return Refusal(says, missing=False, impossible="earned value by month", inputs={"earned": worth})


def _booked_days(
    booked: Months, actual: Months | None, as_of: date
) -> tuple[tuple[date, Decimal], tuple[date, Decimal] | None] | Refusal:
    """Return the last month's end for which value was booked as earned, and the window's begin, with the sums."""
    ends = [month_end(month) for month in booked.amounts if month_end(month) <= as_of]
    if actual is not None:
        last = month_end(max(actual.amounts))
        ends = [day for day in ends if day <= last] or ends
    if not ends:
        return Refusal("no month with earned value is over yet")
    day = max(ends)
    earlier = months_before(day, WINDOW_MONTHS)
    begins = (earlier, until(booked.amounts, earlier)) if earlier >= month_end(min(booked.amounts)) else None
    return (day, until(booked.amounts, day)), begins


def _said_days(
    project: ProjectFacts, actual: Months | None, as_of: date
) -> tuple[tuple[date, Decimal], tuple[date, Decimal] | None] | Refusal:
    """Return the last day that both progress and cost are known of, and one three months before it."""
    winning = project.values.get("percent_complete")
    if winning is None:
        return Refusal("no percent complete")
    if not 0 <= Decimal(str(winning.value)) <= _HUNDRED:
        says = f"percent complete is {winning.value}, not between 0 and 100"
        told = {"percent_complete": winning.value}
        return Refusal(says, missing=False, impossible="percent_complete", inputs=told)
    points = [
        (said.day, said.percent, said.stood_until)
        for said in project.progress
        if said.source_id == winning.winner.source_id and 0 <= said.percent <= _HUNDRED
    ] or [(winning.winner.valid_from, Decimal(str(winning.value)), winning.winner.valid_from)]
    last = as_of if actual is None else min(as_of, month_end(max(actual.amounts)))
    now = _by(points, last) or (points[0][0], points[0][1])
    return now, _by(points, months_before(now[0], WINDOW_MONTHS))


def _by(points: list[tuple[date, Decimal, date | None]], day: date) -> tuple[date, Decimal] | None:
    """Return the last that was said by a day, with the last day until then on which it stood."""
    known = [each for each in points if each[0] <= day]
    if not known:
        return None
    said, percent, until = known[-1]
    return (day if until is None else max(said, min(day, until))), percent


def _inputs(
    now: tuple[date, Decimal],
    before: tuple[date, Decimal] | None,
    budget: Decimal,
    plan: Months | None,
    actual: Months | None,
    booked: Months | None,
) -> dict[str, Any]:
    found = facts(day=now[0], window_from=None if before is None else before[0], budget=budget)
    if booked is None:
        how = "percent complete x budget, as the progress stood on the day"
        found |= facts(percent_complete=now[1], percent_before=None if before is None else before[1])
    else:
        how = "cost lines of the kind earned"
    found["earned_from"] = how
    for name, months in (("planned", plan), ("actual", actual), ("earned", booked)):
        if months is not None:
            found[f"{name}_by_month"] = {
                f"{month:%Y-%m}": facts(x=amount)["x"] for month, amount in months.amounts.items()
            }
            found[f"{name}_source"] = months.source
            found |= {f"{name}_also_in": list(months.others)} if months.others else {}
    return found


_MOST: Final = (
    4  # months of a kind that a receipt lists, the recent window and one before; the inputs have all
)


def _records(day: date, *kinds: Months | None) -> tuple[dict[str, Any], ...]:
    """Return the lines of the last months up to a day, of each kind."""
    month = f"{day:%Y-%m}"
    return tuple(
        record
        for months in kinds
        if months is not None
        for record in [each for each in months.records if each["name"].split()[1] <= month][-_MOST:]
    )
