"""The shapes of what is answered about templates; each with an example."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.collection.template_check import RecordDocument

State = Literal["draft", "review", "approved", "retired"]
_HEAD: dict[str, Any] = {
    "template": "monthly-status", "version": "3.2.0", "state": "approved", "judges": True, "owner": "Ida Lindqvist",
    "created_at": "2026-10-01T09:12:00Z", "created_by": "Ida Lindqvist",
    "authors": ["Ida Lindqvist"], "submitted_at": "2026-10-02T08:00:00Z",
    "submitted_by": "Ida Lindqvist", "approved_at": "2026-10-06T14:30:00Z", "approved_by": "Ole Brandt",
    "effective_from": "2026-11-01", "effective_to": None, "retired_at": None, "retired_by": None, "because": None,
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
}  # fmt: skip


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, extra="allow")


class VersionHead(BaseModel):
    """How a version of a template stands."""

    model_config = _example(**_HEAD)

    template: str
    version: str
    state: State
    judges: bool = Field(description="Whether it is the one that judges today")
    owner: str | None
    created_at: str | None
    created_by: str
    authors: list[str] = Field(description="Everybody who drafted a text of it; none of them approves it")
    submitted_at: str | None
    submitted_by: str | None
    approved_at: str | None
    approved_by: str | None = Field(description="Never who wrote it or handed it in")
    effective_from: str | None = Field(
        description="The first day it judges; null for an approved one: all days"
    )
    effective_to: str | None = Field(description="The last day it judges, where it was retired")
    retired_at: str | None
    retired_by: str | None
    because: str | None = Field(description="The reason of its newest step")
    sha256: str


class TemplateShape(BaseModel):
    """A template with its versions, the oldest first."""

    model_config = _example(
        id="monthly-status", title="The month's status report", record="status_report", judges="3.2.0",
        versions=[_HEAD],
    )  # fmt: skip

    id: str
    title: str | None
    record: str | None = Field(description="The kind of record it is of")
    judges: str | None = Field(description="The version that judges today")
    versions: list[VersionHead]


class VersionShape(VersionHead):
    """A version whole: how it stands, its rules as data, its text, and what trying it on all projects found."""

    model_config = _example(
        **_HEAD, title="The month's status report", record="status_report", text="template:\n  id: monthly-status\n…",
        rules={"template": {"id": "monthly-status"}, "fields": [{"id": "period", "type": "period"}]},
        trial={"projects": 120, "would_fail": 37, "newly_fail": 12, "failing": [{"project": "PORTAL"}]},
    )  # fmt: skip

    title: str
    record: str
    rules: dict[str, Any] = Field(description="Everything the template says, as in its YAML")
    text: str = Field(description="The YAML word for word")
    trial: dict[str, Any] | None = Field(
        description="Of all projects; null where none was made, and for a token that may see some projects only"
    )


class WaiverShape(BaseModel):
    """A project let off one rule until a day."""

    model_config = _example(
        id=7, project="PORTAL", template="monthly-status", record_ref=None, rule="actual_cost",
        because="The ledger opens in May", asked_by="Maya Onwudiwe", asked_at="2026-11-02T09:00:00Z",
        approved_by="Otto Hale", approved_at="2026-11-03T10:00:00Z", until="2027-05-31", ended_at=None,
        ended_by=None, state="standing",
    )  # fmt: skip

    id: int
    project: str
    template: str
    record_ref: str | None = Field(description="null: in every record of the project")
    rule: str
    because: str
    asked_by: str
    asked_at: str
    approved_by: str | None
    approved_at: str | None
    until: str = Field(description="The last day it holds; after it the finding is back")
    ended_at: str | None
    ended_by: str | None
    state: Literal["waiting", "standing", "expired", "ended", "refused"]


class TailoringShape(BaseModel):
    """A template's rules changed for some projects."""

    model_config = _example(
        id=3, template="monthly-status", applies={"tiers": [3]}, changes={"checks": {"C06": {"off": True}}},
        because="Small projects keep no ledger", asked_by="Ida Lindqvist", asked_at="2026-11-02T09:00:00Z",
        approved_by="Ole Brandt", approved_at="2026-11-03T10:00:00Z", ended_at=None, ended_by=None, state="in force",
    )  # fmt: skip

    id: int
    template: str
    applies: dict[str, Any] = Field(description="All that is given must hold; nothing given is every project")
    changes: dict[str, Any]
    because: str
    asked_by: str
    asked_at: str
    approved_by: str | None
    approved_at: str | None
    ended_at: str | None
    ended_by: str | None
    state: Literal["waiting", "in force", "ended", "refused"]


class CheckedShape(BaseModel):
    """A record held to a template: everything that is found, and how good it is."""

    model_config = _example(
        template="raid-log", version="2.0.0", required=12, not_run=["R04"], undecided=[],
        findings=[{"field": "owner", "kind": "missing", "severity": "warn", "says": "Who looks after it is required"}],
        not_measured=["accuracy"], dimensions={"completeness": 0.93}, score=87.5, grade="B", can_submit=True,
        escalates=[],
    )  # fmt: skip

    template: str
    version: str
    required: int = Field(description="How many fields are required of this record")
    findings: list[dict[str, Any]]
    not_run: list[str] = Field(description="Checks whose inputs are missing: neither passed nor failed")
    undecided: list[str] = Field(description="Fields of which nobody can say whether they are required")
    not_measured: list[str] = Field(description="Dimensions that nothing could be measured of")
    dimensions: dict[str, float]
    score: float | None
    grade: str | None
    can_submit: bool
    escalates: list[str]


class SchemaShape(BaseModel):
    """A JSON Schema, 2020-12."""

    model_config = _example(
        **{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
        properties={"owner": {"type": "string", "title": "Who looks after it"}},
    )


class GivenRecord(RecordDocument):
    """A record to be checked, how old its values are in days, and what the rules know beside it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "record": {"kind": "risk", "title": "The vendor misses the interface"},
                    "ages_days": {"reviewed_on": 18},
                    "context": {"tier": 1, "stage": "deliver", "as_of": "2026-11-22"},
                }
            ]
        },
    )
