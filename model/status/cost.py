"""F4: how far the forecast cost is from the approved budget."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from model.exact import rounded
from model.policy import Limits
from model.status.colour import Colour, Computed, Reason, facts, impossible, percent

RULE = "F4"


@dataclass(frozen=True, kw_only=True)
class Cost(Computed):
    """The variance in percent of the baseline, None if unknown; an underspend is a flag, not a colour."""

    variance_pct: Decimal | None = None
    underspend: bool = False


def cost(*, baseline: Decimal | None, forecast: Decimal | None, limits: Limits) -> Cost:
    """Colour the cost: 100 x (forecast - baseline) / baseline, strictly over a limit turns it.

    Both amounts are in one currency and price basis. Source: docs/status.md, rule F4.
    """
    inputs = facts(budget=baseline, forecast_cost=forecast)
    if baseline is None:
        return _grey("no approved budget", inputs)
    if forecast is None:
        return _grey("no forecast at completion", inputs)
    if forecast < 0:
        why = impossible(
            RULE, "forecast_cost", f"the forecast cost is {forecast:,.2f}, less than nothing", **inputs
        )
        return Cost(colour=Colour.GREY, reasons=(why,), inputs=inputs)
    if baseline < 0:
        why = impossible(
            RULE, "budget", f"the approved budget is {baseline:,.2f}, less than nothing", **inputs
        )
        return Cost(colour=Colour.GREY, reasons=(why,), inputs=inputs)
    if baseline == 0:
        return _grey("the approved budget is not positive, so there is nothing to compare with", inputs)
    pct = 100 * (forecast - baseline) / baseline
    underspend = pct < limits.cost.underspend_pct
    if pct > limits.cost.red_pct:
        colour = Colour.RED
    elif pct > limits.cost.amber_pct:
        colour = Colour.AMBER
    else:
        colour = Colour.GREEN
    found = facts(variance_pct=rounded(pct, 6), underspend=underspend)
    return Cost(
        colour=colour,
        reasons=(Reason(RULE, _text(pct, underspend=underspend), found),),
        inputs=inputs,
        variance_pct=pct,
        underspend=underspend,
    )


def _text(pct: Decimal, *, underspend: bool) -> str:
    if pct == 0:
        return "forecast equals the budget"
    said = f"forecast {percent(abs(pct))} {'over' if pct > 0 else 'under'} the budget"
    return f"{said}: an underspend to ask about" if underspend else said


def _grey(why: str, inputs: dict[str, Any]) -> Cost:
    return Cost(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
