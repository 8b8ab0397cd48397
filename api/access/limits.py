"""How often one may ask: a rate for each name, kept in this process."""

from collections import OrderedDict
from typing import Final

_MINUTE: Final = 60.0  # seconds
_MOST_NAMES: Final = 10_000  # kept; beyond, the longest unused is forgotten


class Rate:
    """So many in a time for each name, all at once or spread; what was taken comes back evenly.

    The generic cell rate algorithm: one instant a name, at which all it took will have come back.
    """

    def __init__(self, most: int, *, seconds: float = _MINUTE) -> None:
        if most < 1:
            raise ValueError(f"a rate is at least 1 a minute, got {most}")
        self._span = seconds
        self._gap = seconds / most
        self._back_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, name: str, now: float) -> float:
        """Return the seconds until this name may take one; 0 when it may now."""
        ahead = self._back_at.get(name, now) - now
        return max(0.0, ahead - (self._span - self._gap))

    def take(self, name: str, now: float) -> float:
        """Take one if there is one; return as `wait` does."""
        if (seconds := self.wait(name, now)) > 0:
            return seconds
        self._back_at[name] = max(self._back_at.get(name, now), now) + self._gap
        self._back_at.move_to_end(name)
        if len(self._back_at) > _MOST_NAMES:
            self._back_at.popitem(last=False)
        return 0.0

    def give_back(self, name: str) -> None:
        """Give back one that was taken."""
        if name in self._back_at:
            self._back_at[name] -= self._gap
