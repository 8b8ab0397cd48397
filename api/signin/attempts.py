"""How often a password may be tried for one name: from one address, and from all of them together."""

import time
from collections.abc import Callable
from typing import Final

from api.access.limits import Rate

_QUARTER: Final = 900.0  # seconds
_HOUR: Final = 3600.0


class Attempts:
    """Counts the passwords that did not fit. Names nobody has count as any other.

    Whoever keeps trying from elsewhere shuts nobody out for long: from an address of their own people have tries of
    their own until there were many in all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of_address = Rate(10, seconds=_QUARTER)
        self._of_name = Rate(50, seconds=_HOUR)  # OWASP ASVS 2.2.1 allows an account a hundred an hour

    def wait(self, name: str, address: str) -> float:
        """Return the seconds until this name may be tried from here; 0 when it may now."""
        now = self._clock()
        both = (self._of_address.wait(f"{name}\n{address}", now), self._of_name.wait(name, now))
        return max(both)

    def failed(self, name: str, address: str) -> None:
        """Count a password that did not fit."""
        now = self._clock()
        self._of_address.take(f"{name}\n{address}", now)
        self._of_name.take(name, now)
