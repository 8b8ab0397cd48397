"""Facts that the formulas take: what is known of one milestone, risk, issue or role on a day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

CLOSED_STATES: Final = frozenset(["closed", "occurred", "rejected"])


@dataclass(frozen=True, slots=True)
class MilestoneFacts:
    """A milestone. `weight` None counts as 1, as the register says; other Nones are unknown.

    `ref` is whatever leads the caller back to the record; formulas only hand it on.
    """

    name: str
    baseline: date | None = None
    forecast: date | None = None
    actual: date | None = None
    weight: float | None = None
    critical: bool | None = None
    state: str | None = None
    ref: object = None


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """A risk. Probability and impact are 1 to 5, `chance` a share; `response_due` is its next action's.

    `likelihood` and `severity` are the source's own words, used where the policy has a matrix of words.
    """

    name: str
    probability: float | None = None
    impact: float | None = None
    chance: float | None = None
    cost_impact: Decimal | None = None
    days_impact: float | None = None
    owner: str | None = None
    response_due: date | None = None
    reviewed_on: date | None = None
    state: str | None = None
    likelihood: str | None = None
    severity: str | None = None
    ref: object = None

    @property
    def is_open(self) -> bool:
        """Whether it can still happen; a state nobody gave counts as open."""
        return self.state not in CLOSED_STATES


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """An issue. Impact is 1 to 5."""

    name: str
    impact: float | None = None
    raised_on: date | None = None
    due: date | None = None
    state: str | None = None
    ref: object = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be resolved; a state nobody gave counts as open."""
        return self.state not in CLOSED_STATES


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role of the project. `vacant_since` None means that somebody holds it, unless it is `unknown`."""

    role: str
    key: bool = True
    vacant_since: date | None = None
    unknown: bool = False
    ref: object = None
