"""Signals: the first one stops the work between two pages, the second one ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import typer

from sync.stopping import ask_to_stop, is_stopping

STOPPED: Final = 130
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_FIRST: Final = b"\nmuster: stopping after this page; the next sync goes on (once more to stop at once)\n"
_SECOND: Final = b"\nmuster: stopped at once\n"


def end_as_by_hand() -> None:
    """Let the signals of a supervisor or a closed terminal do what Ctrl-C does: clean up, then end.

    Otherwise they end the process at once, and the embedded PostgreSQL stays behind.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not with nohup
            signal.signal(number, signal.default_int_handler)


@contextmanager
def stopping_between_pages(on_stop: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop what pulls inside, in good order.

    Args:
        on_stop: Called on the first signal, in the handler.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        # Straight to the file: the signal may have come in the middle of a print.
        if is_stopping():
            os.write(2, _SECOND)
            os._exit(STOPPED)
        ask_to_stop()
        os.write(2, _FIRST)
        on_stop()

    before = [signal.signal(number, handle) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)


def end_if_stopped() -> None:
    """End the command when it was asked to stop."""
    if is_stopping():
        raise typer.Exit(STOPPED)
