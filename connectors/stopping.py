"""The process is asked to stop: nothing further is requested, and no wait is slept out."""

import threading
import time
from collections.abc import Callable
from typing import Final

_TICK_S: Final = 0.2  # seconds between looks at whether to stop

stopping = threading.Event()  # one for the process, as the signal is


class Interrupted(Exception):
    """The process is stopping, or the run has failed elsewhere. Not a failure of any source: the next run goes on."""


def check_stopping() -> None:
    """Raise Interrupted once the process is asked to stop."""
    if stopping.is_set():
        raise Interrupted


def rest(seconds: float) -> None:
    """Sleep, unless the process is asked to stop.

    Raises:
        Interrupted: It is, before or meanwhile.
    """
    if stopping.wait(max(0.0, seconds)):
        raise Interrupted


def resting(halted: threading.Event) -> Callable[[float], None]:
    """Return a sleep like `rest` that is not slept out either once a run is halted, because another thread failed."""

    def sleep(seconds: float) -> None:
        until = time.monotonic() + seconds
        while not halted.is_set() and (left := until - time.monotonic()) > 0:
            rest(min(left, _TICK_S))
        if halted.is_set():
            raise Interrupted

    return sleep
