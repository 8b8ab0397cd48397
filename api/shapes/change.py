"""The shape of what changed since an earlier day."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ProjectRef(BaseModel):
    """A project that is new, or was closed."""

    key: str
    name: str
    overall: str


class ProjectChanges(BaseModel):
    """What changed of one project. `recomputed` is what the earlier day itself is computed as otherwise now."""

    key: str
    name: str
    status: list[dict[str, Any]]
    recomputed: list[dict[str, Any]]
    values: list[dict[str, Any]]
    milestones: list[dict[str, Any]]
    raid: list[dict[str, Any]]
    records: list[dict[str, Any]] = Field(
        description="Money by month, benefits, contracts, reviews, utilisation"
    )
    rewritten: int = Field(description="How many of these are rewritten history")


class ChangesShape(BaseModel):
    """What changed from one day to another.

    A change is `news`, or `rewritten`: the past was edited; or `both`, where what it is computed from was rewritten.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "since": "2026-11-08", "since_known_at": "2026-11-08T23:59:59.999999Z", "as_of": "2026-11-22",
        "known_at": "2026-11-22T09:00:00Z", "note": None, "new": [], "closed": [], "unchanged": 11,
        "rewritten": 2,
        "projects": [{
            "key": "APOLLO", "name": "Apollo", "recomputed": [], "milestones": [], "raid": [],
            "records": [{"entity": "cost_line", "name": "actual 2026-08 GBP", "what": "amount", "kind": "rewritten",
                         "was": "120728", "is": "109464", "locator": "costs.xlsx!Costs!F12", "url": None}],
            "rewritten": 2,
            "status": [{"name": "schedule", "kind": "both", "was": "GREEN", "is": "RED"}],
            "values": [{"attribute": "baseline_finish", "kind": "rewritten", "was": "2025-12-19",
                        "is": "2026-02-27", "unit": None, "source": "pmo-files", "valid_from": "2025-01-06",
                        "known_from": "2026-11-20T02:00:00Z", "locator": "register.xlsx!Projects!H8"}]}]
    }]})  # fmt: skip

    since: str
    since_known_at: str
    as_of: str
    known_at: str
    note: str | None
    new: list[ProjectRef]
    closed: list[ProjectRef]
    projects: list[ProjectChanges]
    unchanged: int | None = Field(
        description="Projects without a change; null where `note` says that none can be told"
    )
    rewritten: int | None = Field(description="Changes of rewritten history; null likewise")
