"""The shapes of what is answered about policies; each with an example."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.wire.values import Day

_SHA: str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_HEAD: dict[str, Any] = {
    "policy": "default@1.1.0", "name": "default", "version": "1.1.0", "state": "approved", "in_force": True,
    "effective_from": "2026-12-01", "effective_to": None, "written_at": "2026-11-20T09:12:00Z",
    "written_by": "Ida Lindqvist", "approved_at": "2026-11-21T14:30:00Z", "approved_by": "Ole Brandt",
    "withdrawn_at": None, "withdrawn_by": None, "because": "The board asked for earlier warnings", "sha256": _SHA,
}  # fmt: skip
_LAYER: dict[str, Any] = {"of": "programme", "name": "Space", "because": "agreed with the sponsor"}
_LIMITS: dict[str, Any] = {
    "schedule": {"amber_pct": 5, "red_pct": 10, "amber_days": 14, "red_days": 30},
    "hysteresis": 2,
}
_TURN: dict[str, Any] = {
    "project": "APOLLO", "name": "Apollo", "overall": {"from": "GREEN", "to": "RED", "then": "RED"},
    "health": {"from": 85.0, "to": 70.0}, "why": ["schedule red, health 70.0"],
    "dimensions": [{"dimension": "schedule", "from": "AMBER", "to": "RED", "then": "RED",
                    "why": ["20 days late, 5.8 % of the plan"]}],
    "layers": [_LAYER],
}  # fmt: skip
_PLAN: dict[str, Any] = {
    "policy": "default@1.1.0", "title": "Default status policy", "against": "default@1.0.0",
    "planned_at": "2026-11-20T09:13:00Z", "as_of": "2026-11-20", "effective_from": "2026-12-01",
    "effective_to": None,
    "differences": [{"setting": "limits.schedule.red_days", "from": 30, "to": 15}], "projects": 12, "turn": 1,
    "turn_later": 0, "turning": [_TURN], "clashes": [], "warnings": [], "history": None,
    "plan": _SHA,
}  # fmt: skip
_SUM: dict[str, Any] = {
    "projects_alarmed": 4, "alarms": 5, "right": 3, "false": 1, "undecided": 1, "false_share": 0.25, "events": 4,
    "warned": 3, "missed": 1, "lead_months": 1.5,
}  # fmt: skip
_ALARM: dict[str, Any] = {
    "began": "2026-10-04", "ended": None, "verdict": "right", "outcome": "2026-11-01",
}  # fmt: skip


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, extra="allow")


class PolicyShape(BaseModel):
    """How a version of a policy stands."""

    model_config = _example(**_HEAD)

    policy: str = Field(description="Name and version, as snapshots and receipts carry them")
    name: str
    version: str
    state: Literal["proposed", "approved", "withdrawn"]
    in_force: bool = Field(description="Whether it is the one in force today")
    effective_from: str
    effective_to: str | None = Field(description="The last day; null: until another begins")
    written_at: str | None
    written_by: str
    approved_at: str | None
    approved_by: str | None = Field(description="Never who wrote it")
    withdrawn_at: str | None
    withdrawn_by: str | None
    because: str | None = Field(description="The reason of its newest step")
    sha256: str = Field(description="Of the text")


class HeldTime(BaseModel):
    """A time in which a version is in force."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"from": "2026-12-01", "to": None}]}
    )

    from_: str = Field(alias="from", description="The first day")
    to: str | None = Field(description="The last day; null: none is set")


class PolicyListed(PolicyShape):
    """How a version of a policy stands among the others."""

    model_config = _example(**_HEAD, holds=[{"from": "2026-12-01", "to": None}], holds_until=None)

    holds: list[HeldTime] = Field(description="When it is in force, by what is approved now; empty: never")
    holds_until: str | None = Field(
        description="The last day it is in force; of one that is not approved its own; null: none is set"
    )


class PolicyWhole(PolicyShape):
    """A version whole: how it stands, its limits as data, its text, and what it was found to change."""

    model_config = _example(
        **_HEAD, title="Default status policy", limits=_LIMITS, tiers={"2": {"issues": {"open_age_days": 45}}},
        tolerances=[{"programme": "Space", "because": "agreed", "limits": {"schedule": {"red_days": 60}}}],
        text="name: default\nversion: 1.1.0\n…", plan=_PLAN,
    )  # fmt: skip

    title: str
    limits: dict[str, Any]
    tiers: dict[str, Any] = Field(description="What differs for a tier")
    tolerances: list[dict[str, Any]] | None = Field(
        description="What differs for portfolios, programmes, projects; null for a token that sees some projects only"
    )
    text: str | None = Field(
        description="The YAML word for word; null for a token that sees some projects only"
    )
    plan: dict[str, Any] | None = Field(
        description="What it changed on the day it was approved; null: it is not, or the token sees some projects only"
    )


class HeldShape(BaseModel):
    """What a project is held to on a day, and because of what."""

    model_config = _example(
        project="APOLLO", on="2026-12-01", policy="default@1.1.0",
        place={"tier": 2, "programmes": ["Space"], "portfolios": ["main"]},
        layers=[{"of": "tier", "name": "2"}, _LAYER], limits=_LIMITS,
    )  # fmt: skip

    project: str
    on: str
    policy: str
    place: dict[str, Any] = Field(description="Tier, programmes and portfolios, which decide on the layers")
    layers: list[dict[str, Any]] = Field(description="What was laid over the limits, the first laid first")
    limits: dict[str, Any]


class PlanShape(BaseModel):
    """What a policy would change if it held today; nothing is stored."""

    model_config = _example(**_PLAN)

    policy: str
    title: str
    against: str = Field(description="The policy in force today")
    planned_at: str
    as_of: str
    effective_from: str
    effective_to: str | None
    differences: list[dict[str, Any]] = Field(description="Settings with their values; null: it has none")
    projects: int
    turn: int = Field(description="Projects whose overall colour would change today")
    turn_later: int = Field(
        description="Those that would once a better colour was computed often enough in a row"
    )
    turning: list[dict[str, Any]]
    clashes: list[str] = Field(
        description="Projects whose layers make a colour impossible; it is refused with any"
    )
    warnings: list[str]
    history: dict[str, Any] | None = Field(
        None,
        description="Where it begins in the past: the published days it would have coloured otherwise, by project;"
        " those stay as they were. null: it begins today or later",
    )
    plan: str = Field(
        description="Hash of what would change; an approval that names it is refused for another"
    )


class BacktestShape(BaseModel):
    """How a policy would have done over the stored history."""

    model_config = _example(
        policy="default@1.1.0", replayed_at="2026-11-20T09:13:00Z",
        terms={"alarm": "RED", "slip_days": 30, "horizon_days": 180, "says": "an alarm is the day from which…"},
        projects=12, turn=2, turn_earlier=1, turn_later=0, only_before=0, only_after=1, months_earlier=0.46,
        before=_SUM, after={**_SUM, "alarms": 6, "false": 2},
        turning=[{"project": "APOLLO", "first": {"before": "2026-10-18", "after": "2026-10-04"},
                  "months_earlier": 0.46, "alarms": {"before": [_ALARM], "after": [_ALARM]}}],
        against=["default@1.0.0"], days=84, first="2026-08-30", last="2026-11-22",
        otherwise={"count": 0, "some": []},
    )  # fmt: skip

    policy: str
    replayed_at: str
    terms: dict[str, Any] = Field(description="What counts as an alarm, and as right or false")
    projects: int
    turn: int = Field(description="Projects whose alarms begin or end on other days")
    turn_earlier: int
    turn_later: int
    only_before: int = Field(description="Projects without an alarm any more")
    only_after: int = Field(description="Projects with an alarm only by this policy")
    months_earlier: float | None = Field(description="Of the first alarms that both raise, on average")
    before: dict[str, Any] = Field(description="The policies that were in force, summed")
    after: dict[str, Any] = Field(description="This policy, summed")
    turning: list[dict[str, Any]]
    against: list[str]
    days: int
    first: str
    last: str
    otherwise: dict[str, Any] = Field(description="Stored colours that the policy of their day gives no more")


class GivenPolicy(BaseModel):
    """A policy's YAML."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "name: default\nversion: 1.1.0\n…"}]}
    )

    text: str = Field(min_length=1, max_length=1_000_000)


class GivenProposal(GivenPolicy):
    """A policy's YAML, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "name: default\nversion: 1.1.0\n…", "because": "The board asked"}]
        },
    )

    because: str | None = Field(default=None, max_length=2000)


class GivenApproval(BaseModel):
    """Why, and the hash of the plan that was looked at."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"because": "Agreed by the board", "plan": _SHA}]}
    )

    because: str = Field(min_length=1, max_length=2000)
    plan: str | None = Field(
        default=None, max_length=64, description="Refused where it would change something else"
    )


class GivenReason(BaseModel):
    """Why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"because": "A mistake in it"}]}
    )

    because: str = Field(min_length=1, max_length=2000)


class GivenBacktest(GivenPolicy):
    """A policy's YAML, the days to replay, and what counts as an alarm and an outcome."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "name: default\nversion: 1.1.0\n…", "since": "2026-01-01", "alarm": "RED"}]
        },
    )

    since: Day | None = None
    until: Day | None = None
    alarm: Literal["AMBER", "RED"] = "RED"
    slip_days: int = Field(default=30, ge=0, le=3650)
    horizon_days: int = Field(default=180, ge=1, le=3650)
