"""The shapes of saved views; each with an example."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_VIEW: dict[str, Any] = {"name": "Critical risks", "address": "/risks?show=critical", "shared": False}


class ViewShape(BaseModel):
    """A page with its filters and its day, under a name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [
            {"id": 7, **_VIEW, "kept_by": "Ada Byron", "mine": True, "created_at": "2026-11-22T09:00:00Z"},
        ]},
        extra="allow",
    )  # fmt: skip

    id: int
    name: str
    address: str = Field(description="Of a page here, with its filters")
    shared: bool = Field(
        description="Everybody who is signed in is told of it, where it tells nothing hidden"
    )
    kept_by: str
    mine: bool = Field(description="It can be renamed and thrown away")
    created_at: str


class GivenName(BaseModel):
    """What a view is to be called."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Gravest risks"}]})

    name: str = Field(min_length=1, max_length=200)


class GivenView(GivenName):
    """A view to keep."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_VIEW]})

    address: str = Field(min_length=1, max_length=2000)
    shared: bool = False
