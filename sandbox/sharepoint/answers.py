"""Answers of the authority and of Graph, and Graph's error envelope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

REQUEST_ID: Final = "a7f0c1de-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; a `body` of bytes is sent as it is, None as nothing, anything else as JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class GraphError(Exception):
    """An error as Graph words it; `inner` is the finer code, where it gives one."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.inner, self.headers = inner, dict(headers or {})

    def answer(self) -> Answer:
        """Return it in its envelope."""
        inner: dict[str, Any] = {
            "date": "2026-01-01T00:00:00", "request-id": REQUEST_ID, "client-request-id": REQUEST_ID,
        }  # fmt: skip
        if self.inner:
            inner["code"] = self.inner
        body = {"error": {"code": self.code, "message": self.message, "innerError": inner}}
        return Answer(body, self.status, {"request-id": REQUEST_ID, **self.headers})


def not_found() -> GraphError:
    """Return the 404 of an item, a drive or a site."""
    return GraphError(404, "itemNotFound", "The resource could not be found.")


def denied() -> GraphError:
    """Return the 403 of something not granted."""
    return GraphError(403, "accessDenied", "Access denied")


def bad(message: str) -> GraphError:
    """Return the 400 of a request that makes no sense."""
    return GraphError(400, "invalidRequest", message)
