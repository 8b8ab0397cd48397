"""The template language: what may stand in a template's YAML, and nothing else."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from model.status.data_quality import DIMENSIONS
from model.template.months import Repeat

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Stage = Literal["define", "deliver", "close"]
Severity = Literal["block", "warn", "info"]
Dimension = Literal["completeness", "validity", "timeliness", "consistency", "uniqueness", "accuracy"]
FieldType = Literal[
    "string", "text", "int", "number", "percent", "money", "date", "period", "enum", "rag", "person", "ref",
    "list_ref", "bool", "document",
]  # fmt: skip
Expr = Annotated[str, Field(min_length=1, max_length=2000)]
Moment = Annotated[str, Field(pattern=r"^(period_end|open|due)( [+-] (P\d+[DW]|\d+WD))?$")]
GRADES: Mapping[str, float] = {"A": 95, "B": 85, "C": 70, "D": 50, "E": 0}  # docs/status.md, rule F12


def _days(value: Any) -> Any:
    """Read an ISO 8601 duration of days or weeks."""
    found = re.fullmatch(r"P(\d+)([DW])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"expected a duration of days or weeks like P14D or P2W, not {value!r}")
    return int(found[1]) * (7 if found[2] == "W" else 1)


def _names(value: Any) -> Any:
    """Let one name stand for a list of one."""
    return [value] if isinstance(value, str) else value


Days = Annotated[int, BeforeValidator(_days)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Part(BaseModel):
    """A block of a template: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Approval(Part):
    """Who approved this version, and when."""

    role: str
    on: date


class AppliesTo(Part):
    """The stages and tiers whose projects fill the template in; tier 1 is the largest."""

    stages: tuple[Stage, ...] = ("define", "deliver", "close")
    tiers: tuple[int, ...] = (1, 2, 3)


class Cadence(Part):
    """When a record is due, and when its window opens; `5WD` is five working days of the calendar."""

    every: Literal["week", "month", "quarter", "continuous"]
    period_end: Literal["last_day", "last_working_day"] | None = None
    open: Moment | None = None
    due: Moment | None = None
    timezone: str | None = None
    calendar: str | None = None
    review: Mapping[str, Days] = {}


class Header(Part):
    """What the template is, whose it is, and where it holds."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: str
    record: Id
    owner_role: str
    approved_by: Approval | None = None
    supersedes: str | None = None
    applies_to: AppliesTo = AppliesTo()
    cadence: Cadence | None = None
    minimum: Mapping[Stage, Mapping[str, int]] = {}
    derived_from: tuple[str, ...] = ()


class FillMode(Part):
    """How a value of a mode may arrive and be changed."""

    editable: bool
    evidence: Literal["required", "optional"]
    override_needs: tuple[str, ...] = ()


class Required(Part):
    """When a field is required: every condition that is given must hold."""

    stages: tuple[Stage, ...] | None = None
    tiers: tuple[int, ...] | None = None
    when: Expr | None = None

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if self.stages is None and self.tiers is None and self.when is None:
            raise ValueError("give `always`, or stages, tiers or when")
        return self


class Fresh(Part):
    """For how many days a value counts as fresh, by tier or for all, and in how many more it fades."""

    within: Days | None = None
    by_tier: Mapping[int, Days] = {}
    grace: Days = 0

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.within is None) == (not self.by_tier):
            raise ValueError("give either within or by_tier")
        return self

    def days(self, tier: Any) -> int:
        """Return the days of a tier; the shortest where the tier is unknown."""
        if self.within is not None:
            return self.within
        return self.by_tier[tier] if tier in [*self.by_tier] else min(self.by_tier.values())


class FieldRule(Part):
    """One field: what it holds, how it is filled, when it is required and how much it weighs."""

    id: Id
    label: str
    help: str | None = None
    type: FieldType
    unit: str | None = None
    price_basis: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    of: str | None = None
    min: float | None = None
    max: float | None = None
    min_len: Annotated[int, Field(ge=0)] | None = None
    max_len: Annotated[int, Field(ge=0)] | None = None
    pattern: str | None = None
    unique_within: str | None = None
    must_be: Literal["active_person"] | None = None
    fill: Literal["auto", "prefill", "ask"]
    bind: str | None = None
    expr: Expr | None = None
    required: Literal["always"] | Required | None = None
    fresh: Fresh | None = None
    weight: Annotated[float, Field(gt=0)] = 1
    compare_with: Annotated[str, Field(pattern=r"^computed\.[a-z_]+$")] | None = None
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _limits_make_sense(self) -> Self:
        if (self.type == "enum") != bool(self.values):
            raise ValueError("an enum, and only an enum, needs values")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is over max")
        if self.min_len is not None and self.max_len is not None and self.min_len > self.max_len:
            raise ValueError("min_len is over max_len")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from error
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
    dim: Dimension
    severity: Severity
    expr: Expr
    says: str


class Escalation(Part):
    """Who hears of a record, and how soon, when an expression holds."""

    when: Expr
    to: Names
    within: Days


class Waiver(Part):
    """Who may let a record pass all the same, and what that takes."""

    by: str
    needs: tuple[str, ...] = ()


class SubmitGate(Part):
    """What holds a record back. Failed checks of severity block always do."""

    missing_required: Severity
    invalid: Severity
    waiver: Waiver | None = None


class Scoring(Part):
    """Weights of the dimensions, and the score each grade starts at."""

    weights: Mapping[Dimension, Annotated[float, Field(ge=0)]]
    unmeasured: Literal["redistribute_and_list"] = "redistribute_and_list"
    grades: Annotated[Mapping[str, float], Field(min_length=1)] = GRADES

    @model_validator(mode="after")
    def _in_the_usual_order(self) -> Self:
        if not sum(self.weights.values()) > 0:
            raise ValueError(f"no dimension has a weight; there are {', '.join(DIMENSIONS)}")
        return self


class Move(Part):
    """A step from one state to another."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Annotated[str, Field(alias="from")]
    to: str
    by: str
    when: Literal["window_open", "no_blocking_checks"] | None = None
    attest: str | None = None
    needs: tuple[str, ...] = ()
    forbids: Literal["same_person_as_preparer"] | None = None
    effect: Literal["freeze_snapshot", "keep_both"] | None = None


class Chase(Part):
    """Who is reminded when."""

    at: Moment
    to: Names
    mark: str | None = None


class Workflow(Part):
    """The states of a record, the steps between them, and the ladder of reminders."""

    states: tuple[str, ...]
    moves: tuple[Move, ...]
    chase: tuple[Chase, ...] = ()

    @model_validator(mode="after")
    def _moves_join_states(self) -> Self:
        unknown = sorted({state for move in self.moves for state in (move.from_, move.to)} - set(self.states))
        if unknown:
            raise ValueError(f"moves name states that are not listed: {', '.join(unknown)}")
        return self


class StartingRecord(Part):
    """A record that every submission begins with, such as a criterion of a gate; `values` are what it says.

    Where stages or tiers are given, only a project's of these begins with it.
    """

    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
    stages: tuple[Stage, ...] | None = None
    tiers: tuple[int, ...] | None = None
    values: Mapping[Id, Any]


class Document(Part):
    """A whole template file."""

    template: Header
    roles: Mapping[str, str] = {}
    fill: Mapping[Literal["auto", "prefill", "ask"], FillMode] = {}
    fields: Annotated[tuple[FieldRule, ...], Field(min_length=1)]
    checks: tuple[CheckRule, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    submit_gate: SubmitGate
    scoring: Scoring
    workflow: Workflow | None = None
    starts_with: tuple[StartingRecord, ...] = ()

    @model_validator(mode="after")
    def _starts_with_what_it_asks(self) -> Self:
        fields = {rule.id for rule in self.fields}
        refs = [record.ref for record in self.starts_with]
        for record in self.starts_with:
            if strange := ", ".join(sorted(record.values.keys() - fields)):
                raise ValueError(f"starts_with {record.ref}: there is no field {strange}")
            if refs.count(record.ref) > 1:
                raise ValueError(f"starts_with {record.ref}: the reference is given twice")
        return self
