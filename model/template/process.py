"""The blocks of a template around its fields: what it is, when it is due, how it moves, who hears of it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from model.template.parts import Days, Expr, Id, Moment, Names, Part, RecordKind, Severity, Stage, Words


class Approval(Part):
    """Who approved this version, and when."""

    role: str
    """The role that approved it."""
    on: date
    """The day."""


class AppliesTo(Part):
    """The stages and tiers whose projects fill the template in; tier 1 is the largest."""

    stages: tuple[Stage, ...] = ("define", "deliver", "close")
    """Stages; all where it is left out."""
    tiers: tuple[int, ...] = (1, 2, 3)
    """Tiers; all where it is left out."""


class Cadence(Part):
    """When a record is due, and when its window opens; `5WD` is five working days of the calendar."""

    every: Literal["week", "month", "quarter", "continuous"]
    """How often; `continuous` is asked for all the time and has no cycles."""
    period_end: Literal["last_day", "last_working_day"] | None = None
    """Which day a period ends on."""
    open: Moment | None = None
    """When the window opens: `period_end - P2D`."""
    due: Moment | None = None
    """When it is due: `period_end + 5WD`."""
    timezone: str | None = None
    """IANA name of the zone whose days these are."""
    calendar: str | None = None
    """Which calendar's working days count: a file of config/calendars."""
    review: Mapping[str, Days] = {}
    """For continuous templates: how often a record is looked at, `tier_1: P7D`."""


class Header(Part):
    """What the template is, whose it is, and where it holds."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """Its name for programs: `monthly-status`."""
    version: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$")]
    """Semantic version: major takes away or demands more, minor judges otherwise, patch is words."""
    title: Words
    """Its name for people."""
    record: RecordKind
    """What one record of it is: status_report, raid_item, milestone and so on."""
    owner_role: str
    """The role that answers for the template."""
    approved_by: Approval | None = None
    """Who approved this version; left out while it is written."""
    supersedes: str | None = None
    """The version before."""
    applies_to: AppliesTo = AppliesTo()
    """Which projects fill it in."""
    cadence: Cadence | None = None
    """When it is asked for."""
    minimum: Mapping[Stage, Mapping[str, Annotated[int, Field(ge=0)]]] = {}
    """How many records of a kind a stage must have at least."""
    derived_from: tuple[str, ...] = ()
    """Standards it follows."""


class FillMode(Part):
    """How a value of a mode may arrive and be changed."""

    editable: bool
    """Whether a person may put another value in its place."""
    evidence: Literal["required", "optional"]
    """Whether it needs a source to point to."""
    override_needs: tuple[str, ...] = ()
    """What an override must come with: reason, author."""


class StartingRecord(Part):
    """A record that every submission begins with, such as a criterion of a gate.

    Where stages or tiers are given, only a project's of these begins with it.
    """

    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
    """Its reference."""
    stages: tuple[Stage, ...] | None = None
    """In these stages; in all where it is left out."""
    tiers: tuple[int, ...] | None = None
    """In these tiers; in all where it is left out."""
    values: Mapping[Id, Any]
    """What it says, by field."""


class Escalation(Part):
    """Who hears of a record, and how soon, when an expression holds."""

    when: Expr
    """CEL: true where it is escalated."""
    to: Names
    """Roles."""
    within: Days
    """How soon."""


class Waiver(Part):
    """Who may let a record pass all the same, and what that takes."""

    by: str
    """The role."""
    needs: tuple[str, ...] = ()
    """What it must come with: reason, until."""


class SubmitGate(Part):
    """What holds a record back. Failed checks of severity block always do."""

    missing_required: Severity
    """What a required field without a value is."""
    invalid: Severity
    """What a value of the wrong type or out of its limits is."""
    waiver: Waiver | None = None
    """Who may waive."""


class Move(Part):
    """A step from one state to another."""

    from_: Annotated[str, Field(alias="from")]
    """The state it leaves."""
    to: str
    """The state it leads to."""
    by: str
    """The role that may take it."""
    when: Literal["window_open", "no_blocking_checks"] | None = None
    """What must hold."""
    attest: str | None = None
    """A sentence that whoever takes it puts their name to."""
    needs: tuple[str, ...] = ()
    """What must be given with it: reason."""
    forbids: Literal["same_person_as_preparer"] | None = None
    """Who may not take it."""
    effect: Literal["freeze_snapshot", "keep_both"] | None = None
    """What it does beside."""


class Chase(Part):
    """Who is reminded when."""

    at: Moment
    """`due + P2D`."""
    to: Names
    """Roles."""
    mark: str | None = None
    """What the submission is marked as."""


class Workflow(Part):
    """The states of a record, the steps between them, and the ladder of reminders."""

    states: tuple[str, ...]
    """In their order."""
    moves: tuple[Move, ...]
    """The steps there are."""
    chase: tuple[Chase, ...] = ()
    """The ladder of reminders."""

    @model_validator(mode="after")
    def _moves_join_states(self) -> Self:
        unknown = sorted({state for move in self.moves for state in (move.from_, move.to)} - set(self.states))
        if unknown:
            raise ValueError(f"moves name states that are not listed: {', '.join(unknown)}")
        return self
