"""The mass-loss brake: when too much would vanish in one run, nothing of it does until somebody agrees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config.document import BrakeBlock

TAKEN_OUT_SHARE: Final = 0.5  # of a stream, above which what the officer took out is asked about too
SAMPLE = 20  # records whose fate is asked before the question is put


@dataclass(frozen=True, slots=True)
class Held:
    """What the brake holds: a slice, or all that is left of the stream (`slice` None)."""

    slice: str | None
    missing: int
    of: int


def held(
    missing: Mapping[str, int], there: Mapping[str, int], limits: BrakeBlock, *, taken_out: int = 0
) -> list[Held]:
    """Say what must not be buried without being asked about.

    Args:
        missing: Slice -> records that would vanish.
        there: Slice -> records that count as there, the missing ones included.
        limits: From which share and number on; everything of a stream asks from the second record on.
        taken_out: Records of whole slices that the officer took out of the configuration. One project fewer is
            what was meant; a slip of the pen that leaves less than half of the stream is asked about.
    """
    found = [
        Held(name, number, there.get(name, number))
        for name, number in sorted(missing.items())
        if _too_many(number, there.get(name, number), limits)
    ]
    named = {each.slice for each in found}
    rest = sum(number for name, number in missing.items() if name not in named)
    whole = max(sum(there.values()), sum(missing.values()) + taken_out)
    slipped = taken_out >= limits.least and taken_out > TAKEN_OUT_SHARE * whole
    if (rest and (_too_many(rest, whole, limits) or rest == whole > 1)) or slipped:
        found.append(Held(None, rest + taken_out, whole))
    return found


def _too_many(number: int, of: int, limits: BrakeBlock) -> bool:
    return number >= limits.least and number > limits.share * of
