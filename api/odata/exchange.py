"""A request and its answer, without any web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` and `query` as they were sent, still encoded; header names in lower case.

    `root` is the public address of the service, with a slash at its end. `mark` is where the present stood when the
    connection began to read, as the sets' `Changes` have it; None where each statement reads what is there by then.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, list[str]]
    root: str
    body: bytes = b""
    mark: str | None = None

    def header(self, name: str) -> str | None:
        """Return a header, several of one name joined."""
        found = self.headers.get(name)
        return ", ".join(found) if found else None


@dataclass(slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
