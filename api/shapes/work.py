"""The shapes of what belongs to work items, and of the mappings they are read by; each with an example."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


def _example(**values: Any) -> ConfigDict:
    whose = {"source": "jira-cloud", "item": "10114", "key": "APO-114", "project": "APOLLO"}
    return ConfigDict(json_schema_extra={"examples": [whose | values]}, extra="allow")


class PartShape(BaseModel):
    """What every part of a work item carries: of which item it is."""

    source: str
    item: str = Field(description="The item's `external_id`")
    key: str = Field(description="The item's key")
    project: str | None = Field(description="null: its scope is bound to no project")
    external_id: str


class TransitionShape(PartShape):
    """One changed field in one change of a work item."""

    model_config = _example(
        external_id="60258:0", at="2026-11-20T15:02:11Z", by="Ada", field="status", from_value="To Do",
        to_value="In Progress",
    )  # fmt: skip

    at: str | None
    by: str | None
    field: str
    from_value: str | None = Field(
        description="null also where it tells of an item or a project that this token may not see"
    )
    to_value: str | None = Field(description="As from_value")


class LinkShape(PartShape):
    """A link as one of its two items shows it; both ends carry the same `external_id`."""

    model_config = _example(
        external_id="20017", direction="inward", type="Blocks", label="is blocked by", other="10090",
        other_key="LED-90",
    )  # fmt: skip

    direction: Literal["outward", "inward"]
    type: str
    label: str = Field(description="As read from this item")
    other: str | None = Field(
        description="The other item's `external_id`; null where this token may not see it"
    )
    other_key: str | None = Field(
        description="null where it is not known, or this token may not see the item"
    )


class PlannedShape(PartShape):
    """An iteration that a work item is or was planned in."""

    model_config = _example(external_id="204", name="Sprint 14", state="current")

    name: str | None
    state: str | None = Field(description="past, current or future")


class ItemCommentShape(PartShape):
    """What somebody said about a work item; kept where the source's options ask for it."""

    model_config = _example(
        external_id="70012", author="Bo", created_at="2026-11-20T15:02:11Z", updated_at=None,
        text="Waits for the supplier.",
    )  # fmt: skip

    author: str | None
    created_at: str | None
    updated_at: str | None
    text: str | None = Field(description="As plain text")


class WorklogShape(PartShape):
    """Time that somebody says to have spent on a work item; kept where the source's options ask for it."""

    model_config = _example(
        external_id="80003", author="Bo", started_at="2026-11-20T09:00:00Z", hours=1.5,
        created_at="2026-11-20T15:02:11Z", updated_at=None, text=None,
    )  # fmt: skip

    author: str | None
    started_at: str | None
    hours: float | None
    created_at: str | None
    updated_at: str | None
    text: str | None


class MappingVersionShape(BaseModel):
    """One way in which a source's records were read; the newest of a source counts."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{
            "id": 12, "source": "jira-cloud", "version": 3, "shipped": "jira@1.0.0", "read_as": "9f86d081884c7d65",
            "settings": {"mapping": {"issues": {"fields": {"points": "fields.customfield_10016"}}}},
            "examples": [{"stream": "issues", "external_id": "10114"}], "saved_by": "Ada Obi",
            "saved_at": "2026-11-20T15:02:11Z", "note": "The field was renamed",
        }]},
        extra="allow",
    )  # fmt: skip

    id: int
    source: str
    version: int = Field(description="1, 2, 3 … of its source")
    shipped: str = Field(description="The mapping that it is laid over")
    read_as: str = Field(description="Hash of what decides how records are read")
    settings: dict[str, Any] = Field(description="The source's options that decide it, `mapping` among them")
    examples: list[Any] = Field(description="Records with what they must give, tried with every run")
    saved_by: str
    saved_at: str
    note: str | None
