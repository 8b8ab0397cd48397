"""F8: the benefit as forecast against what was promised."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from model.policy import Limits
from model.status.colour import Colour, Computed, Reason, facts, percent

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
        return _grey("the benefit target is zero, so there is nothing to compare with", inputs)
    pct = 100 * (forecast - target) / target
    colour = Colour.GREEN
    if pct < limits.benefit.amber_pct:
        colour = Colour.RED if pct < limits.benefit.red_pct else Colour.AMBER
    side = f"{percent(abs(pct))} {'above' if pct > 0 else 'below'} the target" if pct else "on target"
    reason = Reason(RULE, f"forecast benefit {side}", facts(variance_pct=round(pct, 6)))
    return Benefit(colour=colour, reasons=(reason,), inputs=inputs, variance_pct=pct)


def _grey(why: str, inputs: dict[str, Any]) -> Benefit:
    return Benefit(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
