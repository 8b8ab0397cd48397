"""What the blocks of a template are made of: names, durations, severities."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Words = Annotated[str, Field(pattern=r"\S")]
Stage = Literal["define", "deliver", "close"]
RecordKind = Literal[
    "status_report", "charter", "raid_item", "milestone", "cost_forecast", "work_plan_line", "gate_criterion",
    "change_request", "decision",
]  # fmt: skip
Severity = Literal["block", "warn", "info"]
Dimension = Literal["completeness", "validity", "timeliness", "consistency", "uniqueness", "accuracy"]
FieldType = Literal[
    "string", "text", "int", "number", "percent", "money", "date", "period", "enum", "rag", "person", "ref",
    "list_ref", "bool", "document",
]  # fmt: skip
Expr = Annotated[str, Field(min_length=1, max_length=2000)]
Moment = Annotated[str, Field(pattern=r"^(period_end|open|due)( [+-] (P\d+[DW]|\d+WD))?$")]


def _days(value: Any) -> Any:
    """Read an ISO 8601 duration of days or weeks."""
    found = re.fullmatch(r"P(\d+)([DW])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"expected a duration of days or weeks like P14D or P2W, not {value!r}")
    return int(found[1]) * (7 if found[2] == "W" else 1)


def _names(value: Any) -> Any:
    """Let one name stand for a list of one."""
    return [value] if isinstance(value, str) else value


Days = Annotated[
    int,
    BeforeValidator(_days),
    PlainSerializer(lambda days: f"P{days}D", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^P\d+[DW]$", "examples": ["P14D", "P2W"]}),
]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Part(BaseModel):
    """A block of a template: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
