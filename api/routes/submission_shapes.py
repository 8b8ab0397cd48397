"""What goes in and out of a submission."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class GivenAnswer(BaseModel):
    """A value for one field."""

    model_config = ConfigDict(extra="forbid")

    record: str = Field(
        "", max_length=500,
        description="The record's reference; empty for the project's own, `new-1` and so on for one to be made",
    )  # fmt: skip
    field: str = Field(max_length=100)
    value: Any = Field(None, description="Of the field's type; null takes the value away")
    because: str | None = Field(
        None, max_length=2000, description="Needed where a filled-in value is overridden"
    )
    withdrawn: bool = Field(False, description="Give the field back to what was filled in")


class GivenAnswers(BaseModel):
    """Answers to be stored together, all or none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "answers": [
                        {"field": "rag_overall", "value": "AMBER"},
                        {
                            "field": "forecast_finish",
                            "value": "2026-01-30",
                            "because": "The vendor moved the date",
                        },
                    ]
                }
            ]
        },
    )

    answers: list[GivenAnswer] = Field(max_length=50_000)


class FilledShape(BaseModel):
    """What Muster filled in, with its receipt; the source of what the template works out is `computed`."""

    value: Any
    source: str | None
    locator: str | None
    url: str | None
    age_days: float | None


class AnswerShape(BaseModel):
    """A person's newest answer."""

    value: Any
    because: str | None
    by: str
    at: str
    door: str
    locator: str | None


class FieldShape(BaseModel):
    """One field of a record. `value` is what counts: the answer, else what was filled in."""

    field: str
    label: str
    type: str
    fill: Literal["auto", "prefill", "ask"]
    editable: bool
    required: bool
    value: Any
    filled: FilledShape | None
    answer: AnswerShape | None


class RecordShape(BaseModel):
    """One record with what its template says of it."""

    ref: str
    fields: list[FieldShape]
    check: dict[str, Any] = Field(description="The template check document")
    problems: list[dict[str, str]] = Field(description="What is wrong with how values were given")


class SubmissionProject(BaseModel):
    """Whose submission it is."""

    key: str
    name: str


class SubmissionShape(BaseModel):
    """One project's part of a cycle, as it stands and is judged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 41, "project": {"key": "PORTAL", "name": "Citizen portal"}, "cycle": 3,
                    "template": "monthly-status", "version": "3.1.0",
                    "schema": "/api/v1/templates/monthly-status/versions/3.1.0/schema",
                    "period": "2026-10", "state": "draft", "open": True, "revision": 4,
                    "due_at": "2026-11-06T23:59:59Z", "late": False, "submitted_at": "2026-11-05T10:00:00Z",
                    "submitted_by": "Ada Obi", "as_of": "2026-11-05", "can_submit": False, "score": 93.5346,
                    "grade": "B", "waived": [],
                    "records": [
                        {
                            "ref": "",
                            "fields": [
                                {
                                    "field": "forecast_finish", "label": "Finish as expected today",
                                    "type": "date", "fill": "prefill", "editable": True, "required": True,
                                    "value": "2026-01-30",
                                    "filled": {"value": "2026-01-16", "source": "jira-cloud", "locator": "PORTAL-12",
                                               "url": "https://jira.example/browse/PORTAL-12", "age_days": 6},
                                    "answer": {"value": "2026-01-30", "because": "The vendor moved the date",
                                               "by": "Ada Obi", "at": "2026-11-05T09:12:00Z", "door": "web",
                                               "locator": "form"},
                                }
                            ],
                            "check": {"template": "monthly-status", "version": "3.1.0", "findings": []},
                            "problems": [],
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    id: int
    project: SubmissionProject
    cycle: int
    template: str
    version: str
    schema_: str = Field(alias="schema", description="Where the JSON Schema of its records is")
    period: str
    state: str
    open: bool = Field(description="Whether answers are taken")
    revision: int = Field(description="Counts every change; the ETag begins with it")
    due_at: str
    late: bool | None
    submitted_at: str | None
    submitted_by: str | None
    as_of: str = Field(description="The day it is judged on")
    can_submit: bool
    score: float | None
    grade: str | None
    waived: list[dict[str, str]]
    records: list[RecordShape]
