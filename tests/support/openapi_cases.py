"""What schemathesis cannot know of the API: how a workbook is sent, and that a key belongs to one request."""

import uuid
from typing import Any

import schemathesis

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A workbook is sent as the bytes it is; what is no workbook must be refused in words.
schemathesis.serializer.alias(XLSX, "application/octet-stream")


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Give each request a key of its own: one that another request had is refused, as it must be."""
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
