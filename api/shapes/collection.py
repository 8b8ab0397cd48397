"""The shapes of cycles, their submissions, steps, comments and events; each with an example."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.wire.values import MOST_ID, PERIOD

_CYCLE: dict[str, Any] = {
    "id": 3, "template": "monthly-status", "version": "3.2.0", "period": "2026-10", "period_end": "2026-10-31",
    "opens_at": "2026-10-29T00:00:00Z", "due_at": "2026-11-07T00:00:00Z", "timezone": "Europe/London",
    "calendar": "uk-england", "state": "open", "opened_at": "2026-10-29T00:03:11Z", "opened_by": "system",
    "closed_at": None, "closed_by": None,
}  # fmt: skip
_LINE: dict[str, Any] = {
    "id": 41, "project": {"key": "APOLLO", "name": "Apollo"}, "state": "draft", "version": "3.2.0", "revision": 2,
    "late": None, "overdue": True, "mark": "missing",
    "next": {"role": "project_manager", "person": "Maya Okafor"}, "score": 81.2, "grade": "C", "blocking": 2,
    "submitted_at": None, "submitted_by": None, "first_submitted_at": None, "returns": 0, "approved_at": None,
    "approved_by": None, "published_at": None, "published_by": None, "withdrawn_at": None, "sha256": None,
    "superseded_by": None,
    "effort": {"fields": 23, "filled": 17, "answered": 4, "open": 2, "automatic": 0.8095, "minutes": 16.25},
    "url": "/submissions/41",
}  # fmt: skip
_MEASURES: dict[str, Any] = {
    "owed": 12, "submitted": 9, "late": 1, "overdue": 3, "approved": 6, "on_time": 0.6667, "first_pass": 0.8333,
    "automatic": 0.71, "minutes": 214.5, "minutes_each": 17.875,
}  # fmt: skip
_MOVE: dict[str, Any] = {
    "id": 12, "from_state": "draft", "to_state": "submitted", "at": "2026-11-03T09:12:00Z", "by": "Maya Okafor",
    "role": "project_manager", "because": None, "attest": "This is how the project stood", "door": "web",
}  # fmt: skip
_COMMENT: dict[str, Any] = {
    "id": 5, "record_ref": "", "field": "achievements", "says": "Which test?", "by": "Olu Officer",
    "at": "2026-11-03T10:00:00Z", "settled_at": None, "settled_by": None,
}  # fmt: skip
_EVENT: dict[str, Any] = {
    "id": 77, "key": "chase:41:20261029T000311:2:sponsor", "kind": "overdue", "at": "2026-11-08T08:02:00Z",
    "submission": 41, "project": "APOLLO", "role": "sponsor", "person": "Sam Sponsor",
    "says": "Monthly status report 2026-10 of Apollo (APOLLO) has not been handed in; its deadline has passed",
    "payload": {"period": "2026-10", "rung": "due + P2D"}, "delivered_at": None,
}  # fmt: skip


class CycleShape(BaseModel):
    """One template asked for one period."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CYCLE]}, extra="allow")

    id: int
    template: str
    version: str
    period: str = Field(description="2026-10, 2026-Q4 or 2026-W43")
    period_end: str
    opens_at: str
    due_at: str = Field(description="The end of the day it is due: what comes from then on is late")
    timezone: str
    calendar: str
    state: str = Field(description="planned, open or closed")
    opened_at: str | None
    opened_by: str | None
    closed_at: str | None
    closed_by: str | None


class CycleLineShape(BaseModel):
    """One project's part of a cycle, and who is to act next."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]}, extra="allow")

    id: int
    project: dict[str, str]
    state: str
    late: bool | None = Field(description="Whether it was first submitted after the deadline; null: not yet")
    overdue: bool
    mark: str | None = Field(description="What the ladder of reminders marked it as, such as missing")
    next: dict[str, Any] | None = Field(description="Role and person; null: nothing is left to do")
    effort: dict[str, Any] = Field(description="Fields filled in, answered and open, and minutes asked for")
    url: str


class MeasuresShape(BaseModel):
    """What a cycle adds up to. Shares are 0 to 1, and null where there is nothing to share."""

    owed: int
    submitted: int
    late: int = Field(description="Handed in after the day it was due")
    overdue: int = Field(description="Due, and not handed in")
    approved: int
    on_time: float | None = Field(description="Of those that were due, the share handed in on time")
    first_pass: float | None = Field(
        description="Of those handed in, the share that was approved and never returned"
    )
    automatic: float | None = Field(description="Of the fields filled in, the share that nobody had to")
    minutes: float = Field(description="What answering all of it is reckoned to take")
    minutes_each: float | None


class CycleBoardShape(CycleShape):
    """A cycle with everybody who owes, and what it adds up to."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_CYCLE, "measures": _MEASURES, "submissions": [_LINE]}]},
        extra="allow",
    )

    measures: MeasuresShape
    submissions: list[CycleLineShape]


class GivenCycle(BaseModel):
    """What to open a cycle of."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"template": "monthly-status", "period": "2026-10"}]}
    )

    template: str = Field(min_length=1, max_length=100)
    period: str = Field(
        min_length=1, max_length=20, description="2026-10, 2026-Q4 or 2026-W43",
        json_schema_extra={"pattern": PERIOD},  # refused below in better words
    )  # fmt: skip
    projects: list[str] | None = Field(None, max_length=10_000, description="Keys; null: all it applies to")


class GivenMove(BaseModel):
    """What a step takes beside its name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"because": "Which test?", "revision": 4}]}
    )

    because: str | None = Field(None, max_length=5000, description="Needed to return and to withdraw")
    attest: str | None = Field(
        None, max_length=1000, description="The sentence the template asks for, word by word"
    )
    revision: int | None = Field(None, ge=0, description="What the actor saw; null takes what stands")


class MovedShape(BaseModel):
    """How a submission stands after a step."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": 41, "state": "submitted", "revision": 5, "superseded_by": None}]
        },
        extra="allow",
    )

    id: int
    state: str
    revision: int
    superseded_by: int | None = Field(description="The submission that asks again, where this was withdrawn")


class CourseShape(BaseModel):
    """The steps a submission took and what was said of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": 41, "moves": [_MOVE], "comments": [_COMMENT], "can": ["submit"]}]
        }
    )

    id: int
    moves: list[dict[str, Any]]
    comments: list[dict[str, Any]]
    can: list[str] = Field(description="The steps that lead on from here, whoever may take them")


class GivenComment(BaseModel):
    """Something to say of a submission."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"says": "Which test?", "field": "achievements"}]}
    )

    says: str = Field(min_length=1, max_length=5000)
    record: str = Field("", max_length=500)
    field: str | None = Field(None, max_length=100)


class CommentShape(BaseModel):
    """One remark; open while `settled_at` is null."""

    model_config = ConfigDict(json_schema_extra={"examples": [_COMMENT]})

    id: int
    record_ref: str
    field: str | None
    says: str
    by: str
    at: str
    settled_at: str | None
    settled_by: str | None


class PublicationShape(BaseModel):
    """A published submission, word for word as it was frozen, with the hash of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 41, "sha256": "9f2c…", "published_at": "2026-11-06T10:00:00Z", "withdrawn_at": None,
                    "superseded_by": None, "document": {"template": "monthly-status", "records": []},
                }
            ]
        }
    )  # fmt: skip

    id: int
    sha256: str = Field(description="SHA-256 of `document` as JSON with sorted keys and no spaces, in UTF-8")
    published_at: str
    withdrawn_at: str | None
    superseded_by: int | None
    document: dict[str, Any]


class EventShape(BaseModel):
    """Something somebody is to be told."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EVENT]})

    id: int
    key: str = Field(description="Names the event for good: whoever delivers it can tell it from any other")
    kind: str
    at: str
    submission: int | None
    project: str | None
    role: str | None
    person: str | None = Field(
        description="null: nobody is on record in that role, or it is one of the office"
    )
    says: str
    payload: dict[str, Any]
    delivered_at: str | None


class GivenDelivery(BaseModel):
    """Events that were delivered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"events": [77, 78]}]})

    events: list[Annotated[int, Field(ge=1, le=MOST_ID)]] = Field(min_length=1, max_length=1000)


class DeliveredShape(BaseModel):
    """How many of them had not been delivered before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"delivered": 2}]})

    delivered: int


Verb = Literal["submit", "review", "return", "approve", "publish", "withdraw"]
