"""How a sync shows itself: bars on a terminal, plain lines in a log."""

import sys
import threading
from collections.abc import Sequence
from typing import Protocol, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class HasExpected(Protocol):
    """A slice, as far as progress is concerned."""

    @property
    def expected(self) -> int | None:
        """Records to come, None when unknown."""


class Bars:
    """A bar a stream."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=Console(stderr=True),
        )  # fmt: skip
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stream(self, source: str, stream: str, slices: Sequence[HasExpected]) -> None:
        """Show a bar; its length is known when every slice knows its own."""
        expected = [each.expected for each in slices]
        total = None if None in expected else sum(each or 0 for each in expected)
        self._tasks[source, stream] = self._progress.add_task(f"{source} {stream}", total=total)

    def page(self, source: str, stream: str, slice_: str, records: int) -> None:
        """Move the bar."""
        del slice_
        self._progress.advance(self._tasks[source, stream], records)

    def finished(self, source: str, state: str) -> None:
        """Fill the source's bars, and say so when it did not go well."""
        for (name, _), task in self._tasks.items():
            if name == source:
                done = self._progress.tasks[self._progress.task_ids.index(task)].completed
                self._progress.update(task, total=done)
        if state != "succeeded":
            self._progress.console.print(f"{source}: {state}", markup=False)


class Lines:
    """A line where a stream begins and one where a run ends."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def stream(self, source: str, stream: str, slices: Sequence[HasExpected]) -> None:
        """Remember the stream."""
        del slices
        with self._lock:
            self._counts.setdefault((source, stream), 0)

    def page(self, source: str, stream: str, slice_: str, records: int) -> None:
        """Count."""
        del slice_
        with self._lock:
            self._counts[source, stream] = self._counts.get((source, stream), 0) + records

    def finished(self, source: str, state: str) -> None:
        """Say how the run ended and what it read; what failed its ledger says, with the reason."""
        if state == "failed":
            return
        with self._lock:
            read = ", ".join(f"{stream} {n}" for (name, stream), n in self._counts.items() if name == source)
        typer.echo(f"{source}: {state}" + (f" ({read})" if read else ""), err=True)


def shown() -> Bars | Lines:
    """Bars where somebody watches, lines where nobody does."""
    return Bars() if sys.stderr.isatty() else Lines()
