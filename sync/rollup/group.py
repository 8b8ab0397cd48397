"""Group: one programme or the portfolio, its projects weighed, and its roll-up with everything it rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from model.currency import Converted, Rates
from model.exact import rounded
from model.status.colour import WORST_FIRST, Colour, plain
from model.status.rollup import RULE, Part, Rollup, roll_up
from model.status.watermelon import WATERMELON

_FEW: Final = 5
_HUNDRED: Final = Decimal(100)
_CENTS: Final = -2  # the power of ten


@dataclass(frozen=True, slots=True)
class Group:
    """What is rolled up: `kind` is portfolio or programme; a name of None is of projects in no programme."""

    kind: str
    name: str | None
    live: Sequence[Mapping[str, Any]]
    closed: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A project with what it weighs: `cost` None says in `why` what it lacks for a weight."""

    key: str
    name: str
    colour: Colour
    health: Decimal | None
    budget: Decimal | None
    currency: str
    cost: Converted | None
    why: str | None = None
    share: Decimal | None = None
    critical: bool = False
    assumed: bool = False  # nobody says in which currency it is: taken for the portfolio's
    as_of: str | None = None  # of an older snapshot
    apart: int | None = None  # steps that what is reported is rosier than what is computed

    @property
    def amount(self) -> Decimal | None:
        """What it weighs in the currency of the roll-up."""
        return None if self.cost is None else self.cost.amount


def document_of(group: Group, rates: Rates, currency: str) -> dict[str, Any]:
    """Roll a group up: the three views together, and each project's part in them."""
    weighed = [_weigh(group, project, rates, currency) for project in group.live]
    rolled = roll_up([Part(each.key, each.colour, each.amount, each.critical) for each in weighed])
    total = sum((each.amount for each in weighed if each.amount is not None), Decimal(0))
    left = [each for each in weighed if each.cost is None]
    return {
        "kind": group.kind,
        "name": group.name,
        "projects": len(weighed),
        "rule": RULE,
        "worst": rolled.worst.value,
        "cost_weighted": _cost_weighted(rolled, total, currency, left, len(weighed)),
        "counts": {each.value: rolled.count[each] for each in WORST_FIRST if rolled.count[each]},
        "health": _health(weighed),
        "grey": {
            "of_projects": _ratio(rolled.count[Colour.GREY], len(weighed)),
            "of_cost": plain(_rounded(rolled.share[Colour.GREY])) if rolled.share else None,
        },
        "watermelons": sum((each.apart or 0) >= WATERMELON for each in weighed),
        "rates": _rates(weighed),
        "inputs": [_input(each, total) for each in weighed],
        "closed": [
            {name: each[name] for name in ("key", "name", "closed_at", "overall", "health", "as_of")}
            for each in group.closed
        ],
    }


def _weigh(group: Group, project: Mapping[str, Any], rates: Rates, currency: str) -> Weighed:
    figures = project.get("figures") or {}
    budget = None if figures.get("budget") is None else Decimal(str(figures["budget"]))
    said = figures.get("currency")
    mine: Mapping[str, Any] = next(
        (
            each
            for each in project.get("programmes") or ()
            if group.kind == "programme" and each["name"] == group.name
        ),
        {},
    )
    share = None if mine.get("share") is None else Decimal(str(mine["share"]))
    cost, why = _cost(budget, share, rates, said or currency, currency)
    health = project.get("health")
    return Weighed(
        project["key"], project["name"], Colour(project.get("overall") or "GREY"),
        None if health is None else Decimal(str(health)), budget, said or currency, cost, why, share,
        bool(mine.get("critical")), budget is not None and said is None, project.get("as_of"),
        project.get("watermelon"),
    )  # fmt: skip


def _cost(
    budget: Decimal | None, share: Decimal | None, rates: Rates, said: str, wanted: str
) -> tuple[Converted | None, str | None]:
    """Return what a budget weighs, or why it weighs nothing."""
    if budget is None:
        return None, "no approved budget is known"
    if budget < 0:
        return None, f"its budget is negative ({budget:f} {said})"
    carried = budget if share is None else budget * share / _HUNDRED
    found = rates.convert(carried, said, wanted)
    if found is None:
        return None, f"its budget is in {said}, and no rate to {wanted} is known on that day"
    return found, None


def _cost_weighted(
    rolled: Rollup, total: Decimal, currency: str, left: Sequence[Weighed], projects: int
) -> dict[str, Any]:
    return {
        "colour": rolled.weighted.value,
        "says": rolled.reason.text,
        "shares": {
            each.value: plain(_rounded(rolled.share[each])) for each in WORST_FIRST if rolled.share.get(each)
        },
        "total": {"amount": _money(total), "currency": currency},
        "left_out": [{"key": each.key, "why": each.why} for each in left],
        "left_out_share": _ratio(len(left), projects),
        "left_out_says": _left_out(left, projects),
    }


def _left_out(left: Sequence[Weighed], projects: int) -> str | None:
    """Say which projects are in no share of the cost; None where all are in it."""
    if not left:
        return None
    named = ", ".join(f"{each.key} ({each.why})" for each in left[:_FEW])
    more = f" and {len(left) - _FEW} more" if len(left) > _FEW else ""
    return f"{len(left)} of {projects} projects in no share of the cost: {named}{more}"


def _health(weighed: Sequence[Weighed]) -> dict[str, Any]:
    """Return the mean health, plain and by cost, and how many projects are in neither or only in the first."""
    known = [each.health for each in weighed if each.health is not None]
    both = [
        (each.health, each.amount)
        for each in weighed
        if each.health is not None and each.amount is not None and each.amount > 0
    ]
    cost = sum((amount for _, amount in both), Decimal(0))
    weighted = sum((health * amount for health, amount in both), Decimal(0)) / cost if cost else None
    return {
        "cost_weighted": plain(_rounded(weighted, 2)),
        "plain": plain(_rounded(sum(known, Decimal(0)) / len(known), 2)) if known else None,
        "projects": len(known),
        "weighed": len(both),
        "unknown": [each.key for each in weighed if each.health is None],
    }


def _rates(weighed: Iterable[Weighed]) -> list[dict[str, Any]]:
    """Return every rate that was used, with the projects it was used for."""
    used: dict[Any, list[str]] = {}
    for each in weighed:
        for rate in each.cost.by if each.cost is not None else ():
            used.setdefault(rate, []).append(each.key)
    return [rate.to_json() | {"projects": keys} for rate, keys in used.items()]


def _input(each: Weighed, total: Decimal) -> dict[str, Any]:
    """Return a project's part in a roll-up: its colour, its budget as told, and its weight."""
    found: dict[str, Any] = {
        "key": each.key,
        "name": each.name,
        "colour": each.colour.value,
        "health": plain(each.health),
        "budget": None
        if each.budget is None
        else {"amount": format(each.budget, "f"), "currency": each.currency},
        "cost": None if each.amount is None else _money(each.amount),
        "weight": None if each.amount is None or not total else plain(_rounded(each.amount / total)),
    }
    found |= {} if each.share is None else {"share": plain(each.share)}
    found |= {"critical": True} if each.critical else {}
    found |= {"watermelon": each.apart} if each.apart is not None else {}
    found |= {"currency_assumed": True} if each.assumed else {}
    found |= {} if each.as_of is None else {"as_of": each.as_of}
    if each.cost is not None and each.cost.by:
        found["rates"] = [rate.to_json() for rate in each.cost.by]
    return found | ({} if each.why is None else {"left_out": each.why})


def _money(amount: Decimal) -> str:
    """Write an amount with all its digits, or with two where converting or dividing made more of them."""
    return format(amount, "f") if int(amount.as_tuple().exponent) >= _CENTS else f"{amount:.2f}"


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _rounded(value: Decimal | None, places: int = 6) -> Decimal | None:
    return None if value is None else rounded(value, places)
