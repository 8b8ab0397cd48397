"""The shapes of what trackers and plans hold: work items, milestones, RAID items, costs; each with an example."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.record import KeptShape, RecordShape


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, extra="allow")


class WorkItemShape(BaseModel):
    """An issue or work item, as last read."""

    model_config = _example(
        source="jira-cloud", external_id="10114", key="APO-114", project="APOLLO", type="Story",
        hub_type="story", title="Docking checklist", status="In Progress", status_category="doing", resolution=None,
        points=5, original_hours=None, remaining_hours=None, spent_hours=12.5, priority="High", assignee="Ada",
        reporter="Bo", parent_key="APO-100", labels=["docking"], created_at="2026-10-01T09:00:00Z",
        updated_at="2026-11-20T15:02:11Z", started_at="2026-10-05T08:00:00Z", done_at=None, due=None,
        deleted_at=None, locator=None, url="https://example.atlassian.net/browse/APO-114",
    )  # fmt: skip

    source: str
    external_id: str = Field(description="Immutable; with `source` it names the item for ever")
    key: str
    project: str | None = Field(description="null: its scope is bound to no project")
    type: str = Field(description="The tracker's own word")
    hub_type: str | None = Field(description="The hub's: epic, story, task, bug and so on")
    title: str
    status: str
    status_category: Literal["todo", "doing", "done", "dropped"] | None
    resolution: str | None
    points: float | None
    original_hours: float | None
    remaining_hours: float | None
    spent_hours: float | None
    priority: str | None
    assignee: str | None
    reporter: str | None
    parent_key: str | None
    labels: list[str] | None
    created_at: str | None
    updated_at: str | None
    started_at: str | None
    done_at: str | None
    due: str | None
    deleted_at: str | None = Field(description="When its absence from the tracker was noticed")
    locator: str | None
    url: str | None


class MilestoneShape(RecordShape):
    """A dated commitment, in its version known at the asked instant."""

    model_config = _example(
        source="pmo-files", external_id="APO:M4", project="APOLLO", project_ref="APO", name="Go live",
        state="planned", weight=5, critical=True, baseline="2026-11-06", forecast="2026-12-18", actual=None,
        slip_days=42, acceptance=None, known_from="2026-11-21T02:03:10Z",
        locator="plan.xlsx!Milestones!B6", url=None, amends=None, answered=None,
    )  # fmt: skip

    name: str
    state: str | None
    weight: float | None
    critical: bool | None
    baseline: str | None
    forecast: str | None
    actual: str | None
    slip_days: int | None = Field(
        description="Actual or forecast against baseline; null when either is unknown"
    )
    acceptance: str | None = Field(description="What it is accepted by")


class RaidShape(RecordShape):
    """A risk, assumption, issue or dependency."""

    model_config = _example(
        source="pmo-files", external_id="R-014", project="APOLLO", project_ref="APO", item_id="R-014", kind="risk",
        title="Supplier is late", cause=None, effect=None, owner=None, state="open", raised_on="2026-09-01",
        closed_on=None, reviewed_on="2026-10-30", due="2026-11-12", probability=5, impact=4, score=20,
        chance=None, severity=None, likelihood=None, rating=None, schedule_likelihood=None,
        schedule_severity=None, schedule_rating=None, cost_impact=40000, days_impact=None, currency="GBP",
        proximity=None, response="reduce", action=None, action_due=None, gives=None, needed_by=None,
        offered_by=None, known_from="2026-11-21T02:03:10Z", locator="raid.xlsx!RAID!A2", url=None,
        amends=None, answered=None,
    )  # fmt: skip

    item_id: str | None
    kind: str | None
    title: str | None
    cause: str | None
    effect: str | None
    owner: str | None
    state: str | None
    raised_on: str | None
    closed_on: str | None
    reviewed_on: str | None
    due: str | None
    probability: float | None
    impact: float | None
    score: float | None = Field(description="probability times impact; null when either is unknown")
    chance: float | None = Field(description="0 to 1, where the source has one")
    severity: str | None = Field(description="The source's own word; so are the next five")
    likelihood: str | None
    rating: str | None
    schedule_likelihood: str | None
    schedule_severity: str | None
    schedule_rating: str | None
    cost_impact: float | None
    days_impact: float | None
    currency: str | None
    proximity: str | None
    response: str | None
    action: str | None
    action_due: str | None
    gives: str | None = Field(description="Of a dependency: who gives what is needed")
    needed_by: str | None
    offered_by: str | None


class CostShape(KeptShape):
    """Money of one kind in one month."""

    model_config = _example(
        source="pmo-files", external_id="APO:forecast:2026-11", project="APOLLO", project_ref="APO",
        category="Delivery", kind="forecast", period="2026-11-01", amount=120000.5, currency="GBP",
        known_from="2026-11-21T02:03:10Z",
        locator="costs.xlsx!Forecast!F4", url=None,
    )  # fmt: skip

    category: str | None
    kind: str | None
    period: str | None = Field(description="First day of the month; null: the whole life")
    amount: float | None
    currency: str | None
