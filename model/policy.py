"""The status policy: thresholds and weights of the formulas, as versioned data; docs/policies.md has the fixed ones.

Figures live in YAML, not here. A policy has one block of limits and, per tier, what differs there.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Percent = Annotated[Decimal, Field(ge=-10_000, le=10_000)]
# Outside of these a colour could never be shown, or always would be.
Index = Annotated[
    float, Field(gt=0, le=10)
]  # indices do not fall under 0, and a colour is strictly under its limit
Slope = Annotated[float, Field(ge=0, le=10)]  # days of slip a day
Cover = Annotated[float, Field(gt=0, le=1000)]  # of the expected cost
Shortfall = Annotated[Decimal, Field(gt=-100, le=0)]  # percent of a target
Weight = Annotated[float, Field(ge=0)]
Level = Literal["low", "medium", "high", "critical"]


class Part(BaseModel):
    """A block of a policy: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _a_number_is_written_as_one(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse yes, no and text where YAML would have them pass for a number."""
        kind = cls.model_fields[str(info.field_name)].annotation
        if kind in (int, float, Decimal) and isinstance(value, bool | str):
            written = str(value).lower() if isinstance(value, bool) else repr(value)
            raise ValueError(f"a number was expected, not {written}")
        return value


class ScheduleLimits(Part):
    """F1: slip in percent of the planned duration, or in days; strictly over."""

    amber_pct: float
    red_pct: float
    amber_days: Count
    red_days: Count


class CostLimits(Part):
    """F4: variance in percent of the budget; `underspend_pct` is negative and only a flag."""

    amber_pct: Percent
    red_pct: Percent
    underspend_pct: Percent


class EarnedValueLimits(Part):
    """F2 and F3: the index, at worst of cumulative and recent, strictly under which the colour turns."""

    amber_index: Index
    red_index: Index


class MilestoneLimits(Part):
    """F5: a critical milestone overdue by more days is red; slopes count from `min_points` points on."""

    critical_overdue_days: Count
    amber_slope: Slope
    red_slope: Slope
    min_points: Annotated[int, Field(ge=2, le=1000)]


class IssueLimits(Part):
    """F6: impact from which an issue overdue by more days is red; median open age that is amber."""

    red_impact: Annotated[float, Field(ge=1, le=5)]
    red_overdue_days: Count
    open_age_days: Count


class Matrix(Part):
    """A risk matrix as a table: rows are likelihoods, columns impacts, cells the words of the scheme.

    `levels` says what each word means to the formulas. A pair the table leaves out has no level.
    """

    cells: Mapping[str, Mapping[str, str]]
    levels: Mapping[str, Level]

    @model_validator(mode="after")
    def _every_word_has_a_level(self) -> Self:
        words = {word for row in self.cells.values() for word in row.values()}
        missing = sorted(words - set(self.levels))
        if missing:
            raise ValueError(f"no level is given for {', '.join(missing)}")
        return self


class RiskLimits(Part):
    """F7: bands of probability x impact, cover, and how old a review may be before it is stale.

    `matrix`, where given, rates risks by words instead of the product. `chances` gives the share that
    stands for a probability of 1 to 5 where a risk states none; empty means that nothing is assumed.
    """

    medium_score: float
    high_score: float
    critical_score: float
    amber_cover: Cover
    red_cover: Cover
    review_days: Count
    matrix: Matrix | None = None
    chances: Mapping[int, Share] = {}


class BenefitLimits(Part):
    """F8: the forecast against the target in percent; strictly under, so the figures are negative."""

    amber_pct: Shortfall
    red_pct: Shortfall


class ScopeLimits(Part):
    """F9: uncontrolled growth and gross churn in percent of the baseline; strictly over."""

    amber_uncontrolled_pct: float
    red_uncontrolled_pct: float
    amber_churn_pct: float
    red_churn_pct: float


class ResourceLimits(Part):
    """F10: which vacant roles turn red after how many days; utilisation that is amber if it lasts."""

    red_roles: tuple[str, ...]
    red_vacant_days: Count
    utilisation_pct: float
    utilisation_weeks: Annotated[int, Field(ge=1, le=520)]


class BehaviourLimits(Part):
    """F16: how long a period is, and how many of them make a flag; a policy of before has what is given here."""

    period: Literal["week", "month"] = "week"
    stuck: Annotated[int, Field(ge=2, le=13)] = 6  # amber for so many in a row
    flapping_changes: Annotated[int, Field(ge=1, le=12)] = 3
    flapping_periods: Annotated[int, Field(ge=2, le=13)] = 6  # within so many
    streak: Annotated[int, Field(ge=1, le=13)] = 3  # reported green over an overdue critical milestone


class OverallLimits(Part):
    """F13: weights of the dimensions, which are critical, and what makes grey, red and amber."""

    weights: Mapping[str, Weight]
    critical: tuple[str, ...]
    min_data_quality: float
    min_dimensions: Count
    red_if_red: Annotated[int, Field(ge=1)]
    amber_if_red: Annotated[int, Field(ge=1)]
    amber_if_amber: Annotated[int, Field(ge=1)]
    red_health: float
    amber_health: float

    @model_validator(mode="after")
    def _critical_dimensions_have_a_weight(self) -> Self:
        unknown = sorted(set(self.critical) - set(self.weights))
        if unknown:
            raise ValueError(f"critical names dimensions without a weight: {', '.join(unknown)}")
        return self


class DataQualityLimits(Part):
    """F12: the score each grade of a project starts at, best first; what weighs in a score says its template."""

    grades: Mapping[str, Annotated[float, Field(ge=0, le=100)]]

    @field_validator("grades")
    @classmethod
    def _grades_fall_to_nothing(cls, grades: Mapping[str, float]) -> Mapping[str, float]:
        starts = list(grades.items())
        for (better, high), (worse, low) in pairwise(starts):
            if low >= high:
                raise ValueError(
                    f"grade {worse} begins at {low:g}, not under {better} at {high:g}; give the best grade first"
                )
        if not starts or starts[-1][1] > 0:
            raise ValueError("the last grade must begin at 0, else some scores have none")
        return grades


class Limits(Part):
    """All limits that hold for one tier. Every formula takes this."""

    schedule: ScheduleLimits
    milestones: MilestoneLimits
    cost: CostLimits
    earned_value: EarnedValueLimits
    risk: RiskLimits
    issues: IssueLimits
    benefit: BenefitLimits
    scope: ScopeLimits
    resource: ResourceLimits
    data_quality: DataQualityLimits
    overall: OverallLimits
    behaviour: BehaviourLimits = BehaviourLimits()
    hysteresis: Annotated[
        int, Field(ge=1, le=100, description="better computations in a row before a better colour")
    ]


class Tolerance(Part):
    """Limits that differ for one portfolio, programme or project, agreed for some days or for good."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    portfolio: Annotated[str, Field(min_length=1)] | None = None
    programme: Annotated[str, Field(min_length=1)] | None = None
    project: Annotated[str, Field(min_length=1)] | None = None
    begins: date | None = Field(None, alias="from")  # None: as long as the policy
    ends: date | None = Field(None, alias="to")  # last day
    because: Annotated[str, Field(min_length=1)]
    limits: Mapping[str, Any]

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if sum(each is not None for each in (self.portfolio, self.programme, self.project)) != 1:
            raise ValueError("a tolerance is of one portfolio, one programme or one project; name that one")
        if self.begins is not None and self.ends is not None and self.ends < self.begins:
            raise ValueError(f"it ends on {self.ends}, before it begins on {self.begins}")
        return self

    @property
    def of(self) -> tuple[str, str]:
        """Return what it is of, `project` for one, and its name."""
        named = (("portfolio", self.portfolio), ("programme", self.programme), ("project", self.project))
        return next((kind, name) for kind, name in named if name is not None)

    def holds(self, on: date) -> bool:
        """Say whether it holds on a day on which its policy does."""
        return (self.begins is None or self.begins <= on) and (self.ends is None or on <= self.ends)


class Policy(Part):
    """A policy with its version and the days it is in force.

    `tolerances` are laid over the tier's limits: a portfolio's first, then a programme's, then a project's.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: str
    effective_from: date
    effective_to: date | None = None  # last day; None: until further notice
    limits: Limits
    tiers: Mapping[int, Mapping[str, Any]] = {}
    tolerances: tuple[Tolerance, ...] = ()

    _laid: dict[tuple[int | None, tuple[int, ...]], Limits] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _every_layer_is_complete(self) -> Self:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to is before effective_from")
        for tier in self.tiers:
            self.laid(tier)
        for number in range(len(self.tolerances)):
            self.laid(None, (number,))
        return self

    @property
    def label(self) -> str:
        """Name and version as snapshots carry them: `default@1.0.0`."""
        return f"{self.name}@{self.version}"

    def for_tier(self, tier: int | None) -> Limits:
        """Return the limits of a tier; a tier that is unknown or changes nothing has the general ones."""
        return self.laid(tier)

    def laid(self, tier: int | None, tolerances: tuple[int, ...] = ()) -> Limits:
        """Return the limits of a tier with some tolerances, by their numbers, laid over them in that order."""
        known = tier if tier in self.tiers else None
        if known is None and not tolerances:
            return self.limits
        found = self._laid.get((known, tolerances))
        if found is None:
            block = self.limits.model_dump()
            layers = [] if known is None else [self.tiers[known]]
            for changes in (*layers, *(self.tolerances[number].limits for number in tolerances)):
                block = merged(block, changes)
            found = self._laid[known, tolerances] = Limits.model_validate(block)
        return found

    @property
    def looks_back_by_month(self) -> bool:
        """Say whether behaviour is looked at month by month anywhere in it."""
        blocks = [self.limits.model_dump(), *self.tiers.values(), *(each.limits for each in self.tolerances)]
        return any((block.get("behaviour") or {}).get("period") == "month" for block in blocks)

    def in_force(self, on: date) -> bool:
        """Say whether the policy holds on a day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


def policy_on(policies: Iterable[Policy], on: date) -> Policy | None:
    """Return the policy in force on a day: of several the one that started last, None if there is none."""
    return max(
        (policy for policy in policies if policy.in_force(on)),
        key=lambda policy: policy.effective_from,
        default=None,
    )


_WHOLE: Final = ("matrix", "grades", "chances")  # tables that make no sense when two are mixed


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a block: maps are merged, all else and whole tables are replaced."""
    block = dict(base)
    for key, value in changes.items():
        under = block.get(key)
        mixes = isinstance(under, dict) and isinstance(value, Mapping) and key not in _WHOLE
        block[key] = merged(under, value) if mixes and under is not None else value
    return block
