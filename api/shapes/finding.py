"""The shapes of findings, their steps and disputes; each with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_FINDING: dict[str, Any] = {
    "id": 31, "project": "APOLLO", "template": "monthly-status", "version": "3.1.0", "record_ref": "",
    "rule": "C06", "kind": "failed", "severity": "warn", "says": "The finish expected today has passed",
    "locator": "register.xlsx!Projects!E8", "url": "https://contoso.sharepoint.example/register.xlsx",
    "asked": False, "form": None, "state": "accepted",
    "owner": "Maya Okafor", "owner_role": "project_manager", "due": "2026-11-20",
    "evidence": {"forecast_finish": "2026-09-01", "stage": "deliver"}, "unchecked_since": None,
    "opened_at": "2026-11-01T02:14:09Z", "closed_at": None, "closed_because": None, "follows": None,
}  # fmt: skip
_DISPUTE: dict[str, Any] = {
    "id": 4, "project": "APOLLO", "template": "monthly-status", "record_ref": "", "field": "percent_complete",
    "attribute": "percent_complete", "value": 40, "proposed": 31, "source": "jira-cloud", "locator": "APO-12",
    "url": "https://example.atlassian.net/browse/APO-12", "because": "The spike was counted twice",
    "by": "Maya Okafor", "at": "2026-11-03T09:00:00Z", "finding": None, "submission": 12, "answer": "upheld",
    "answered_by": "Ada Byron", "answered_at": "2026-11-04T10:00:00Z", "answer_because": "Seen with the team",
    "ended_at": None, "ended_because": None,
}  # fmt: skip


class FindingShape(BaseModel):
    """Something a template asks for and a record does not give, and what is being done about it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FINDING]}, extra="allow")

    id: int
    project: str
    template: str
    version: str
    record_ref: str = Field(description="Of the record; empty for the project's own")
    rule: str = Field(description="The field's or the check's id")
    kind: str = Field(
        description="missing, invalid, failed, stale; of texts repeated, other_period, rosy, copied"
    )
    severity: str
    says: str
    locator: str | None
    url: str | None = Field(description="Where it is to be fixed; null where the source has no address")
    asked: bool = Field(description="Whether people are asked for it in a form")
    form: str | None = Field(
        description="Where they answer it now; null: no form of theirs is open, or none asks it"
    )
    state: str = Field(description="new, accepted, fixing, disputed, upheld, waived or closed")
    owner: str | None = Field(description="Whose it is; null: nobody is on record")
    owner_role: str | None
    due: str | None = Field(description="By when whoever accepted it means to have it put right")
    evidence: dict[str, Any] = Field(description="What the fields that the rule looks at said")
    unchecked_since: str | None = Field(
        description="Since then the rule could not be run: nobody knows whether it still fails"
    )
    opened_at: str
    closed_at: str | None
    closed_because: str | None
    follows: int | None = Field(description="The closed finding that this one is again")


class FindingCountsShape(BaseModel):
    """How many findings there are by something, the most first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"by": "owner", "total": 31, "items": [{"value": "Maya Okafor", "count": 31}]}]
        },
        extra="allow",
    )

    by: str
    total: int
    items: list[dict[str, Any]]


class DisputeShape(BaseModel):
    """Somebody says that a value which was filled in is wrong."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DISPUTE]}, extra="allow")

    id: int
    project: str
    template: str
    record_ref: str
    field: str
    attribute: str | None
    value: Any = Field(description="As it was shown then")
    proposed: Any = Field(description="What it ought to be; null where that was not said")
    source: str | None
    locator: str | None
    url: str | None
    because: str
    by: str
    at: str
    finding: int | None
    submission: int | None
    answer: str | None = Field(description="upheld or refused; null while nobody has answered")
    answered_by: str | None
    answered_at: str | None
    answer_because: str | None
    ended_at: str | None = Field(
        description="When it was refused, taken back, or its source said something else"
    )
    ended_because: str | None


class FindingDetailShape(FindingShape):
    """A finding with every step that was taken about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_FINDING,
                    "steps": [
                        {
                            "action": "accept", "from": "new", "to": "accepted", "at": "2026-11-02T09:00:00Z",
                            "by": "Maya Okafor", "role": "project_manager", "because": None, "door": "web",
                        }
                    ],
                    "disputes": [_DISPUTE],
                    "waivers": [],
                    "possible": ["fix", "release", "dispute", "waive"],
                    "also": [],
                }
            ]
        },
        extra="allow",
    )  # fmt: skip

    steps: list[dict[str, Any]]
    disputes: list[dict[str, Any]]
    waivers: list[dict[str, Any]] = Field(description="Asked for or granted about this rule of this record")
    possible: list[str] = Field(description="The steps that can be taken from here")
    also: list[str] = Field(
        description="Projects whose reports hold the same words, of those that may be seen"
    )


class GivenStep(BaseModel):
    """What is said with a step; `due` goes with accept, `until` with waive, `proposed` with dispute."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"because": "The register is behind"}]}
    )

    because: str | None = Field(None, max_length=2000)
    due: str | None = Field(None, max_length=10, description="A day: by when it is to be put right")
    until: str | None = Field(None, max_length=10, description="A day: the last one the waiver is to hold")
    proposed: Any = Field(None, description="What the value ought to be, in the field's type")


class GivenDispute(BaseModel):
    """A value that is said to be wrong."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "project": "APOLLO", "template": "monthly-status", "field": "percent_complete", "value": 40,
                    "proposed": 31, "because": "The spike was counted twice",
                }
            ]
        },
    )  # fmt: skip

    project: str = Field(max_length=200)
    template: str = Field(max_length=200)
    record: str = Field("", max_length=500)
    field: str = Field(max_length=100)
    value: Any = Field(description="As it was shown")
    proposed: Any = None
    because: str = Field(min_length=1, max_length=2000)


class GivenVerdict(BaseModel):
    """An officer's answer to a dispute."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"because": "Seen with the team"}]}
    )

    because: str = Field(min_length=1, max_length=2000)


class StepShape(BaseModel):
    """How a finding stands after a step."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": 31, "state": "accepted", "then": "The source closes it"}]},
        extra="allow",
    )

    id: int
    state: str | None
    then: str = Field(description="What happens next")
