"""Routes that are going away: declared on the route, said in every answer of it (RFC 9745, RFC 8594) and described."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DECLARED: Final = "x-retiring"


@dataclass(frozen=True, slots=True)
class Retiring:
    """Since when a route is not to be used any more, until when it answers, and what to use."""

    since: date
    until: date
    instead: str

    def declared(self) -> dict[str, Any]:
        """Return what a route is declared with, as its `openapi_extra`."""
        return {
            "deprecated": True,
            _DECLARED: {
                "since": self.since.isoformat(), "until": self.until.isoformat(), "instead": self.instead,
            },
        }  # fmt: skip


def _instant(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


class SayRetiring:
    """Put `Deprecation`, `Sunset` and the successor's `Link` on the answers of a retiring route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def saying(message: Message) -> None:
            extra = getattr(scope.get("route"), "openapi_extra", None) or {}
            found = extra.get(_DECLARED)
            if found is not None and message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Deprecation"] = f"@{int(_instant(found['since']).timestamp())}"
                headers["Sunset"] = format_datetime(_instant(found["until"]), usegmt=True)
                headers.append("Link", f'<{found["instead"]}>; rel="successor-version"')
            await send(message)

        await self._app(scope, receive, saying)
