"""F8: the benefit as forecast against what was promised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from model.exact import rounded
from model.policy import Limits
from model.records import BenefitFacts
from model.status.colour import Colour, Computed, Reason, counted, facts, percent

RULE = "F8"


@dataclass(frozen=True, kw_only=True)
class Benefit(Computed):
    """The variance in percent of the target: negative is a shortfall, None unknown."""

    variance_pct: Decimal | None = None


def benefit(*, target: Decimal | None, forecast: Decimal | None, limits: Limits) -> Benefit:
    """Colour the benefit: 100 x (forecast - target) / target, strictly under a limit turns it.

    Source: docs/status.md, rule F8.
    """
    inputs = facts(benefit_target=target, benefit_forecast=forecast)
    if target is None:
        return _grey("no benefit target", inputs)
    if forecast is None:
        return _grey("no benefit forecast", inputs)
    if target <= 0:
        return _grey("the benefit target is not above zero, so there is nothing to compare with", inputs)
    pct = 100 * (forecast - target) / target
    colour = Colour.GREEN
    if pct < limits.benefit.amber_pct:
        colour = Colour.RED if pct < limits.benefit.red_pct else Colour.AMBER
    side = f"{percent(abs(pct))} {'above' if pct > 0 else 'below'} the target" if pct else "on target"
    reason = Reason(RULE, f"forecast benefit {side}", facts(variance_pct=rounded(pct, 6)))
    return Benefit(colour=colour, reasons=(reason,), inputs=inputs, variance_pct=pct)


def benefits(known: Iterable[BenefitFacts], *, limits: Limits) -> dict[str | None, Benefit]:
    """Colour benefits unit by unit: the sums of those of one unit are compared, and no others.

    A group in which a promised benefit has no forecast is GREY: its sum would look like a shortfall.
    """
    groups: dict[str | None, list[BenefitFacts]] = {}
    for each in known:
        if each.target is not None:
            groups.setdefault(each.unit, []).append(each)
    return {unit: _of_unit(unit, group, limits) for unit, group in groups.items()}


def _of_unit(unit: str | None, group: Sequence[BenefitFacts], limits: Limits) -> Benefit:
    target = sum((each.target for each in group if each.target is not None), Decimal(0))
    without = [each.name for each in group if each.forecast is None]
    if without:
        said = f"{counted(len(without), 'benefit')} without a forecast"
        return _grey(said, facts(unit=unit, benefit_target=target, without_forecast=without))
    forecast = sum((each.forecast for each in group if each.forecast is not None), Decimal(0))
    found = benefit(target=target, forecast=forecast, limits=limits)
    return replace(found, inputs={**found.inputs, **facts(unit=unit, benefits=len(group))})


def _grey(why: str, inputs: dict[str, Any]) -> Benefit:
    return Benefit(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
