"""F2, F3 and F26 as numbers: earned value, earned schedule, the recent window, and the way back to green."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from model.policy import Limits
from model.status.colour import facts
from model.status.earned_value import (
    RECENT,
    RULE,
    EarnedSchedule,
    Values,
    earned_schedule,
    indices,
    recent_index,
)
from model.status.get_to_green import RULE as WAY_BACK
from model.status.get_to_green import WayBack, way_back
from model.status.phased import after, periods, planned_to_date
from sync.earned import Earned, Refusal, earned
from sync.facts import ProjectFacts
from sync.measures.measure import Measure, unknown

# Name -> field of the indices, unit (money: the currency), and what it is.
_INDICES: Final = {
    "spi": ("spi", "ratio", "earned for each unit of money planned"),
    "cpi": ("cpi", "ratio", "earned for each unit of money spent"),
    "schedule_variance": ("schedule_variance", "money", "earned less planned"),
    "cost_variance": ("cost_variance", "money", "earned less spent"),
    "eac": ("eac_cpi", "money", "cost at completion if the rest costs as the work so far: budget / CPI"),
    "eac_at_plan": ("eac_remaining_at_plan", "money", "cost at completion if the rest costs as planned"),
    "eac_cpi_spi": ("eac_cpi_spi", "money", "cost at completion if the rest suffers from both CPI and SPI"),
    "eac_weighted": ("eac_80_20", "money", "cost at completion by 0.8 CPI + 0.2 SPI"),
    "vac": ("vac_cpi", "money", "budget less cost at completion by CPI"),
    "tcpi_budget": ("tcpi_bac", "ratio", "efficiency that the rest needs to end within the budget"),
    "tcpi_eac": ("tcpi_eac", "ratio", "efficiency that the rest needs to end at the cost by CPI"),
    "percent_spent": ("percent_spent", "percent", "of the budget spent"),
}
_NEEDS_PLAN: Final = frozenset({"spi", "schedule_variance", "eac_cpi_spi", "eac_weighted"})
_NEEDS_COST: Final = frozenset(_INDICES) - {"spi", "schedule_variance"}
_VALUES: Final = {"planned_value": "planned", "earned_value": "earned", "spent_value": "actual"}
_TIME: Final = {
    "earned_schedule": "months", "schedule_variance_time": "months", "spi_time": "ratio",
    "earned_schedule_months": "months", "earned_schedule_finish": "date", "tspi": "ratio",
}  # fmt: skip
_RECENT: Final = {"spi_recent": "ratio", "cpi_recent": "ratio"}
_BACK: Final = {
    "green_cost_limit": "money", "green_efficiency": "ratio", "green_improvement": "percent",
    "green_plausible": None,
}  # fmt: skip


def of_earned_value(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    """Yield everything that follows from money by month and progress, or why it does not."""
    found = earned(project, as_of)
    money = project.unit("budget")
    if isinstance(found, Refusal):
        for names, rule in ((_units(), RULE), (_RECENT, RECENT), (_BACK, WAY_BACK)):
            yield from unknown(_in(names, money), rule, found.says)
        return
    yield from _values(found)
    yield from _indices(found)
    yield from _in_time(found)
    yield from _recent(found)
    yield from _way_back(found, limits)


def _units() -> Mapping[str, str | None]:
    return dict.fromkeys(_VALUES, "money") | {name: unit for name, (_, unit, _) in _INDICES.items()} | _TIME


def _in(names: Mapping[str, str | None], currency: str | None) -> dict[str, str | None]:
    return {name: currency if unit == "money" else unit for name, unit in names.items()}


def _why(found: Earned, name: str) -> str | None:
    """Say why one of the indices is missing."""
    plan = found.no_plan if name in _NEEDS_PLAN else None
    why = plan or (found.no_cost if name in _NEEDS_COST else None)
    return None if why is None else why.says


def _says(why: Refusal | None) -> str | None:
    return None if why is None else why.says


def _values(found: Earned) -> Iterator[Measure]:
    day, how = found.now.day, found.inputs["earned_from"]
    said = {
        "planned_value": _says(found.no_plan) or f"planned to be done by {day}",
        "earned_value": f"earned by {day}: {how}",
        "spent_value": _says(found.no_cost) or f"spent by {day}",
    }
    for name, field in _VALUES.items():
        kind = "baseline" if field == "planned" else field
        own = ("budget", "percent_", "earned_") if field == "earned" else (f"{field}_",)
        inputs = {key: value for key, value in found.inputs.items() if key == "day" or key.startswith(own)}
        records = tuple(each for each in found.records if each["name"].startswith(f"{kind} "))
        names = found.attributes if field == "earned" else ()
        value = getattr(found.now, field)
        yield Measure(name, value, found.currency, RULE, inputs, names, records, said[name])


def _indices(found: Earned) -> Iterator[Measure]:
    now = found.now
    # What is missing is none of the indices that are shown.
    all_ = indices(found.budget, Values(now.planned or Decimal(0), now.earned, now.actual or Decimal(0)))
    for name, (field, unit, what) in _INDICES.items():
        why = _why(found, name)
        value = None if why else getattr(all_, field)
        says = why or (what if value is not None else _undefined(name, found))
        own = found.currency if unit == "money" else unit
        yield Measure(name, value, own, RULE, _taken(found), found.attributes, found.records, says)


def _undefined(name: str, found: Earned) -> str:
    """Say why an index has no value though all it takes is known: something is nothing, or used up."""
    now = found.now
    if name in _NEEDS_COST and not now.actual:
        return "nothing is spent yet, so it is undefined"
    if name in _NEEDS_PLAN and not now.planned:
        return "nothing is planned yet, so it is undefined"
    if name == "tcpi_budget":
        return "the whole budget is spent, so no efficiency of the rest ends within it"
    if not now.earned:
        return "nothing is earned yet, so it is undefined"
    return "all that the cost by CPI comes to is spent, so there is no rest"


def _taken(found: Earned) -> dict[str, Any]:
    now = found.now
    return facts(day=now.day, budget=found.budget, planned=now.planned, earned=now.earned, actual=now.actual)


def _in_time(found: Earned) -> Iterator[Measure]:
    if found.no_plan or not any(found.plan.values()):
        yield from unknown(_TIME, RULE, _says(found.no_plan) or "the plan by month is empty")
        return
    start = min(found.plan)
    sums, at = planned_to_date(found.plan), round(periods(start, found.now.day), 6)
    inputs = facts(
        planned_to_date=sums, first_month=f"{start:%Y-%m}", earned=found.now.earned, at=at,
        duration=len(sums),
    )  # fmt: skip
    if at <= 0:
        yield from unknown(_TIME, RULE, f"the plan by month begins only after {found.now.day}", **inputs)
        return
    in_time = earned_schedule(sums, found.now.earned, at=at, duration=len(sums))
    if in_time is None:
        yield from unknown(_TIME, RULE, "the plan by month is empty", **inputs)
        return
    for name, (value, says) in _time_values(in_time, start, at, len(sums)).items():
        yield Measure(name, value, _TIME[name], RULE, inputs, found.attributes, found.records, says)


def _time_values(found: EarnedSchedule, start: date, at: float, duration: int) -> dict[str, tuple[Any, str]]:
    ends = found.estimate_at_completion
    finish = None if ends is None else after(start, ends)
    never = "nothing is earned yet, so that it leads to no day"
    return {
        "earned_schedule": (found.earned, f"months of the plan that are earned, after {at:g} months"),
        "schedule_variance_time": (found.variance, "months earned less months gone by"),
        "spi_time": (found.spi, "months earned for each month gone by"),
        "earned_schedule_months": (ends, never if ends is None else f"months it takes at this pace, of {duration}"),
        "earned_schedule_finish": (finish, never if finish is None else f"done on {finish} at this pace"),
        "tspi": (
            found.to_complete,
            "months to earn for each month left" if found.to_complete is not None else "no month of the plan is left",
        ),
    }  # fmt: skip


def _recent(found: Earned) -> Iterator[Measure]:
    now, before = found.now, found.before
    if before is None:
        yield from unknown(_RECENT, RECENT, "nothing is known of three months earlier", **_taken(found))
        return
    for name, word in (("spi_recent", "planned"), ("cpi_recent", "actual")):
        why = _says(found.no_plan if word == "planned" else found.no_cost)
        later, earlier = getattr(now, word), getattr(before, word)
        inputs = facts(
            **{"day": now.day, "window_from": before.day, "earned": now.earned, "earned_before": before.earned,
               word: later, f"{word}_before": earlier}
        )  # fmt: skip
        value = None
        if why is None and earlier is None:
            why = f"what was spent by {before.day} adds up to less than nothing"
        elif why is None:
            value = recent_index(now.earned - before.earned, later - earlier)
            says = f"earned over {word} since {before.day}"
            why = (
                says
                if value is not None
                else f"nothing was {'planned' if word == 'planned' else 'spent'} since"
            )
        yield Measure(name, value, "ratio", RECENT, inputs, found.attributes, found.records, why)


def _way_back(found: Earned, limits: Limits) -> Iterator[Measure]:
    units = _in(_BACK, found.currency)
    if found.no_cost or found.now.actual is None:
        yield from unknown(units, WAY_BACK, _says(found.no_cost) or "no actual cost by month")
        return
    now = Values(found.now.planned or Decimal(0), found.now.earned, found.now.actual)
    back = way_back(found.budget, now, approved=found.budget, amber_pct=limits.cost.amber_pct)
    inputs = facts(
        budget=found.budget, earned=now.earned, actual=now.actual, amber_pct=limits.cost.amber_pct,
        approved=found.budget,
    )  # fmt: skip
    for name, (value, says) in _back_values(back).items():
        yield Measure(name, value, units[name], WAY_BACK, inputs, found.attributes, found.records, says)


def _back_values(back: WayBack) -> dict[str, tuple[Any, str]]:
    spent = "more is spent already than a green cost leaves"
    needed = "efficiency that the rest needs for the cost to be green"
    better = "percent by which the work must go better than so far"
    plausible = {
        True: "within reach",
        False: "not plausible: more than 10 % better than so far",
        None: "not known",
    }
    return {
        "green_cost_limit": (back.max_cost, "dearest cost at completion that is green"),
        "green_efficiency": (back.needed, needed if back.needed is not None else spent),
        "green_improvement": (
            back.improvement_pct,
            better if back.improvement_pct is not None else "there is nothing to compare the rest with",
        ),
        "green_plausible": (back.plausible, f"the way back to a green cost is {plausible[back.plausible]}"),
    }
