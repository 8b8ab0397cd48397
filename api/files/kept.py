"""Files that were written, kept by their tag until the room is needed. They have no name: nothing is left behind.

Whoever reads one has it open on their own, so that it can be given up meanwhile.
"""

import errno
import os
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Final

from api.wire.problems import Problem

_ROOM: Final = 2 << 30  # bytes
_AT_ONCE: Final = 2  # files that are written at a time: each takes a connection and most of a core
_MOST_WAITING: Final = 8  # requests; each holds one of the server's threads
Write = Callable[[IO[bytes]], tuple[str, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Written:
    """One file that is open for reading, its tag and length, and the headers it was written with."""

    tag: str
    file: IO[bytes]
    length: int
    headers: dict[str, str] = field(default_factory=dict)

    def read(self, first: int, most: int) -> bytes:
        """Return bytes from a place on; several readers do not get in each other's way."""
        return os.pread(self.file.fileno(), most, first)


@dataclass(frozen=True, slots=True)
class _Held:
    number: int  # of the open file
    length: int
    headers: dict[str, str]

    def opened(self, tag: str) -> Written:
        return Written(tag, os.fdopen(os.dup(self.number), "rb", buffering=0), self.length, self.headers)


class Kept:
    """The files. Safe among threads: of several that want the same one, one writes it and the others wait."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._files: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._writing: dict[str, threading.Lock] = {}
        self._waiting = 0
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        weakref.finalize(self, _close, self._files)

    def held(self, tag: str) -> Written | None:
        """Open a kept file; None where it is not there."""
        with self._lock:
            found = self._files.get(tag)
            if found is None:
                return None
            self._files.move_to_end(tag)
            return found.opened(tag)

    def waiting(self) -> int:
        """Return how many are writing or waiting."""
        with self._lock:
            return self._waiting

    def get(self, tag: str, write: Write) -> Written:
        """Open the kept file, or write and keep it.

        Args:
            tag: Which.
            write: Writes it; returns its tag, another one where the data went on meanwhile, and its headers.

        Raises:
            Problem: 503, when the disk is full, or too many wait already.
        """
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                raise Problem(
                    503,
                    "busy",
                    "Too many files are being written; try again in a moment.",
                    {"Retry-After": "15"},
                )
            self._waiting += 1
            mine = self._writing.setdefault(tag, threading.Lock())
        try:
            with mine:
                return self.held(tag) or self._write(write)
        finally:
            with self._lock:
                self._waiting -= 1
                self._writing.pop(tag, None)

    def _write(self, write: Write) -> Written:
        with self._turns, _room_on_disk(), tempfile.TemporaryFile() as out:
            tag, headers = write(out)
            out.flush()
            made = _Held(os.dup(out.fileno()), os.fstat(out.fileno()).st_size, headers)
        with self._lock:
            opened = made.opened(tag)
            if (before := self._files.pop(tag, None)) is not None:
                os.close(before.number)
            self._files[tag] = made
            while sum(each.length for each in self._files.values()) > self._room:
                _, gone = self._files.popitem(last=False)
                os.close(gone.number)
        return opened


@contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Problem(
            503, "no-room", "The hub's disk for temporary files (TMPDIR) is full; ask its administrator."
        ) from error


def _close(files: OrderedDict[str, _Held]) -> None:
    for each in files.values():
        os.close(each.number)
    files.clear()
