"""The shape of what is answered about outcomes, with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_PERIOD: dict[str, Any] = {
    "dimension": "overall", "period": "2026-11", "projects": 12, "scored": 11, "watermelons": 1, "share": 0.090909,
    "persisting": 0, "optimistic": 0.272727, "pessimistic": 0.181818, "bias": 0.181818, "kappa": 0.39726,
    "stale_reports": 1, "watermelon_projects": ["PORTAL"],
}  # fmt: skip
_SPELL: dict[str, Any] = {
    "project": "PORTAL", "dimension": "overall", "first": "2026-11", "last": "2026-11", "periods": 1, "standing": True,
}  # fmt: skip
_REPORTER: dict[str, Any] = {
    "reporter": "Maya Lindqvist", "projects": ["PORTAL"], "reports": 4, "bias": 1.0, "watermelons": 1,
    "says": "1.00 colours rosier than computed, over 4 reports",
}  # fmt: skip
_COLOUR: dict[str, Any] = {
    "colour": "GREEN", "count": 54, "adverse": 13, "chance": 0.15, "chance_by_history": 0.240741,
}  # fmt: skip
_RATER: dict[str, Any] = {
    "by": "reported", "rater": None, "count": 632, "adverse": 172, "base_rate": 0.272152, "hit_rate": 0.924419,
    "false_alarm_rate": 0.91087, "brier": 0.269687, "brier_base": 0.198085, "skill": -0.361472, "auc": 0.540628,
    "colours": [_COLOUR], "says": "no better than always saying the base rate; ranks a bad end worse than a good one"
    " in 54% of pairs",
}  # fmt: skip
_SCORE: dict[str, Any] = {
    "forecaster": "throughput", "said_before": "31 to 90 days", "forecasts": 2, "projects": 1, "mean_error_days": 3.0,
    "mean_absolute_error_days": 3.0, "pinball_days": 1.5, "done_by": {"p50": 1.0, "p85": 1.0, "p95": 1.0},
}  # fmt: skip


class OutcomesShape(BaseModel):
    """Reports, colours and forecasts held to what came of them."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22", "known_at": None,
                    "history": {"first": "2026-08-30", "last": "2026-11-22"},
                    "terms": {"name": "default", "slip_days": 30, "horizon_days": 180, "usual_horizon_days": 180,
                              "usual_slip_days": 30,
                              "chances": {"GREEN": 0.15, "AMBER": 0.5, "RED": 0.85}, "warning": "AMBER",
                              "least_reports": 3, "horizons": [30, 90, 180, 365], "says": "it ended badly where…"},
                    "projects": 12,
                    "watermelon": {"rule": "F14", "periods": [_PERIOD], "spells": [_SPELL], "reporters": [_REPORTER]},
                    "colours": {"rule": "F15", "published": 900, "decided": 632, "adverse": 172, "undecided": 268,
                                "in_hindsight": 0, "raters": [_RATER]},
                    "forecasters": {"rule": "F18", "quantiles": [0.5, 0.85], "kept": 169, "scored": 11,
                                    "finished_projects": 1, "scores": [_SCORE]},
                }
            ]
        },
    )  # fmt: skip

    as_of: str = Field(description="The last day of the history that is looked at")
    known_at: str | None
    history: dict[str, Any] = Field(description="The first and the last day there is a snapshot of")
    terms: dict[str, Any] = Field(description="What counts as a bad end, and the chances colours stand for")
    projects: int
    watermelon: dict[str, Any] = Field(
        description="Reported against computed: `periods` by dimension and month, `spells` as a watermelon without a"
        " break, `reporters`"
    )
    colours: dict[str, Any] = Field(
        description="Colours of the month's last day whose outcome is known, scored by `raters`"
    )
    forecasters: dict[str, Any] = Field(description="Forecasts of finishes, scored once projects finished")
    cases: list[dict[str, Any]] = Field(
        default=[], description="Only with `project`: each month's colours and what came of them"
    )
    forecasts: list[dict[str, Any]] = Field(
        default=[], description="Only with `project`: each forecast and its error, once it has finished"
    )
