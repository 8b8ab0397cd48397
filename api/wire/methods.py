"""Which methods a path takes: the most literal of the paths that fit decides, as OpenAPI has it.

Without this `GET /policies/plan`, which is only posted to, would look for a policy called plan.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.wire.problems import document

_NOT_ALLOWED: Final = 405
_NUL: Final = b"%00"


@dataclass(slots=True)
class _Place:
    """One path of the API, and what can be done there."""

    fits: re.Pattern[str]
    literal: tuple[bool, ...]
    methods: set[str] = field(default_factory=set)


class Methods:
    """Answer 405 with the whole `Allow` where a path does not take a method; pass on everything else."""

    def __init__(self, app: ASGIApp, prefix: str, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._prefix = prefix
        places: dict[str, _Place] = {}
        for route in routes:
            if isinstance(route, APIRoute):
                literal = tuple("{" not in part for part in route.path.split("/"))
                place = places.setdefault(route.path, _Place(route.path_regex, literal))
                place.methods |= route.methods or set()
        self._places: dict[int, list[_Place]] = {}
        for place in sorted(places.values(), key=lambda each: each.literal, reverse=True):
            self._places.setdefault(len(place.literal), []).append(place)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass the request on."""
        place = self._place(scope)
        if place is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if _NUL in scope.get("raw_path", b"") + b"?" + scope["query_string"]:
            says = "a parameter holds a NUL character"
            await document(request, 400, "bad-request", says)(scope, receive, send)
            return
        if scope["method"] in place.methods:
            await self._app(scope, receive, send)
            return
        says = f"{request.method} is not possible at {request.url.path}."
        headers = {"Allow": ", ".join(sorted(place.methods))}
        refused = document(request, _NOT_ALLOWED, "method-not-allowed", says, headers=headers)
        await refused(scope, receive, send)

    def _place(self, scope: Scope) -> _Place | None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix + "/"):
            return None
        path = scope["path"].removeprefix(self._prefix)
        fitting = self._places.get(path.count("/") + 1, ())
        return next((each for each in fitting if each.fits.fullmatch(path)), None)
