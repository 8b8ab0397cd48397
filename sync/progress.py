"""Who is told how a run goes on: a progress bar, a log, or nobody."""

from collections.abc import Sequence
from typing import Protocol

from connectors.base import Slice


class Progress(Protocol):
    """Who is told how a run goes on: a progress bar, a log, or nobody."""

    def stream(self, source: str, stream: str, slices: Sequence[Slice]) -> None:
        """A stream begins."""

    def page(self, source: str, stream: str, slice_: str, records: int) -> None:
        """A page was stored."""

    def finished(self, source: str, state: str) -> None:
        """The run is over."""


class Silent:
    """Tells nobody."""

    def stream(self, source: str, stream: str, slices: Sequence[Slice]) -> None:
        """Say nothing."""

    def page(self, source: str, stream: str, slice_: str, records: int) -> None:
        """Say nothing."""

    def finished(self, source: str, state: str) -> None:
        """Say nothing."""
