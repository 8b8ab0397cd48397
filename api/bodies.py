"""JSON that programs send, read strictly: a key given twice is refused by its name, no value is dropped unseen."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from model.collection.numbers import loads_exactly, loads_strictly


class _Strict(Request):
    """A request whose body gives no key twice."""

    async def json(self) -> Any:
        return loads_strictly(await self.body())


class _Exact(Request):
    """The same, with numbers read as they are written."""

    async def json(self) -> Any:
        return loads_exactly(await self.body())


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
