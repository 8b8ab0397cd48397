"""How fast one host may be called: a shared limit on requests in flight, and pauses the host asks for."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from weakref import WeakValueDictionary

LONGEST_PAUSE_S: Final = 120.0  # a longer wait is given back to the schedule instead of slept


class TooLong(Exception):
    """The host wants us away for longer than we sleep; `seconds` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """At most `limit` requests at once to one host, and none while it wants a pause."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._in_flight = 0
        self._freed = threading.Condition()
        self._resume_at = 0.0  # monotonic seconds

    def pause(self, seconds: float) -> None:
        """Let nobody call this host for so long from now on; a longer pause already set stays."""
        self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    @contextmanager
    def turn(self, sleep: Callable[[float], None], waited: Callable[[float], None]) -> Iterator[None]:
        """Hold one of the host's places, after the pause it asked for.

        Raises:
            TooLong: The pause is longer than we sleep.
        """
        with self._freed:
            self._freed.wait_for(lambda: self._in_flight < self.limit)
            self._in_flight += 1
        try:
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
            if until - reached > LONGEST_PAUSE_S:
                raise TooLong(until - reached)
            waited(until - reached)
            sleep(until - reached)
            reached = until
            if self._resume_at == until:  # slept out; with a clock of its own a test sleeps no second time
                self._resume_at = 0.0


_paces: "WeakValueDictionary[tuple[str, str, int], Pace]" = WeakValueDictionary()
_paces_lock = threading.Lock()


def shared_pace(host: str, identity: str, limit: int, transport: int = 0) -> Pace:
    """Return the process's one pace for this identity on this host; the lowest limit asked for wins."""
    with _paces_lock:
        pace = _paces.get((host, identity, transport))
        if pace is None:
            pace = _paces[host, identity, transport] = Pace(limit)
        pace.limit = min(pace.limit, limit)
        return pace


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Read how long the host wants to be left alone; None when it does not say.

    `Retry-After` is seconds or an HTTP date. `X-RateLimit-Reset` is an ISO instant (Jira, whose seconds
    may be missing) or epoch seconds (Azure DevOps).
    """
    after = headers.get("retry-after", "").strip()
    if after:
        seconds = _number(after)
        return seconds if seconds is not None else _until(_http_date(after))
    reset = headers.get("x-ratelimit-reset", "").strip()
    if not reset:
        return None
    epoch = _number(reset)
    if epoch is None:
        return _until(_iso(reset))
    return max(0.0, epoch - time.time()) if epoch > 1_000_000_000 else epoch  # noqa: PLR2004 - before 2001: a span


def soft_delay(headers: Mapping[str, str]) -> float:
    """Seconds that a successful answer asks us to slow down by; 0 when it does not."""
    asked = [headers.get("retry-after"), headers.get("x-ratelimit-delay")]
    return max((_number(value) or 0.0 for value in asked if value), default=0.0)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return max(0.0, value) if value < float("inf") else None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _until(at: datetime | None) -> float | None:
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
