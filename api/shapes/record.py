"""The shapes of records that people answer for; each with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_KEPT: dict[str, Any] = {
    "source": "collection", "external_id": "APOLLO/CR-007", "project": "APOLLO", "project_ref": "APOLLO",
    "known_from": "2026-11-09T10:00:00Z", "locator": "change-request 2026-10 CR-007", "url": None,
    "amends": None, "answered": None,
}  # fmt: skip


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [_KEPT | values]}, extra="allow")


class KeptShape(BaseModel):
    """What every record that is kept by versions carries: whose it is, since when it is known, where it was read."""

    source: str
    external_id: str
    project: str | None
    project_ref: str | None = Field(description="How the source names the project")
    known_from: str = Field(description="Since when this version is known")
    locator: str | None
    url: str | None
    deleted_at: str | None = Field(
        None, description="When it was noticed that the record is gone; null: it stands"
    )


class RecordShape(KeptShape):
    """What a record carries besides that people may answer about, where another source has it."""

    amends: str | None = Field(
        description="The external id of another source's record that these are answers about; else null"
    )
    answered: list[str] | None = Field(description="Of answers about a record: the names that were answered")


class ChangeRequestShape(RecordShape):
    """A change that somebody asked for."""

    model_config = _example(
        request_id="CR-007", title="Pay by instalments", reason="The regulator asks for it from January on",
        state="assessed", raised_by="Ada Obi", raised_on="2026-10-12", scope_points=21, days_impact=14,
        cost_impact=35000, benefit_impact=None, currency="GBP", alternatives="Wait for the next release",
        approver="Sam Lee", decide_by="2026-12-01", decided_on=None, decision=None, baseline=None,
    )  # fmt: skip

    request_id: str | None
    title: str | None
    reason: str | None
    state: str | None = Field(description="raised, assessed, approved, rejected, withdrawn or done")
    raised_by: str | None
    raised_on: str | None
    scope_points: float | None
    days_impact: float | None
    cost_impact: float | None
    benefit_impact: float | None
    currency: str | None
    alternatives: str | None
    approver: str | None
    decide_by: str | None
    decided_on: str | None
    decision: str | None
    baseline: str | None


class DecisionShape(RecordShape):
    """Something that has to be decided, or was."""

    model_config = _example(
        external_id="APOLLO/D-003", locator="monthly-status 2026-10 decisions_needed", decision_id="D-003",
        title="Buy or build the gateway", state="needed", alternatives=None, board=None, requested_by="Ada Obi",
        requested_on="2026-11-04", needed_by=None, decided_on=None, decided_by=None, outcome=None, rationale=None,
    )  # fmt: skip

    decision_id: str | None
    title: str | None
    state: str | None = Field(description="needed, made or dropped")
    alternatives: str | None
    board: str | None
    requested_by: str | None
    requested_on: str | None
    needed_by: str | None
    decided_on: str | None
    decided_by: str | None
    outcome: str | None
    rationale: str | None


class GateCriterionShape(RecordShape):
    """One criterion of a stage gate, and how far it is met."""

    model_config = _example(
        external_id="APOLLO/G2-04", locator="stage-gate-checklist 2026-10 G2-04", gate="G2", criterion_id="G2-04",
        criterion="There is a tried way back should it fail", mandatory=True, result="partly",
        evidence="Trial of 12 October", assessed_by="Ada Obi", assessed_on="2026-10-30",
        action="Try it with a full database", owner="Bo Ek", action_due="2026-11-20",
    )  # fmt: skip

    gate: str | None
    criterion_id: str | None
    criterion: str | None
    mandatory: bool | None
    result: str | None = Field(description="met, partly, not_met or not_applicable")
    evidence: str | None
    assessed_by: str | None
    assessed_on: str | None
    action: str | None
    owner: str | None
    action_due: str | None


class WorkPlanShape(RecordShape):
    """What a project means to do and to spend in a month, and what came of it."""

    model_config = _example(
        external_id="APOLLO/2026-12", locator="monthly-forecast-and-work-plan 2026-10 2026-12", month="2026-12",
        work="Rehearse the move twice and train the counters", milestones=["Go live"], planned_hours=420,
        planned_cost=38000, actual_hours=None, actual_cost=None, currency="GBP", difference=None,
    )  # fmt: skip

    month: str | None
    work: str | None
    milestones: list[str] | None
    planned_hours: float | None
    planned_cost: float | None
    actual_hours: float | None
    actual_cost: float | None
    currency: str | None
    difference: str | None
