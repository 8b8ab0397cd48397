"""JSON that programs send, read strictly: a key given twice is refused by its name, no value is dropped unseen."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from model.collection.numbers import loads_exactly, loads_strictly

_HALF: Final = re.compile("[\ud800-\udfff]")


class NotText(json.JSONDecodeError):
    """A text holds what no text has."""

    def __init__(self, says: str) -> None:
        super().__init__(f"gives a text with {says}", "", 0)


def _in_utf8(body: bytes) -> bytes:
    """Return a body that is text.

    Raises:
        JSONDecodeError: It is not UTF-8; its place is the first byte that is not.
    """
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character is counted as one, whatever its bytes.
        before = body[: error.start].decode("utf-8", "replace")
        says = f"the byte {body[error.start]:#04x} is not UTF-8"
        raise json.JSONDecodeError(says, before, len(before)) from None
    return body


def storable(value: Any) -> Any:
    """Return what was read, whose texts can be kept.

    Raises:
        NotText: One holds a NUL character, or half of a surrogate pair.
    """
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            if "\x00" in one:
                raise NotText("a NUL character")
            if not one.isascii() and _HALF.search(one):
                raise NotText("half of a surrogate pair")
    return value


class _Strict(Request):
    """A request whose body gives no key twice."""

    async def json(self) -> Any:
        return storable(loads_strictly(_in_utf8(await self.body())))


class _Exact(Request):
    """The same, with numbers read as they are written; each answer is judged on its own, whatever it holds."""

    async def json(self) -> Any:
        return loads_exactly(_in_utf8(await self.body()))


class StrictRoute(APIRoute):
    """A route that refuses a key given twice."""

    request: type[Request] = _Strict

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Handle requests read so."""
        handle, kind = super().get_route_handler(), self.request

        async def strictly(request: Request) -> Response:
            return await handle(kind(request.scope, request.receive))

        return strictly


class ExactRoute(StrictRoute):
    """The same, that takes numbers of any length without altering them."""

    request = _Exact
