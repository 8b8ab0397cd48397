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

    `likelihood`, `severity` and `rating` are the source's own words, used where the policy has a matrix of
    words; a register that rates the delay apart from the rest has a second set of them.
    """

    name: str
    probability: float | None = None
    impact: float | None = None
    chance: float | None = None
    cost_impact: Decimal | None = None
    days_impact: float | None = None
    owner: str | None = None
    response_due: date | None = None
    raised_on: date | None = None
    reviewed_on: date | None = None
    state: str | None = None
    likelihood: str | None = None
    severity: str | None = None
    rating: str | None = None
    schedule_likelihood: str | None = None
    schedule_severity: str | None = None
    schedule_rating: str | None = None
    ref: object = None

    @property
    def pairs(self) -> tuple[tuple[str, str | None, str | None, str | None], ...]:
        """What is rated, and the words for how likely, how grave, and the two together; as far as there are any."""
        found = (
            ("cost", self.likelihood, self.severity, self.rating),
            ("schedule", self.schedule_likelihood, self.schedule_severity, self.schedule_rating),
        )
        return tuple(pair for pair in found if pair[1] is not None or pair[2] is not None)

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


@dataclass(frozen=True, slots=True)
class BenefitFacts:
    """A benefit. `unit` is a currency or what else it is counted in; amounts of different units never meet."""

    name: str
    target: Decimal | None = None
    forecast: Decimal | None = None
    unit: str | None = None
    ref: object = None


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """A team's week: its hours booked and its hours there are, or only the share in percent."""

    week: date
    booked: float | None = None
    capacity: float | None = None
    percent: float | None = None
    ref: object = None


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """A quality review. `failed` says that it did not pass; what failed is open until `closed_on`."""

    name: str
    due: date | None = None
    held_on: date | None = None
    failed: bool | None = None
    open_criteria: int | None = None
    closed_on: date | None = None
    ref: object = None


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """A contract; both amounts are in one currency."""

    name: str
    value: Decimal | None = None
    invoiced: Decimal | None = None
    start: date | None = None
    end: date | None = None
    state: str | None = None
    ref: object = None

    @property
    def runs(self) -> bool:
        """Whether it still is to cover work; a state nobody gave counts as running."""
        return self.state not in ("ended", "cancelled")
