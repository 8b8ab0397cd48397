"""The template language: what may stand in a template's YAML, and nothing else."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from model.status.data_quality import DIMENSIONS
from model.template.months import Repeat
from model.template.parts import Days, Dimension, Expr, FieldType, Id, Names, Part, Severity, Stage, Words
from model.template.patterns import Pattern
from model.template.process import (
    AppliesTo,
    Approval,
    Cadence,
    Chase,
    Escalation,
    FillMode,
    Header,
    Move,
    StartingRecord,
    SubmitGate,
    Waiver,
    Workflow,
)

__all__ = [
    "GRADES", "AppliesTo", "Approval", "Cadence", "Chase", "CheckRule", "Days", "Dimension", "Document",
    "Escalation", "Expr", "FieldRule", "FieldType", "FillMode", "Fresh", "Header", "Id", "Move", "Names", "Part",
    "Required", "Scoring", "Severity", "Stage", "StartingRecord", "SubmitGate", "Waiver", "Workflow",
]  # fmt: skip

GRADES: Mapping[str, float] = {"A": 95, "B": 85, "C": 70, "D": 50, "E": 0}  # docs/status.md, rule F12
ADDS_UP: Final = 1e-6  # how far the weights' sum may be from 1
WHOLE_OF_PERCENT: Final = 100
HIGHEST: Final = 100  # score
MOST_SENSITIVE: Final = 10.0
HEAVIEST: Final = 1_000_000.0  # of a field's weight: sums of them stay numbers


class Required(Part):
    """When a field is required: every condition that is given must hold."""

    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] | None = None
    """In these stages."""
    tiers: Annotated[tuple[int, ...], Field(min_length=1)] | None = None
    """In these tiers."""
    when: Expr | None = None
    """CEL: where this is true."""

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if self.stages is None and self.tiers is None and self.when is None:
            raise ValueError("give `always`, or stages, tiers or when")
        return self


class Fresh(Part):
    """For how many days a value counts as fresh, by tier or for all, and in how many more it fades."""

    within: Days | None = None
    """Fresh for so long, in every tier."""
    by_tier: Mapping[int, Days] = {}
    """Fresh for so long, tier by tier, of every tier that the template applies to."""
    grace: Days = 0
    """From then on it fades, and after so long it is stale."""
    sensitivity: Annotated[float, Field(gt=0, le=MOST_SENSITIVE)] | None = None
    """How it fades: above 1 faster at first, under 1 faster at last; not given: evenly."""

    @field_validator("by_tier", mode="before")
    @classmethod
    def _each_tier_once(cls, given: Any) -> Any:
        tiers = [str(tier) for tier in given] if isinstance(given, Mapping) else []
        if twice := [tier for index, tier in enumerate(tiers) if tier in tiers[:index]]:
            raise ValueError(f"tier {twice[0]} is given twice")
        return given

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.within is None) == (not self.by_tier):
            raise ValueError("give either within or by_tier")
        return self

    @property
    def power(self) -> float:
        """The power of the share of the grace that is left."""
        return 1.0 if self.sensitivity is None else self.sensitivity

    def days(self, tier: object) -> int | None:
        """Return the days of a tier, the shortest where it is unknown; None of a tier that is not named."""
        if self.within is not None:
            return self.within
        if tier is None:
            return min(self.by_tier.values())
        return next((days for named, days in self.by_tier.items() if named == tier), None)


class FieldRule(Part):
    """One field: what it holds, how it is filled, when it is required and how much it weighs."""

    id: Id
    """Its name for programs and in expressions."""
    label: Words
    """Its name for people."""
    help: str | None = None
    """What to put there; shown in the form and as the cell's note."""
    type: FieldType
    """What it holds."""
    unit: str | None = None
    """Of a number or amount: GBP, day."""
    price_basis: tuple[str, ...] = ()
    """Of an amount: nominal, real."""
    values: tuple[str, ...] = ()
    """Of an enum: what may be chosen."""
    of: str | None = None
    """Of a reference: what it refers to."""
    min: float | None = None
    """The least a number may be; of a percentage 0 where it is left out."""
    max: float | None = None
    """The most a number may be; of a percentage 100 where it is left out."""
    min_len: Annotated[int, Field(ge=0)] | None = None
    """How many characters a text must have, blanks around it not counted."""
    max_len: Annotated[int, Field(ge=0)] | None = None
    """How many characters a text may have, blanks around it not counted."""
    pattern: str | None = None
    """A regular expression (RE2) that a text must hold."""
    unique_within: Literal["project"] | None = None
    """Where no two records may have the same value: project."""
    must_be: Literal["active_person"] | None = None
    """What a person must be."""
    fill: Literal["auto", "prefill", "ask"]
    """auto is computed or pulled and disputed, not overwritten; prefill may be overridden; ask is asked."""
    bind: str | None = None
    """The attribute it is filled from, and published to: project.budget, cost.eac, milestone.forecast."""
    expr: Expr | None = None
    """CEL: what it is computed as, where the record leaves it out."""
    required: Literal["always"] | Required | None = None
    """When there must be a value; left out, never."""
    fresh: Fresh | None = None
    """How old the value may be."""
    weight: Annotated[float, Field(gt=0, le=HEAVIEST, strict=True)] = 1
    """How much it counts in completeness, against the other required fields."""
    compare_with: Annotated[str, Field(pattern=r"^computed\.[a-z_]+$")] | None = None
    """The computed colour that is shown beside it: computed.schedule."""
    repeat: Repeat | None = None
    """One value a month: the field's value is a map from month to value."""

    @model_validator(mode="before")
    @classmethod
    def _percent_of_a_whole(cls, data: Any) -> Any:
        """Bound a percentage by 0 and 100 where its limits say nothing else."""
        if not isinstance(data, Mapping) or data.get("type") != "percent":
            return data
        least, most = data.get("min"), data.get("max")
        bounds = {"min": 0 if least is None else least, "max": WHOLE_OF_PERCENT if most is None else most}
        return {**data, **bounds}

    @field_validator("required", mode="before")
    @classmethod
    def _one_of_two(cls, value: Any) -> Any:
        """Read which of the two it is first, so that a complaint is of that one alone."""
        if isinstance(value, Mapping):
            return Required.model_validate(value)
        if value is None or value == "always" or isinstance(value, Required):
            return value
        raise ValueError(f"expected `always`, or a map of stages, tiers or when, is {value!r}")

    @model_validator(mode="after")
    def _limits_make_sense(self) -> Self:
        if (self.type == "enum") != bool(self.values):
            raise ValueError("an enum, and only an enum, needs values")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is over max")
        if self.min_len is not None and self.max_len is not None and self.min_len > self.max_len:
            raise ValueError("min_len is over max_len")
        if self.pattern is not None:
            Pattern(self.pattern)
        return self

    @model_validator(mode="after")
    def _limits_are_of_its_type(self) -> Self:
        number = self.type in ("int", "number", "percent", "money")
        for limit in ("min", "max"):
            if getattr(self, limit) is not None and not number:
                raise ValueError(f"{limit} is for numbers; {self.type} has none")
        text = self.type in ("string", "text", "person", "ref", "document")
        for limit in ("min_len", "max_len", "pattern"):
            if getattr(self, limit) is not None and not text:
                raise ValueError(f"{limit} is for texts; {self.type} is none")
        return self

    @model_validator(mode="after")
    def _repeats_what_can(self) -> Self:
        if self.repeat is None:
            return self
        if self.type == "list_ref":
            raise ValueError("a list cannot repeat by month")
        given = [name for name in ("expr", "unique_within", "must_be", "compare_with") if getattr(self, name)]
        if given:
            raise ValueError(f"a field that repeats by month cannot have {', '.join(given)}")
        return self


class CheckRule(Part):
    """A rule across fields: true is a pass, false a finding, an error says that it could not run."""

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    """Its name: C04."""
    dim: Dimension
    """The dimension of quality it counts in."""
    severity: Severity
    """block holds the record back, warn and info do not."""
    expr: Expr
    """CEL: true where all is well."""
    says: Words
    """What is wrong where it fails, in words."""


def _nearly(total: float) -> str:
    """Say how far a sum that would be written as 1 is from it."""
    return f"must add up to 1, and are {abs(total - 1):.1g} {'over' if total > 1 else 'under'} it"


class Scoring(Part):
    """Weights of the dimensions, and the score each grade starts at."""

    weights: Mapping[Dimension, Annotated[float, Field(ge=0, le=1, strict=True)]]
    """How much each dimension counts; together 1."""
    unmeasured: Literal["redistribute_and_list"] = "redistribute_and_list"
    """A dimension that nothing measured is named, and its weight goes to the others."""
    grades: Annotated[Mapping[Words, Annotated[float, Field(strict=True)]], Field(min_length=1)] = GRADES
    """The score from which each grade is given: the best first, of 100 at most, the last from 0."""

    @field_validator("weights")
    @classmethod
    def _adds_up(cls, weights: Mapping[Dimension, float]) -> Mapping[Dimension, float]:
        total = sum(weights.values())
        if left_out := [name for name in DIMENSIONS if name not in weights]:
            raise ValueError(f"{', '.join(left_out)} left out; write 0 for what does not count")
        if abs(total - 1) > ADDS_UP:
            raise ValueError(f"must add up to 1, not {total:g}" if f"{total:g}" != "1" else _nearly(total))
        return weights

    @field_validator("grades")
    @classmethod
    def _cover_every_score(cls, grades: Mapping[str, float]) -> Mapping[str, float]:
        starts = [*grades.values()]
        if not all(0 <= start <= HIGHEST for start in starts):  # NaN is neither
            raise ValueError(f"a grade starts at a score of 0 to {HIGHEST}")
        if any(one <= other for one, other in pairwise(starts)):
            raise ValueError("must fall from grade to grade, the best first")
        if starts[-1] != 0:
            last = [*grades][-1]
            raise ValueError(f"the last grade, {last}, must start at 0: below {starts[-1]:g} there is none")
        return grades


class Document(Part):
    """A whole template file."""

    template: Header
    """What the template is, whose it is, and where it holds."""
    roles: Mapping[str, str] = {}
    """Which role of the office prepares, reviews, approves, publishes."""
    fill: Mapping[Literal["auto", "prefill", "ask"], FillMode] = {}
    """How values of each mode may arrive and be changed."""
    fields: Annotated[tuple[FieldRule, ...], Field(min_length=1)]
    """What is asked, in the order it is shown."""
    checks: tuple[CheckRule, ...] = ()
    """Rules across fields."""
    escalation: tuple[Escalation, ...] = ()
    """Who hears of a record, when."""
    submit_gate: SubmitGate
    """What holds a record back."""
    scoring: Scoring
    """How quality is weighed."""
    workflow: Workflow | None = None
    """States, steps and reminders."""
    starts_with: tuple[StartingRecord, ...] = ()
    """Records that every submission begins with."""
