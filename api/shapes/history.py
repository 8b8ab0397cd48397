"""The shapes of what stands behind status: snapshots, claims, rates and iterations; each with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.common import Colour


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, extra="allow")


class SnapshotShape(BaseModel):
    """One project's status on one day, as it was known at an instant; `/explain` has its receipt."""

    model_config = _example(
        id=9012, project="APOLLO", as_of="2026-11-22", known_at="2026-11-22T02:14:09.123456Z",
        policy="default@1.0.0", overall="RED", health=62.5, reported="GREEN", watermelon=2,
        sha256="9f86d081884c7d65",
    )  # fmt: skip

    id: int
    project: str
    as_of: str
    known_at: str
    policy: str
    overall: Colour
    health: float | None
    reported: Colour | None
    watermelon: int | None = Field(description="Computed minus reported; null: not known")
    sha256: str = Field(description="Of the document of that day as canonical JSON")


class ClaimShape(BaseModel):
    """One source's value of one attribute of a project; a later claim of the source goes before it."""

    model_config = _example(
        id=311, project="APOLLO", attribute="forecast_finish", value="2026-12-18", unit=None, source="pmo-files",
        valid_from="2026-11-20", known_from="2026-11-21T02:03:10.5Z", run=812, page=40217, position=6,
        locator="register.xlsx!Projects!H8", url=None,
    )  # fmt: skip

    id: int
    project: str
    attribute: str
    value: Any = Field(description="null takes the source's earlier claim back")
    unit: str | None
    source: str
    valid_from: str
    known_from: str
    run: int | None
    page: int | None
    position: int | None
    locator: str | None
    url: str | None


class RateShape(BaseModel):
    """What one unit of a currency was worth in another on a day."""

    model_config = _example(
        id=4, day="2026-11-20", base="EUR", quote="GBP", rate=0.86, known_from="2026-11-21T02:03:10.5Z",
        known_to=None,
    )  # fmt: skip

    id: int
    day: str
    base: str
    quote: str
    rate: float
    known_from: str
    known_to: str | None = Field(description="When another rate of that day was said; null: it counts")


class IterationShape(BaseModel):
    """A sprint or iteration of a tracker."""

    model_config = _example(
        id=51, source="jira-cloud", external_id="204", name="Sprint 14", path=None, state="current", goal=None,
        start_at="2026-11-10T09:00:00Z", finish_at="2026-11-24T09:00:00Z", completed_at=None, deleted_at=None,
    )  # fmt: skip

    id: int
    source: str
    external_id: str
    name: str
    path: str | None
    state: str | None = Field(description="past, current or future")
    goal: str | None
    start_at: str | None
    finish_at: str | None
    completed_at: str | None
    deleted_at: str | None
