"""Shapes of roll-ups: what the OpenAPI document says of them."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.common import Colour

_COST_WEIGHTED: Final[dict[str, Any]] = {
    "colour": "AMBER", "says": "10 % of the cost is red", "shares": {"RED": 0.1, "AMBER": 0.25, "GREEN": 0.65},
    "total": {"amount": "4186000.00", "currency": "GBP"},
    "left_out": [{"key": "COMET", "why": "no approved budget is known"}], "left_out_share": 0.2,
    "left_out_says": "1 of 5 projects in no share of the cost: COMET (no approved budget is known)",
}  # fmt: skip
_RATE: Final[dict[str, Any]] = {
    "date": "2026-11-20", "base": "EUR", "quote": "GBP", "rate": "0.86", "source": "central bank",
}  # fmt: skip
_SUMMARY: Final[dict[str, Any]] = {
    "kind": "programme", "name": "Space", "as_of": "2026-11-22", "known_at": "2026-11-22T02:14:09Z",
    "policy": "default@1.0.0", "projects": 5, "rule": "F19", "worst": "RED", "cost_weighted": _COST_WEIGHTED,
    "counts": {"RED": 1, "AMBER": 1, "GREEN": 3},
    "health": {"cost_weighted": 71.4, "plain": 68.2, "projects": 5, "weighed": 4, "unknown": []},
    "grey": {"of_projects": 0.0, "of_cost": 0.0}, "watermelons": 1, "rates": [{**_RATE, "projects": ["ARIANE"]}],
}  # fmt: skip
_RESTS_ON: Final[dict[str, Any]] = {
    "inputs": [
        {"key": "ARIANE", "name": "Ariane", "colour": "AMBER", "health": 61.0,
         "budget": {"amount": "1000000", "currency": "EUR"}, "cost": "860000", "weight": 0.205, "rates": [_RATE]},
    ],
    "closed": [
        {"key": "SKYLAB", "name": "Skylab", "closed_at": "2026-10-01T02:14:09Z", "overall": "BLUE", "health": None,
         "as_of": "2026-09-30"},
    ],
}  # fmt: skip


class Weighted(BaseModel):
    """The colour by shares of the budgets, all in one currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [_COST_WEIGHTED]})

    colour: Colour
    says: str = Field(description="What decided")
    shares: dict[str, float] = Field(
        description="Colour -> share of the cost, 0 to 1; empty: nothing has a cost"
    )
    total: dict[str, str] = Field(description="Amount and currency of all that is weighed")
    left_out: list[dict[str, str]] = Field(description="Projects without a weight, each with why")
    left_out_share: float | None = Field(description="Of the projects, 0 to 1; null: there is no project")
    left_out_says: str | None = Field(description="The same in words; null: none is left out")


class Rollup(BaseModel):
    """A programme or the portfolio in three views: the worst, by cost, and counted (rule F19)."""

    kind: str = Field(description="portfolio or programme")
    name: str | None = Field(description="null: the projects in no programme")
    as_of: str | None
    known_at: str | None
    policy: str | None
    projects: int = Field(description="That are live")
    rule: str
    worst: Colour
    cost_weighted: Weighted
    counts: dict[str, int]
    health: dict[str, Any] = Field(description="Mean health by cost and plain; null where nobody knows any")
    grey: dict[str, float | None] = Field(description="Share of the projects, and of the cost, that is grey")
    watermelons: int = Field(description="Live projects reported two steps rosier than computed")
    rates: list[dict[str, Any]] = Field(description="Each rate that was used: its day, its source, for whom")


class RollupSummary(Rollup):
    """The same without the lists it rests on."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY | {"closed": 1}]})

    closed: int = Field(description="Projects that are closed: kept, and in no figure")


class RollupShape(Rollup):
    """A roll-up with what it was computed from."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY | _RESTS_ON]})

    inputs: list[dict[str, Any]] = Field(
        description="Each live project's colour, budget and weight; `share` is the percent of its budget that the"
        " programme carries; explain/overall and explain/budget of the project lead on to its sources"
    )
    closed: list[dict[str, Any]] = Field(description="Closed projects, each with its last colour")


class ProgrammesShape(BaseModel):
    """The programmes at the two clocks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"as_of": "2026-11-22", "known_at": "2026-11-22T02:14:09Z", "programmes": [_SUMMARY | {"closed": 1}]}
            ]
        }
    )  # fmt: skip

    as_of: str | None
    known_at: str | None
    programmes: list[RollupSummary]


class RollupReceiptShape(BaseModel):
    """One number or colour of a roll-up with its receipt: rule, each project's part, and where to ask on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "programme", "name": "Space", "figure": "health", "path": "health.cost_weighted",
                    "as_of": "2026-11-22", "known_at": "2026-11-22T02:14:09Z", "value": 71.4,
                    "rule": {"id": "F19", "policy": "default@1.0.0",
                             "text": "sum of health x cost / sum of cost, of the projects that have both",
                             "inputs": {"projects": 5, "total": {"amount": "4186000.00", "currency": "GBP"}}},
                    "says": "sum of health x cost / sum of cost, of the projects that have both",
                    "parts": [
                        {"key": "ARIANE", "name": "Ariane", "health": 61.0, "cost": "860000",
                         "budget": {"amount": "1000000", "currency": "EUR"}, "rates": [_RATE],
                         "snapshot": {"as_of": "2026-11-22", "known_at": "2026-11-22T02:14:09Z",
                                      "policy": "default@1.0.0", "sha256": "9f86d081884c7d65"},
                         "explain": [{"project": "ARIANE", "attribute": "health", "as_of": "2026-11-22"},
                                     {"project": "ARIANE", "attribute": "budget", "as_of": "2026-11-22"}]},
                    ],
                    "left_out": [{"key": "COMET", "why": "no approved budget is known"}],
                    "rates": [{**_RATE, "projects": ["ARIANE"], "known_from": "2026-11-20T08:00:00Z",
                               "sha256": "60303ae22b998861"}],
                }
            ]
        }
    )  # fmt: skip

    kind: str = Field(description="portfolio or programme")
    name: str | None
    figure: str = Field(description="As it was asked for")
    path: str = Field(description="Where it stands in the roll-up's document")
    as_of: str | None
    known_at: str | None
    value: Any
    unit: str | None = Field(None, description="Of an amount: its currency")
    rule: dict[str, Any]
    says: str = Field(description="How it was made, or what decided")
    parts: list[dict[str, Any]] = Field(
        description="The projects it is made of, each with what counts of it, the snapshot that says so, and the"
        " receipts of the project that lead on to its sources"
    )
    left_out: list[dict[str, str]] = Field(description="Projects without a weight, each with why")
    rates: list[dict[str, Any]] = Field(
        description="Rates it went by, as stated: since when known, and their hash"
    )
