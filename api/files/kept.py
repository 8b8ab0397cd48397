"""Files that were written, kept on disk by their tag until the room is needed; whoever reads one holds it open."""

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

_ROOM: Final = 2 << 30  # bytes
_AT_ONCE: Final = 2  # files that are written at a time: each takes a connection and most of a core


@dataclass(frozen=True, slots=True)
class Written:
    """One file that is open for reading, its length and the headers it was written with."""

    file: IO[bytes]
    length: int
    headers: dict[str, str] = field(default_factory=dict)


class Kept:
    """The files. Safe among threads: of several that want the same one, one writes it and the others wait."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: OrderedDict[str, tuple[Path, int, dict[str, str]]] = OrderedDict()
        self._lock = threading.Lock()
        self._writing: dict[str, threading.Lock] = {}
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def held(self, tag: str) -> Written | None:
        """Open a kept file; None where it is not there."""
        with self._lock:
            found = self._files.get(tag)
            if found is None:
                return None
            self._files.move_to_end(tag)
            path, length, headers = found
            return Written(path.open("rb"), length, headers)

    def get(self, tag: str, write: Callable[[IO[bytes]], dict[str, str]]) -> Written:
        """Open the kept file, or write and keep it; `write` returns the headers that belong to it."""
        with self._lock:
            mine = self._writing.setdefault(tag, threading.Lock())
        with mine:
            try:
                return self.held(tag) or self._write(tag, write)
            finally:
                with self._lock:
                    self._writing.pop(tag, None)

    def _write(self, tag: str, write: Callable[[IO[bytes]], dict[str, str]]) -> Written:
        with self._turns:
            path = self._place()
            try:
                with path.open("wb") as out:
                    headers = write(out)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        opened = path.open("rb")
        length = path.stat().st_size
        with self._lock:
            self._files[tag] = (path, length, headers)
            self._give_up()
        return Written(opened, length, headers)

    def _place(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="muster-files-")
            number, path = tempfile.mkstemp(dir=self._folder.name)
        os.close(number)
        return Path(path)

    def _give_up(self) -> None:
        """Remove the least recently wanted; whoever reads one still can."""
        while sum(length for _, length, _ in self._files.values()) > self._room:
            _, (path, _, _) = self._files.popitem(last=False)
            path.unlink(missing_ok=True)
