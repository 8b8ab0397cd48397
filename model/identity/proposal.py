"""A proposal: two things that may be one, and what speaks for and against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

PROPOSED_FROM: Final = 0.8  # confidence below which an officer is not bothered
HIGH_FROM: Final = 0.92
CERTAIN: Final = 0.99  # nothing that is only proposed is more certain than this

KINDS: Final = ("scope", "reference", "project", "person", "account", "name")


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for it (weight above 0) or against it (below)."""

    rule: str
    says: str
    weight: float

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"rule": self.rule, "says": self.says, "weight": round(self.weight, 2)}


@dataclass(frozen=True, slots=True)
class Proposal:
    """That `subject` is, or belongs to, `target`. How a subject is written depends on the kind."""

    kind: str
    subject: str
    target: UUID
    subject_says: str
    target_says: str
    reasons: tuple[Reason, ...]

    @property
    def confidence(self) -> float:
        """What the reasons add up to."""
        return total(self.reasons)

    @property
    def worth_asking(self) -> bool:
        """Whether an officer should look at it."""
        return self.confidence >= PROPOSED_FROM


def total(reasons: Sequence[Reason]) -> float:
    """Add reasons up, to the hundredth, between 0 and 0.99."""
    return round(min(CERTAIN, max(0.0, sum(round(each.weight, 2) for each in reasons))), 2)


def sureness(confidence: float) -> str:
    """Say a confidence in a word."""
    if confidence >= HIGH_FROM:
        return "high"
    return "medium" if confidence >= PROPOSED_FROM else "low"
