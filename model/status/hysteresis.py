"""A better colour is shown only after it was computed several times in a row; a worse one at once."""

from dataclasses import dataclass
from typing import Any

from model.status.colour import Colour, Reason, better_than, counted, order, worse

RULE = "hysteresis"


@dataclass(frozen=True, slots=True)
class Held:
    """The colour that is shown, and the better colours computed in a row since, newest last.

    `standing` is the last of green, amber and red that was shown, also over a grey in between; but a grey ends the
    row of better ones, which begins anew after it: nobody knows what would have been computed. Count
    one computation a day: a repeated one replaces its predecessor.
    """

    shown: Colour
    standing: Colour | None = None
    pending: tuple[Colour, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for `from_json`."""
        standing = None if self.standing is None else self.standing.value
        return {"shown": self.shown.value, "standing": standing, "pending": [c.value for c in self.pending]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Held":
        """Read what `to_json` wrote."""
        standing = None if data["standing"] is None else Colour(data["standing"])
        return cls(Colour(data["shown"]), standing, tuple(map(Colour, data["pending"])))


def hold(before: Held | None, computed: Colour, *, needed: int) -> Held:
    """Return what is shown after one more computation; `needed` is the policy's `hysteresis`.

    Grey and blue are shown at once. A return goes to the worst of the better colours that led to it.
    """
    standing = before.standing if before else None
    if order(computed) is None:
        return Held(computed, standing, () if computed is Colour.GREY else (before.pending if before else ()))
    if standing is None or not better_than(computed, standing):
        return Held(computed, computed)
    pending = (*(before.pending if before else ()), computed)[-needed:]
    if len(pending) < needed:
        return Held(standing, standing, pending)
    reached = worse(*pending)
    return Held(reached, reached, tuple(colour for colour in pending[1:] if better_than(colour, reached)))


def held_reason(held: Held, computed: Colour, *, needed: int) -> Reason | None:
    """Say why another colour than the computed one is shown; None where they are the same."""
    if held.shown is computed:
        return None
    times = counted(len(held.pending), "time")
    text = f"computed {computed.value} {times}, {held.shown.value} stays until {needed} in a row"
    return Reason(RULE, text, {"computed": computed.value, "in_a_row": len(held.pending), "needed": needed})
