"""Prepares pages beside the run, in processes of their own: Python gives one process one processor at a time."""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from connectors.base import Detached, Part
from connectors.stopping import Interrupted
from sync.compiling import CompiledMapping
from sync.prepare import Contents, Fault, Read, Recipe, UnreadablePage, prepare

_ROOT: Final = Path(__file__).parents[1]
_MOST: Final = 4
_ALONE: Final = 2  # pages of a stream that are prepared here, before it is worth starting processes
FEW_BYTES: Final = 8 << 20  # and so much of them: many small pages are few records
_TRIES: Final = 2  # processes that may die of one page
_ENDS_S: Final = 5.0  # a process that was told to end and does not is killed
LONGEST_S: Final = 900.0  # over one page; the largest sheets take a minute
_HUNG: Final = (
    "taking its answers apart did not end within {:g} seconds and was broken off; nothing of the page was stored, the"
    " next run asks for it again. If it lasts, look for an unusually large record there, and please report it"
)
_PIPE: Final = 1 << 20  # bytes: a page in one go, where the platform lets a pipe hold that


class _Died(Exception):
    """A preparing process ended in the middle of a page."""


class _Hung(_Died):
    """It took longer over a page than any page takes, and was killed."""


class _Preparer:
    """One process and the two pipes to it; used by one thread at a time."""

    def __init__(self, recipe: bytes) -> None:
        paths = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sync.prepare_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C is the run's to answer
        )
        if process.stdin is None or process.stdout is None:
            raise _Died
        self._process, self._to, self._from = process, process.stdin, process.stdout
        _widen(self._to, self._from)
        try:
            self._write(recipe)
        except _Died:
            self.end()
            raise

    def prepare(self, parts: Sequence[Part], longest_s: float) -> Contents:
        """Hand a page over and wait for what it gives.

        Raises:
            UnreadablePage: Its records cannot be told apart.
            RuntimeError: A fault of Muster's own, with its traceback.
            _Hung: It gave nothing for so long, and was killed.
            _Died: The process is no more.
        """
        late = threading.Event()
        watch = threading.Timer(longest_s, self._kill_late, (late,))
        watch.daemon = True
        watch.start()
        try:
            self._write(pickle.dumps(tuple(parts), protocol=5))
            answer = self._read()
        except _Died as error:
            if late.is_set():
                raise _Hung from error
            raise
        finally:
            watch.cancel()
        if isinstance(answer, Contents):
            return answer
        if isinstance(answer, Fault):
            words = f"a preparing process met a fault of Muster's own\n{answer.words}"
            raise RuntimeError(words)  # noqa: TRY004  (an answer, no argument)
        raise UnreadablePage(str(answer))

    def _kill_late(self, late: threading.Event) -> None:
        late.set()
        self.kill()

    def kill(self) -> None:
        """End the process in the middle of whatever it does; whoever waits for it is told."""
        self._process.kill()

    def end(self) -> None:
        """Let the process go; a second call does nothing."""
        for pipe in (self._to, self._from):
            with suppress(OSError):  # what was still to be written has nobody to read it
                pipe.close()
        try:
            self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, message: bytes) -> None:
        try:
            self._to.write(message)
            self._to.flush()
        except (OSError, ValueError) as error:
            raise _Died from error

    def _read(self) -> Any:
        try:
            return pickle.load(self._from)  # noqa: S301  (our own process wrote it)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise _Died from error


class Preparing:
    """Where the pages of one stream are prepared: the first ones here, the many beside.

    Safe for threads. A process that dies is replaced once for the page it died of; a second time the page counts
    as one that cannot be read. So does, at once, a page over which a process hangs.
    """

    def __init__(
        self,
        source_id: int,
        read: Read,
        mapping: CompiledMapping,
        *,
        processes: int | None = None,
        alone: int = 0,
        longest_s: float = LONGEST_S,
    ) -> None:
        """Start nothing yet.

        Args:
            source_id: Whose pages they are.
            read: Takes records out of a page.
            mapping: Makes rows of them.
            processes: The most that may be started; 0 does everything here.
            alone: Bytes that are prepared here before any is.
            longest_s: Seconds that a process may take over one page.
        """
        self._source_id, self._read, self._mapping = source_id, read, mapping
        most = min(_MOST, os.cpu_count() or 1) if processes is None else processes
        self.processes = most if isinstance(read, Detached) else 0
        self._recipe = (
            Recipe(source_id, read, mapping.plan, mapping.transforms, mapping.semantics).pickled()
            if self.processes
            else b""
        )
        self._longest_s = longest_s
        self._halted = False
        self._lock = threading.Lock()
        self._here = threading.Lock()
        self._pages, self._bytes, self._alone = 0, 0, alone
        self._started: list[_Preparer] = []
        self._idle: queue.LifoQueue[_Preparer | None] = queue.LifoQueue()

    def prepare(self, parts: Sequence[Part]) -> Contents:
        """Prepare a page, beside when there are many.

        Raises:
            UnreadablePage: Its records cannot be told apart, or no process survives it.
        """
        with self._lock:
            self._pages += 1
            self._bytes += sum(len(part.body) for part in parts)
            many = self._pages > _ALONE and self._bytes > self._alone
            if many and len(self._started) < self.processes:
                self._start()
            beside = bool(self._started)
        return self._beside(parts) if beside else self._prepare_here(parts)

    def _prepare_here(self, parts: Sequence[Part]) -> Contents:
        with self._here:  # threads could only take turns
            return prepare(self._source_id, self._read, self._mapping, parts)

    def _beside(self, parts: Sequence[Part]) -> Contents:
        preparer = self._idle.get()
        for _ in range(_TRIES):
            if preparer is None:  # no process can be started any more: whoever waits works here
                self._idle.put(None)
                return self._prepare_here(parts)
            try:
                found = preparer.prepare(parts, self._longest_s)
            except _Died as error:
                if self._halted:
                    self._idle.put(preparer)
                    raise Interrupted from error
                if isinstance(error, _Hung):
                    self._idle.put(self._replaced(preparer))
                    raise UnreadablePage(_HUNG.format(self._longest_s)) from error
                preparer = self._replaced(preparer)
                continue
            except BaseException:
                self._idle.put(preparer)
                raise
            self._idle.put(preparer)
            return found
        self._idle.put(preparer)
        raise UnreadablePage(
            "the process that takes its answers apart ended twice without a word, most likely for want of"
            " memory; nothing of the page was stored. Give the machine more memory, or read less at a time"
        )

    def _start(self) -> None:
        try:
            preparer = _Preparer(self._recipe)
        except (OSError, _Died):  # no room for another process: what there is must do
            self.processes = len(self._started)
            return
        self._started.append(preparer)
        self._idle.put(preparer)

    def _replaced(self, dead: _Preparer) -> _Preparer | None:
        dead.end()
        with self._lock:
            self._started.remove(dead)
            try:
                preparer = _Preparer(self._recipe)
            except (OSError, _Died):
                return None
            self._started.append(preparer)
        return preparer

    def halt(self) -> None:
        """Kill all processes: the run has failed, and what they prepare is not stored any more."""
        with self._lock:
            self._halted = True
            for preparer in self._started:
                preparer.kill()

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            for preparer in self._started:
                preparer.end()
            self._started.clear()


def _widen(*pipes: Any) -> None:
    try:
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):  # not Linux, or not allowed: smaller bites, the same meal
        return
