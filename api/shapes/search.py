"""The shapes of search's answers, for the OpenAPI document; each with an example."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SearchKind = Literal["project", "work_item", "milestone", "raid_item", "person"]


class HitShape(BaseModel):
    """One thing that was found."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "kind": "work_item", "key": "APO-114", "title": "Docking checklist", "project": "APOLLO",
                    "project_name": "Apollo", "about": "Story, In Progress", "due": None, "source": "jira-cloud",
                    "url": "https://example.atlassian.net/browse/APO-114", "near": False,
                }
            ]
        },
    )  # fmt: skip

    kind: SearchKind
    key: str | None = Field(description="How people call it; null for milestones and people")
    title: str
    project: str | None = Field(description="Key of its project; null: of none that is known")
    project_name: str | None
    about: str | None = Field(description="Its type and state, in its source's words")
    due: str | None = Field(description="The date that counts for it")
    source: str | None
    url: str | None = Field(description="In its tracker; null where the source gives none")
    near: bool = Field(description="True: only nearly written so, for nothing is written just so")


class FoundShape(BaseModel):
    """What was found, projects first, the best of each kind first."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"q": "docking", "items": [], "more": ["work_item"]}]}
    )

    q: str
    items: list[HitShape]
    more: list[SearchKind] = Field(description="Kinds of which there is more than `limit`")
