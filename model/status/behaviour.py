"""F16: how colours move over the periods, where that says something of how they are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from model.policy import BehaviourLimits
from model.status.colour import Colour, order

RULE = "F16"


@dataclass(frozen=True, slots=True)
class Flag:
    """One way in which a colour behaves: cliff, stuck, flapping or belied; `says` is a sentence."""

    name: str
    says: str


def flags(
    colours: Sequence[Colour], limits: BehaviourLimits, *, critical_overdue: bool = False
) -> tuple[Flag, ...]:
    """Look at a project's colours, a period each and oldest first, as they stand at the last one.

    Args:
        colours: Grey ones break a streak and are no change.
        limits: How many periods make a flag.
        critical_overdue: Whether a critical milestone is overdue now.

    Source: docs/status.md, rule F16.
    """
    found = []
    known = [colour for colour in colours if order(colour) is not None]
    if known[-2:] == [Colour.GREEN, Colour.RED]:
        found.append(Flag("cliff", "it went from green to red with no amber between"))
    if (run := _run(colours, Colour.AMBER)) >= limits.stuck:
        found.append(Flag("stuck", f"it has been amber for {run} periods"))
    recent = [colour for colour in colours[-limits.flapping_periods :] if order(colour) is not None]
    if (changes := sum(one is not other for one, other in pairwise(recent))) >= limits.flapping_changes:
        found.append(Flag("flapping", f"it changed {changes} times in {len(recent)} periods"))
    if critical_overdue and (run := _run(colours, Colour.GREEN)) >= limits.streak:
        found.append(Flag("belied", f"green for {run} periods while a critical milestone is overdue"))
    return tuple(found)


def _run(colours: Sequence[Colour], wanted: Colour) -> int:
    """Count how many of the last periods in a row had a colour."""
    run = 0
    for colour in reversed(colours):
        if colour is not wanted:
            break
        run += 1
    return run
