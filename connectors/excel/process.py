"""Runs the child: a workbook is parsed where running out of memory or time harms nobody else."""

import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

import orjson

from connectors.excel.layout import Layout, Limits, Refused

_ROOT: Final = Path(__file__).parents[2]
_LAST_LINE: Final = 4 * 1024 * 1024
_PASSED_ON: Final = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV")


class Outcome:
    """What a child wrote: its records, read from disk as they are asked for, and what it told at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._close = weakref.finalize(self, file.close)  # also when nobody does
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _LAST_LINE))
        tail = file.read().rstrip(b"\n")
        start = tail.rfind(b"\n") + 1
        self._end = end - (len(tail) - start) - 1 if end else 0
        self.last: dict[str, Any] = orjson.loads(tail[start:])

    @property
    def told(self) -> dict[str, Any]:
        """What the child says of the sheet."""
        told: dict[str, Any] = self.last["told"]
        return told

    def lines(self) -> Iterator[bytes]:
        """Yield the records as they were written, from the first again each time; one reader at a time."""
        at = 0
        while at < self._end:
            self._file.seek(at)
            lines = self._file.readlines(1 << 20)
            for line in lines:
                at += len(line)
                if at <= self._end + 1:  # what follows is what it told
                    yield line

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records, from the first again each time; one reader at a time."""
        for line in self.lines():
            yield orjson.loads(line)

    def close(self) -> None:
        """Give the disk space back."""
        self._close()


def read(layout: Layout, body: bytes, limits: Limits) -> Outcome:
    """Read one sheet in a child.

    Raises:
        Refused: The workbook cannot be read, with the reason.
    """
    order = {"do": "read", "layout": orjson.loads(layout.to_json()), "limits": asdict(limits)}
    return _run(order, body, layout.file, limits)


def inspect(file: str, body: bytes, limits: Limits) -> list[dict[str, Any]]:
    """Look at all sheets in a child.

    Raises:
        Refused: The workbook cannot be read, with the reason.
    """
    outcome = _run({"do": "inspect", "file": file, "limits": asdict(limits)}, body, file, limits)
    sheets: list[dict[str, Any]] = outcome.last["sheets"]
    outcome.close()
    return sheets


def written(file: str, body: bytes, limits: Limits) -> Iterator[bytes]:
    """Read what people wrote into all sheets in a child; a line each.

    Raises:
        Refused: The workbook cannot be read, with the reason.
    """
    outcome = _run({"do": "written", "file": file, "limits": asdict(limits)}, body, file, limits)
    try:
        yield from outcome.lines()
    finally:
        outcome.close()


def _run(order: dict[str, Any], body: bytes, name: str, limits: Limits) -> Outcome:
    # Own files for both directions: no pipe can fill up, and a slow reader costs the child no time.
    written = tempfile.TemporaryFile()  # noqa: SIM115 -- the outcome closes it
    with tempfile.TemporaryFile() as handed, tempfile.TemporaryFile() as said:
        handed.write(orjson.dumps(order) + b"\n")
        handed.write(body)
        handed.seek(0)
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "connectors.excel.child"],
                stdin=handed,
                stdout=written,
                stderr=said,
                env=_environment(),
                timeout=limits.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            written.close()
            raise Refused(
                f"{name} took longer than {limits.seconds} seconds to read and was given up; it is too large, or made "
                "to be slow. Split it, or raise `seconds`"
            ) from error
        said.seek(0)
        last_words = said.read(65536).decode(errors="replace")
    if done.returncode != 0:
        written.close()
        raise Refused(_death(name, done.returncode, last_words, limits))
    outcome = Outcome(written)
    if "refused" in outcome.last:
        words = outcome.last["refused"]
        outcome.close()
        raise Refused(words if words.startswith(name) else f"{name}: {words}")
    return outcome


def _death(name: str, code: int, last_words: str, limits: Limits) -> str:
    """Say why a child ended without an answer."""
    if "memory allocation" in last_words or "MemoryError" in last_words:
        return (
            f"{name} needs more than {limits.memory_mb} MB of memory to read, most likely for one cell far outside its "
            "table. Delete what lies outside the table in Excel and save, or raise `memory_mb`"
        )
    if code == -24:  # noqa: PLR2004 -- SIGXCPU, which Windows does not know by name
        return (
            f"{name} took more than {limits.seconds} seconds of computing to read and was given up. Split it"
        )
    return (
        f"{name} made the reader fail (code {code}); it is damaged or of a form that is not known. Open it in Excel, "
        "save it as .xlsx, and try again"
    )


def _environment() -> dict[str, str]:
    """Pass on what an interpreter needs, and no secret."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8", "MALLOC_ARENA_MAX": "2"}
