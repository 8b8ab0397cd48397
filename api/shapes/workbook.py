"""What the API says of workbooks that came back."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.wire.values import MOST_ID

_CELL: Final[dict[str, Any]] = {
    "kind": "conflict", "record": "R-001", "cell": "impact", "locator": "LOG.xlsx!RAID!L6", "sent": 3, "returned": 1,
    "current": 5, "says": "was changed here, and meanwhile Ben Ode changed it (2025-07-02 09:00 UTC) to '5'; '5' stands"
    " until somebody decides",
}  # fmt: skip


class AcceptedCell(BaseModel):
    """A cell whose value was taken."""

    record: str
    cell: str = Field(description="The field, with its month where it has one for each: cost@2025-06")
    locator: str


class OtherCell(BaseModel):
    """A cell that was not simply taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CELL]})

    kind: Literal["conflict", "rejected", "invalid"]
    record: str
    cell: str
    locator: str
    sent: Any
    returned: Any
    current: Any
    says: str


class TakenShape(BaseModel):
    """What became of a returned workbook."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 12, "file": "LOG.xlsx", "state": "taken", "why": None,
                    "says": "LOG.xlsx: 1 cell taken, 61 as they were, 1 in conflict", "submission": 41,
                    "project": "LOG", "accepted": [{"record": "R-002", "cell": "impact", "locator": "A.xlsx!RAID!L7"}],
                    "not_taken": [_CELL], "notes": [], "can_submit": True,
                    "answered": "LOG_raid-log_2025-06_answered.xlsx",
                }
            ]
        }
    )  # fmt: skip

    id: int | None
    file: str
    state: Literal["taken", "again", "refused"]
    why: str | None
    says: str
    submission: int | None
    project: str | None
    accepted: list[AcceptedCell]
    not_taken: list[OtherCell]
    notes: list[str]
    can_submit: bool | None
    answered: str | None


class ConflictShape(BaseModel):
    """A cell that was changed in a workbook and elsewhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 7, "submission": 41, "project": "LOG", "template": "raid-log", "period": "2025-06", **_CELL,
                    "at": "2025-07-02T10:00:00Z", "by": "Ada Obi", "settled": None,
                    "settled_at": None, "settled_by": None,
                    "now": 5, "now_by": "Ben Ode", "answer": 57, "reason": None,
                }
            ]
        }
    )  # fmt: skip

    id: int
    submission: int
    project: str
    template: str
    period: str
    kind: str
    record: str
    cell: str
    locator: str
    sent: Any
    returned: Any
    current: Any
    says: str
    at: str
    by: str
    settled: Literal["returned", "current"] | None
    settled_at: str | None
    settled_by: str | None
    now: Any = Field(
        description="What stands there by now; `current` stood there when the workbook came back"
    )
    now_by: str | None
    answer: int = Field(description="The number of the answer that stands now; 0 where it was filled in")
    reason: str | None = Field(description="The reason that came with the returned value")


class GivenVerdictOnCell(BaseModel):
    """Which of two values counts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keep": "returned"}]})

    keep: Literal["returned", "current"]
    because: str | None = Field(
        None,
        max_length=2000,
        description="Why; the reason that came with the returned value, if none is given",
    )
    answer: int | None = Field(
        None, ge=0, le=MOST_ID,
        description="The conflict's `answer` as it was shown; refused where somebody answered since. Left out: "
        "refused where something else stands than `current`",
    )  # fmt: skip
