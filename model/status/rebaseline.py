"""F21: how much lateness later baselines have absorbed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

RULE = "F21"


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Slip against the baseline in force and against the first one, in days.

    `share` is what re-baselining took off the slip that counts from the first one; None where there is none.
    """

    baselines: int
    slip_current: int
    slip_original: int
    absorbed_days: int
    share: float | None


def absorbed(baselines: Sequence[date], forecast: date | None) -> Absorbed | None:
    """Compare a forecast finish with the first and the last of a project's approved finishes, oldest first.

    None without a baseline or a forecast. Source: docs/status.md, rule F21.
    """
    if not baselines or forecast is None:
        return None
    first, last = baselines[0], baselines[-1]
    original = (forecast - first).days
    taken = (last - first).days
    return Absorbed(
        baselines=len(baselines),
        slip_current=(forecast - last).days,
        slip_original=original,
        absorbed_days=taken,
        share=taken / original if original > 0 else None,
    )
