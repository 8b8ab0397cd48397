"""The shape of a raw page's description."""

from pydantic import BaseModel, ConfigDict, Field


class RawPageShape(BaseModel):
    """A page as it was fetched from a source: where it came from, its hash, and where its bytes are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "id": 40217, "source": "pmo-files", "stream": "projects", "slice": "Programme/register.xlsx!Projects",
        "run": 812, "fetched_at": "2026-11-21T02:03:10.385Z", "bytes": 10367,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "parts": [10367],
        "body": "/api/v1/raw-pages/40217/body",
    }]})  # fmt: skip

    id: int
    source: str
    stream: str
    slice: str
    run: int
    fetched_at: str
    bytes: int = Field(description="Of the body, before compression")
    sha256: str = Field(description="Of these bytes, taken when they were fetched")
    parts: list[int] = Field(description="Bytes of each answer it was joined from, in their order")
    body: str = Field(description="Where the bytes are")
