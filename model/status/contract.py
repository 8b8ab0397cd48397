"""F25: whether a contract lasts as long as the work it is for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

RULE = "F25"


@dataclass(frozen=True, slots=True)
class Cover:
    """How much of a contract is used up, in percent, and how many days of the project it leaves uncovered.

    Each is None where what it needs is unknown. `renew` says that the project ends after the contract.
    """

    burn_pct: Decimal | None
    elapsed_pct: float | None
    gap_days: int | None
    renew: bool | None


def cover(
    *,
    value: Decimal | None,
    invoiced: Decimal | None,
    start: date | None,
    end: date | None,
    project_finish: date | None,
    as_of: date,
) -> Cover:
    """Hold a contract against the day and the project's forecast finish; both amounts are in one currency.

    Before its start nothing has elapsed, after its end all of it. Source: docs/status.md, rule F25.
    """
    burn = 100 * invoiced / value if value and invoiced is not None and value > 0 else None
    elapsed = None
    if start is not None and end is not None and end > start:
        elapsed = 100 * min(max((as_of - start).days / (end - start).days, 0.0), 1.0)
    gap = None if end is None or project_finish is None else max((project_finish - end).days, 0)
    return Cover(burn, elapsed, gap, None if gap is None else gap > 0)
