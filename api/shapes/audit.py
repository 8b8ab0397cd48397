"""The shape of an event of the log of who changed what."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AuditEventShape(BaseModel):
    """Something that was done: by whom, how, to what; and its place in the chain."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "seq": 4711, "at": "2026-11-22T09:14:03.120334Z", "actor": "ada@example.com", "way": "page",
        "address": "192.0.2.7", "action": "source.changed", "subject": "source jira-cloud",
        "detail": {"changes": ["schedule: '0 2 * * *' → '0 4 * * *'"]},
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "prev": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        "hash": "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13",
    }]})  # fmt: skip

    seq: int = Field(description="From 1 on, without gaps, in the order in which things came to hold")
    at: str
    actor: str = Field(
        description="The account or token, the user of the command line, or `muster` by the clock"
    )
    way: str = Field(description="page, api, command or clock")
    address: str | None = Field(description="Where the request came from; null where it was none")
    action: str = Field(description="docs/audit.md lists them")
    subject: str = Field(description="What it was done to: its kind and its name")
    detail: dict[str, Any] = Field(
        description="What else is worth knowing; `by` is the person, where it is another"
    )
    digest: str = Field(description="SHA-256 of what the event says")
    prev: str = Field(description="The hash of the event before; zeros before the first")
    hash: str = Field(description="SHA-256 of `prev`, `seq` and `digest`")
