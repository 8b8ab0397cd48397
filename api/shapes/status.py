"""The shapes of status, with reasons and receipts; each with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.common import Colour


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, extra="allow")


class StatusProject(BaseModel):
    """One project's status on a day, reasons included."""

    model_config = ConfigDict(extra="allow")

    key: str
    name: str
    programme: str | None = Field(description="Its own: the first of its programmes")
    programmes: list[dict[str, Any]] = Field(
        [], description="All it belongs to: name, the percent `share` of its budget, whether `critical` there"
    )
    tier: int | None
    stage: str | None
    overall: Colour
    health: float | None
    reported: Colour | None
    watermelon: int | None = Field(
        description="Computed minus reported, 2 is green over red; null: not known"
    )
    dimensions: dict[str, Any]
    data_quality: dict[str, Any] | None
    next_milestone: dict[str, Any] | None
    sources: list[dict[str, Any]]


class StatusShape(BaseModel):
    """The status document."""

    model_config = _example(
        as_of="2026-11-22", known_at="2026-11-22T02:14:09Z", policy="default@1.0.0",
        projects=[{
            "key": "APOLLO", "name": "Apollo", "programme": "Space", "tier": 1, "stage": "deliver",
            "overall": "RED", "health": 62.5, "reported": "GREEN", "watermelon": 2,
            "dimensions": {
                "schedule": {"colour": "RED", "reasons": [
                    {"rule": "F1", "text": "42 days late", "inputs": {"slip_days": 42, "slip_pct": 12.1037}}]},
                "cost": {"colour": "GREY", "reasons": [
                    {"rule": "F4", "text": "no approved budget", "inputs": {"budget": None}}]}},
            "data_quality": {"score": 84.88, "grade": "C"},
            "next_milestone": {"name": "Go live", "forecast": "2026-12-18", "baseline": "2026-11-06"},
            "sources": [{"name": "jira-cloud", "synced_at": "2026-11-22T02:11:00Z"}]}],
    )  # fmt: skip

    as_of: str | None
    known_at: str | None
    policy: str | None
    snapshot_as_of: str | None = Field(None, description="The day of the newest snapshot among these")
    history: dict[str, str | None] | None = Field(None, description="First and last day with a snapshot")
    note: str | None = Field(None, description="Says so where the day asked about lies outside the history")
    projects: list[StatusProject]


class PortfolioShape(BaseModel):
    """The portfolio in figures."""

    model_config = _example(
        key="main", name="Change portfolio", timezone="Europe/London", currency="GBP", as_of="2026-11-22",
        known_at="2026-11-22T02:14:09Z",
        projects=12, overall={"RED": 4, "AMBER": 3, "GREEN": 5}, watermelons=1,
        programmes=[{"name": "Space", "projects": 5, "overall": {"RED": 2, "GREEN": 3}, "worst": "RED"}],
    )  # fmt: skip

    key: str | None
    name: str | None
    timezone: str | None
    currency: str | None
    as_of: str | None
    known_at: str | None
    projects: int
    overall: dict[str, int]
    watermelons: int
    rollup: dict[str, Any] | None = Field(
        None, description="As `/programmes` has one of each programme; null before anything was applied"
    )
    programmes: list[dict[str, Any]] = Field(
        description="A project of several programmes is in each of them; the name null: in none"
    )


class ExplainShape(BaseModel):
    """One attribute of one project with its receipt: rule, inputs, claims, and where each was read."""

    model_config = _example(
        project="APOLLO", attribute="schedule", as_of="2026-11-22", value="RED",
        rule={"id": "F1", "policy": "default@1.0.0",
              "inputs": {"baseline_finish": "2025-12-19", "forecast_finish": "2026-01-30"}},
        claims=[{"attribute": "forecast_finish", "value": "2026-01-30", "wins": True,
                 "because": "precedence: pmo-files before jira-cloud", "source": "pmo-files",
                 "valid_from": "2026-11-20", "known_from": "2026-11-21T02:03:10Z",
                 "raw": {"run": 812, "page": 40217, "position": 6, "locator": "register.xlsx!Projects!H8",
                         "url": "https://example.sharepoint.com/register.xlsx", "sha256": "9f86d081884c7d65"}}],
    )  # fmt: skip

    project: str
    attribute: str
    as_of: str | None
    value: Any
    rule: dict[str, Any] | None = None
    claims: list[dict[str, Any]]
    rules: list[dict[str, Any]] | None = Field(None, description="Of a colour: each rule that spoke, and why")
    held_to: dict[str, Any] | None = Field(None, description="The policy and the limits it is held to")
    reasons: list[dict[str, Any]] | None = None
    records: list[dict[str, Any]] | None = Field(None, description="The records that the numbers come from")
