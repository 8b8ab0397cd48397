"""The mass-loss brake: when too much would vanish in one run, nothing of it does until somebody agrees."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.document import BrakeBlock

SAMPLE = 20  # records whose fate is asked before the question is put


@dataclass(frozen=True, slots=True)
class Held:
    """What the brake holds: a slice, or all that is left of the stream (`slice` None)."""

    slice: str | None
    missing: int
    of: int


def held(missing: Mapping[str, int], there: Mapping[str, int], limits: BrakeBlock) -> list[Held]:
    """Say what must not be buried without being asked about.

    Args:
        missing: Slice -> records that would vanish.
        there: Slice -> records that count as there, the missing ones included.
        limits: From which share and number on; everything of a stream asks from the second record on.
    """
    found = [
        Held(name, number, there.get(name, number))
        for name, number in sorted(missing.items())
        if _too_many(number, there.get(name, number), limits)
    ]
    named = {each.slice for each in found}
    rest = sum(number for name, number in missing.items() if name not in named)
    whole = max(sum(there.values()), sum(missing.values()))
    if rest and (_too_many(rest, whole, limits) or rest == whole > 1):
        found.append(Held(None, rest, whole))
    return found


def _too_many(number: int, of: int, limits: BrakeBlock) -> bool:
    return number >= limits.least and number > limits.share * of
