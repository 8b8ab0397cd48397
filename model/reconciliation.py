"""F24: what a source said it has against what became of it."""

from typing import Final

RULE: Final = "F24"


def unexplained(said: int | None, *, stored: int, rejected: int, filtered: int) -> int | None:
    """Return how many records a source said it has that were neither stored, nor rejected, nor filtered, each with why.

    Below 0 there are more than it said. None where it said no number. Source: docs/runs.md, rule F24.
    """
    return None if said is None else said - stored - rejected - filtered


def balanced(said: int | None, *, stored: int, rejected: int, filtered: int) -> bool | None:
    """Say whether nothing is unexplained; None where the source said no number."""
    off = unexplained(said, stored=stored, rejected=rejected, filtered=filtered)
    return None if off is None else off == 0
