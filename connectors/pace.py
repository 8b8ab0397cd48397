"""How fast one host may be called: a shared limit on requests in flight, and pauses the host asks for."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final
from weakref import WeakSet, WeakValueDictionary

from connectors.limits import seconds_asked, soft_delay
from connectors.stopping import check_stopping

__all__ = ["LONGEST_PAUSE_S", "Pace", "Share", "TooLong", "seconds_asked", "shared_pace", "soft_delay"]

LONGEST_PAUSE_S: Final = 120.0  # a longer wait is given back to the schedule instead of slept
_LONGEST_KEPT_S: Final = 3600.0  # after an hour one may ask whether a host still wants to be left alone
_SPREAD: Final = 0.1  # of a pause: those who waited it out come back one after the other, not at once
_MOST_SPREAD_S: Final = 2.0
_WIDEN_AFTER: Final = 20  # answers without a complaint, before one more request may be in flight again
_TICK_S: Final = 0.2  # seconds between looks at whether to stop


class TooLong(Exception):
    """The host wants us away for longer than we sleep; `seconds` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """At most so many requests at once to one host as the lowest share asks for, and none while it wants a pause.

    Each complaint of the host halves what may be in flight; answers without one widen it again, one by one.
    """

    def __init__(self, spread: Callable[[], float] = random.random) -> None:
        """`spread` draws from 0 up to 1; a test hands in its own."""
        self._spread = spread
        self._in_flight = 0
        self._freed = threading.Condition()
        self._resume_at = 0.0  # monotonic seconds
        self._shares: WeakSet[Share] = WeakSet()
        self._limit = self._room = 1
        self._calm = 0  # answers since the host last complained

    @property
    def room(self) -> int:
        """How many requests may be in flight now."""
        return self._room

    def pause(self, seconds: float, *, complaint: bool = True) -> None:
        """Let nobody call this host for so long from now on; a longer pause already set stays.

        `complaint` says that the host refused us, so that fewer requests at once are better from now on.
        """
        with self._freed:
            self._resume_at = max(self._resume_at, time.monotonic() + min(seconds, _LONGEST_KEPT_S))
            if complaint:
                self._room, self._calm = max(1, self._room // 2), 0

    def answered(self) -> None:
        """Count an answer without a complaint."""
        if self._room == self._limit:
            return
        with self._freed:
            self._calm += 1
            if self._calm >= _WIDEN_AFTER and self._room < self._limit:
                self._room, self._calm = self._room + 1, 0
                self._freed.notify()

    def join(self, share: "Share") -> None:
        """Count a client among those that call."""
        with self._freed:
            alone = not self._shares
            self._shares.add(share)
            self._limit = min(each.limit for each in self._shares)
            self._room = self._limit if alone else min(self._room, self._limit)

    def leave(self, share: "Share") -> None:
        """Count a client no longer; the others may then be more."""
        with self._freed:
            self._shares.discard(share)
            if self._shares:
                widened = self._room == self._limit
                self._limit = min(each.limit for each in self._shares)
                self._room = self._limit if widened else min(self._room, self._limit)
                self._freed.notify_all()

    @contextmanager
    def turn(self, sleep: Callable[[float], None], waited: Callable[[float], None]) -> Iterator[None]:
        """Hold one of the host's places, after the pause it asked for.

        Raises:
            TooLong: The pause is longer than we sleep.
            Interrupted: The process is asked to stop.
        """
        with self._freed:
            while self._in_flight >= self._room:
                check_stopping()
                self._freed.wait(_TICK_S)
            self._in_flight += 1
        try:
            if self._resume_at:
                self._wait(sleep, waited)
            yield
        finally:
            with self._freed:
                self._in_flight -= 1
                self._freed.notify()

    def _wait(self, sleep: Callable[[float], None], waited: Callable[[float], None]) -> None:
        """Sleep the pause out; a pause that was prolonged meanwhile is slept as well."""
        reached = time.monotonic()
        while (until := self._resume_at) > reached:
            pause = until - reached
            if pause > LONGEST_PAUSE_S:
                raise TooLong(pause)
            pause += min(pause * _SPREAD, _MOST_SPREAD_S) * self._spread()
            waited(pause)
            sleep(pause)
            reached = until
            with self._freed:
                if (
                    self._resume_at == until
                ):  # slept out; with a clock of its own a test sleeps no second time
                    self._resume_at = 0.0


class Share:
    """One client's part in a pace: it counts from its first call until it is closed."""

    def __init__(self, pace: Pace, limit: int) -> None:
        self.pace, self.limit = pace, max(1, limit)
        self._joined = False

    def turn(
        self, sleep: Callable[[float], None], waited: Callable[[float], None]
    ) -> AbstractContextManager[None]:
        """Hold one of the host's places; see `Pace.turn`."""
        if not self._joined:
            self.pace.join(self)
            self._joined = True
        return self.pace.turn(sleep, waited)

    def close(self) -> None:
        """Count no longer."""
        if self._joined:
            self.pace.leave(self)
            self._joined = False


_paces: "WeakValueDictionary[tuple[str, str, int], Pace]" = WeakValueDictionary()
_kept: set[Pace] = set()  # of real hosts, so that a pause outlives the run it was asked of
_paces_lock = threading.Lock()


def shared_pace(host: str, identity: str, limit: int, transport: int = 0) -> Share:
    """Return a share in the process's one pace for this identity on this host."""
    with _paces_lock:
        pace = _paces.get((host, identity, transport))
        if pace is None:
            pace = _paces[host, identity, transport] = Pace()
            if not transport:
                _kept.add(pace)
        return Share(pace, limit)
