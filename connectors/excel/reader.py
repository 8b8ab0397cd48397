"""Keeps the last readings of the child: what was pulled is read again straight away."""

import hashlib
import threading
from collections import OrderedDict
from typing import Final

from connectors.excel import process
from connectors.excel.layout import Layout, Limits
from connectors.excel.process import Outcome

_KEPT: Final = 4


class Reader:
    """Runs the child for one source."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._kept: OrderedDict[bytes, Outcome] = OrderedDict()
        self._lock = threading.Lock()

    def outcome(self, layout: Layout, body: bytes) -> Outcome:
        """Return what a sheet holds.

        Raises:
            Refused: It cannot be read.
        """
        key = hashlib.sha256(layout.to_json() + b"\n" + body).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = process.read(layout, body, self.limits)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)  # closed once nobody reads it any more
        return found

    def close(self) -> None:
        """Give the disk space back."""
        with self._lock:
            while self._kept:
                self._kept.popitem()[1].close()
