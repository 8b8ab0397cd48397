"""F26: what it would take for the cost to be green again, and whether that is to be believed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from model.status.earned_value import Values

RULE = "F26"
PLAUSIBLE: Final = Decimal("1.10")  # needed over achieved efficiency


@dataclass(frozen=True, slots=True)
class WayBack:
    """The dearest finish that still is green, and the efficiency the rest of the work needs for it.

    `needed` None: what that leaves is spent already. `improvement_pct` is how much better than so far the work
    must go; None where nothing says how it went. `plausible` is false above 10 %, and where it cannot be.
    """

    max_cost: Decimal
    needed: Decimal | None
    achieved: Decimal | None
    improvement_pct: Decimal | None
    plausible: bool | None


def way_back(budget: Decimal, now: Values, *, approved: Decimal, amber_pct: Decimal) -> WayBack:
    """Compute the way back to a green cost.

    Args:
        budget: At completion, of all work (BAC).
        now: Earned and spent so far, in the same currency.
        approved: The approved budget that the forecast is held against.
        amber_pct: Percent over it from which cost is amber (F4).

    Source: docs/status.md, rule F26.
    """
    most = approved * (1 + amber_pct / 100)
    left, rest = most - now.actual, budget - now.earned
    achieved = now.earned / now.actual if now.actual > 0 else None
    if rest <= 0:  # all is earned: nothing is left that could cost more
        return WayBack(most, Decimal(0), achieved, None, now.actual <= most)
    if left <= 0:
        return WayBack(most, None, achieved, None, plausible=False)
    needed = rest / left
    if not achieved:
        return WayBack(most, needed, achieved, None, None)
    ratio = needed / achieved
    return WayBack(most, needed, achieved, 100 * (ratio - 1), ratio <= PLAUSIBLE)
