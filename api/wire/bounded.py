"""How much anybody may send: counted while it comes, for FastAPI holds a body before any of our code is asked."""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.csrf import SESSION, cookie
from api.wire.problems import document
from api.wire.reached import PROGRAMS

MOST_FILE: Final = (
    65 * 1024 * 1024
)  # bytes: a megabyte more than a workbook, which its route refuses in its own words
MOST_JSON: Final = 4 * 1024 * 1024
_API: Final = "/api/"
_FILES: Final = ("/api/v1/workbooks", "/submissions/")  # or a page, to which people send files by a form
_SIGN_IN_FIRST: Final = "Send `Authorization: Bearer TOKEN`; `muster token create NAME` makes one."


class Bounded:
    """Refuse a body that is larger than any that is taken there, and to the API one that comes without a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, most = Headers(scope=scope), most_of(scope["path"])
        said = headers.get("content-length", "")
        comes = "transfer-encoding" in headers or said not in ("", "0")
        if comes and scope["path"].startswith(_API) and not _has_key(scope, headers):
            await document(Request(scope), 401, "sign-in-needed", _SIGN_IN_FIRST)(scope, receive, send)
        elif said.isdecimal() and int(said) > most:
            await _too_large(scope, receive, send, most)
        else:
            await self._counted(scope, receive, send, most)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        size, over, answered = 0, False, False

        async def counting() -> Message:
            nonlocal size, over
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                over = True
                return {"type": "http.disconnect"}  # nobody goes on reading; what they say of it is not sent
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            if over and not answered:
                return
            answered = True
            await send(message)

        try:
            await self._app(scope, counting, sending)
        except Exception:
            if not over or answered:
                raise
        if over and not answered:
            await _too_large(scope, receive, send, most)


def most_of(path: str) -> int:
    """Return how many bytes are taken at a path."""
    if not path.startswith(PROGRAMS):
        return MOST_FILE
    a_file = path.startswith(_FILES[0]) or (_FILES[1] in path and path.endswith("/workbook"))
    return MOST_FILE if a_file else MOST_JSON


def _has_key(scope: Scope, headers: Headers) -> bool:
    return "authorization" in headers or cookie(SESSION, scope) is not None


async def _too_large(scope: Scope, receive: Receive, send: Send, most: int) -> None:
    says = f"The body is larger than any that is taken here: {most // (1024 * 1024)} MB at most."
    await document(Request(scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", says)(
        scope, receive, send
    )
