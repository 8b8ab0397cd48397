"""What every request passes before its route: one the table of rights does not know is for nobody."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.access.rights import needed
from api.access.visible import authenticate
from api.wire.idempotency import WRITES
from model.rights import Permission

_FEED: Final = "/odata/"  # whose POST reads, and whose refusals have a form of their own


async def entering(request: Request) -> None:
    """Refuse a write before what it sent is acted on, and any request of a route that nobody declared.

    FastAPI has read the body by then, which `api.wire.bounded` keeps small, and none at all without a key.

    Raises:
        Problem: 401 or 403.
    """
    permission = needed(request)
    writes = request.method in WRITES and not request.url.path.startswith(_FEED)
    if writes and permission is not Permission.OPEN:
        await run_in_threadpool(authenticate, request.app.state.engine, request, None)
