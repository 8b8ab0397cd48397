"""The process is asked to stop: nothing further is requested, and no wait is slept out."""

import threading

stopping = threading.Event()  # one for the process, as the signal is


class Interrupted(Exception):
    """The process is stopping. Not a failure of any source: the next run goes on."""


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
