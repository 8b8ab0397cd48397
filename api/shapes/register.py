"""The shapes of what a project's office keeps beside the plan; each with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.record import RecordShape

_READ: dict[str, Any] = {
    "source": "pmo-files", "project": "APOLLO", "project_ref": "APOLLO", "known_from": "2026-11-09T10:00:00Z",
    "url": None, "amends": None, "answered": None,
}  # fmt: skip


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [_READ | values]}, extra="allow")


class ContradictionShape(BaseModel):
    """A pair of words that a register rates in several ways, with how often each."""

    likelihood: str
    impact: str
    ratings: dict[str, int]


class RiskMatrixShape(BaseModel):
    """The matrix that a register's own ratings make, as a policy's `risk.matrix.cells` takes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "pairs": 109, "cells": {"Likely": {"Marginal": "Moderate", "Significant": "High"}},
                    "words": ["High", "Moderate"], "contradictions": [],
                }
            ]
        }
    )  # fmt: skip

    pairs: int = Field(description="Ratings that it was read off; a risk may have two, of cost and of delay")
    cells: dict[str, dict[str, str]] = Field(description="Likelihood, then impact: the register's word")
    words: list[str] = Field(description="The words in the cells; a policy says the level of each")
    contradictions: list[ContradictionShape]


class ContractShape(RecordShape):
    """An agreement with a supplier."""

    model_config = _example(
        external_id="C-04", locator="office.xlsx!Contracts!A6", contract_id="C-04", title="Cabling",
        supplier="Fjord Networks", state="active", owner=None, starts_on="2026-02-05", ends_on="2026-12-11",
        value=1800000, invoiced=1425000, currency="GBP",
    )  # fmt: skip

    contract_id: str | None
    title: str | None
    supplier: str | None
    state: str | None = Field(description="planned, active, ended or cancelled")
    owner: str | None
    starts_on: str | None
    ends_on: str | None
    value: float | None
    invoiced: float | None
    currency: str | None


class BenefitShape(RecordShape):
    """What a project promised to make better."""

    model_config = _example(
        external_id="B-01", locator="office.xlsx!Benefits!A6", benefit_id="B-01", title="Cheaper running",
        category=None, owner="Paul Ndiaye", target=4872000, forecast=4531000, actual=None, currency="GBP", unit=None,
        due=None,
    )  # fmt: skip

    benefit_id: str | None
    title: str | None
    category: str | None
    owner: str | None
    target: float | None
    forecast: float | None
    actual: float | None
    currency: str | None = Field(description="Null where `unit` says what is counted")
    unit: str | None
    due: str | None


class RoleShape(RecordShape):
    """A role in a project; `holder` is null where nobody holds it."""

    model_config = _example(
        external_id="APOLLO|Architect", locator="office.xlsx!Roles!B6", role="Architect", holder=None, key_role=True,
        held_from=None, held_to=None, vacant_since="2026-10-13",
    )  # fmt: skip

    role: str
    holder: str | None
    key_role: bool | None
    held_from: str | None
    held_to: str | None
    vacant_since: str | None


class UtilisationShape(RecordShape):
    """A team's week: hours booked of the hours there are."""

    model_config = _example(
        external_id="APOLLO|Analysts|2026-11-16", locator="office.xlsx!Utilisation!C6", team="Analysts",
        week="2026-11-16", percent=None, booked_hours=236, capacity_hours=200,
    )  # fmt: skip

    team: str | None
    week: str = Field(description="The week, by the day the source gives for it")
    percent: float | None
    booked_hours: float | None
    capacity_hours: float | None


class QualityReviewShape(RecordShape):
    """A review of what a project delivers."""

    model_config = _example(
        external_id="Q-01", locator="office.xlsx!Reviews!A6", review_id="Q-01", title="Security review",
        reviewer="Ada Kowalski", due="2026-10-03", held_on="2026-10-03", result="failed", open_criteria=3,
        closed_on=None,
    )  # fmt: skip

    review_id: str | None
    title: str | None
    reviewer: str | None
    due: str | None
    held_on: str | None
    result: str | None = Field(description="passed, conditional or failed")
    open_criteria: int | None = Field(description="Criteria failed and not yet put right")
    closed_on: str | None


class BaselineShape(RecordShape):
    """One approval of a plan; without a day of approval a proposal."""

    model_config = _example(
        external_id="baselines.xlsx!CLOUD|2", locator="baselines.xlsx!Baselines!A12", number=2, name=None,
        approved_on="2026-08-14", approved_by="Programme board", change_request="CR-003",
        reason="A second region was added to the scope", start="2026-04-16", finish="2027-01-31", budget=980000,
        currency="GBP", points=None,
    )  # fmt: skip

    number: int | None
    name: str | None
    approved_on: str | None = Field(description="One that nobody approved counts for nothing")
    approved_by: str | None
    change_request: str | None = Field(description="The change that led to it")
    reason: str | None
    start: str | None
    finish: str | None
    budget: float | None
    currency: str | None
    points: float | None
