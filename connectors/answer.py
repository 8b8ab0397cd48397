"""What a host answered."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from connectors.base import Part
from connectors.refusals import not_json


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered. `request` is the request line and body without secrets."""

    source: str
    request: str
    status: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """Parse the body.

        Raises:
            HttpDenied: The body is a web page: a sign-in page stands in front of the tracker.
            HttpError: The body is something else that is not JSON.
        """
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise not_json(self.source, self.request, self.status, self.headers, self.content) from None

    def part(self) -> Part:
        """Return the request and the body, word for word, for the raw page."""
        return Part(request=self.request, body=self.content)
