"""Keys of projects that hold a slash: one part of the address, as `%2F` says, however a server decodes it."""

import re
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

_SLASH: Final = (
    "\ufdd0"  # stands for a slash within a key: Unicode keeps it for uses such as this, so no text has it
)
_OF_PROJECT: Final = re.compile(rb"((?:/api/v1)?/projects/)([^/?]*%2[fF][^/?]*)([^?]*)")


class WholeKeys:
    """Keep a slash that is written `%2F` within a project's key from parting the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path with the key in one part."""
        found = _OF_PROJECT.match(scope.get("raw_path") or b"") if scope["type"] == "http" else None
        if found is not None:
            before, key, after = (unquote(part.decode("ascii", "replace")) for part in found.groups())
            scope = {**scope, "path": f"{before}{key.replace('/', _SLASH)}{after}"}
        await self._app(scope, receive, send)


def _whole(key: str) -> str:
    return key.replace(_SLASH, "/")


ProjectKey = Annotated[str, Path(max_length=200, examples=["APOLLO"]), AfterValidator(_whole)]
