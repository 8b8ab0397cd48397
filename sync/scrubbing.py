"""The last net under every secret: what is logged, and what a crash prints, is starred."""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from connectors.redaction import remember, scrubbed

__all__ = ["Scrubbing", "remember", "scrub_crashes", "scrubbed"]


class Scrubbing(logging.Formatter):
    """Formats as another formatter does, tracebacks included, and stars every secret this process was told."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the line as it is written."""
        return scrubbed(self._inner.format(record))


def scrub_crashes() -> None:
    """Star secrets in what Python prints of an exception that nobody caught, in any thread."""
    sys.excepthook = _print
    threading.excepthook = _print_of_thread


def _print(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    sys.stderr.write(scrubbed("".join(traceback.format_exception(kind, error, trace))))


def _print_of_thread(crash: Any) -> None:
    if crash.exc_type is not SystemExit:
        _print(crash.exc_type, crash.exc_value, crash.exc_traceback)
