"""How often a password may be tried for one name: from one address, and from all of them together."""

import threading
import time
from collections.abc import Callable
from typing import Final

from api.access.limits import Rate

_QUARTER: Final = 900.0  # seconds
_HOUR: Final = 3600.0


class Attempts:
    """Counts the passwords that did not fit. Names nobody has count as any other. Safe among threads.

    Whoever keeps trying from elsewhere shuts nobody out for long: from an address of their own people have tries of
    their own until there were many in all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._of_address = Rate(10, seconds=_QUARTER)
        self._of_name = Rate(50, seconds=_HOUR)  # OWASP ASVS 2.2.1 allows an account a hundred an hour

    def take(self, name: str, address: str) -> float:
        """Count one try, before it is made: many at once would all be made before the first is found wrong.

        Returns the seconds until this name may be tried from here, where it may not now; 0 counts.
        """
        now, both = self._clock(), f"{name}\n{address}"
        with self._lock:
            seconds = max(self._of_address.wait(both, now), self._of_name.wait(name, now))
            if seconds == 0:
                self._of_address.take(both, now)
                self._of_name.take(name, now)
            return seconds

    def fitted(self, name: str, address: str) -> None:
        """Give a try back: the password was the right one."""
        with self._lock:
            self._of_address.give_back(f"{name}\n{address}")
            self._of_name.give_back(name)
