"""Answers of the feed kept as bytes, gzipped once, for as long as the data stay in the very state they were made from.

The state is told by the database's snapshot: where it is the same, nothing was committed in between, so that an
answer that depends on the data and the request alone is the same. Whoever asks is looked up every time.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from fastapi import Request, Response

from api.etag import Body, Cache, digest, respond
from api.odata.exchange import Answer
from api.odata.exchange import Request as Asked

VARY: Final = "Accept-Encoding, Authorization, X-Api-Key, Accept, Prefer, OData-MaxVersion"
_DECIDES: Final = ("accept", "prefer", "odata-maxversion", "odata-version")
_CLOCK: Final = "now("  # what asks for the time is answered anew
_MEMORY: Final = 96 * 1024 * 1024
_OK: Final = 200
Make = Callable[[Asked], tuple[Answer, str]]


def new_cache() -> Cache:
    """Return the memory of one application. Pages are many and read once or twice: they are packed quickly."""
    return Cache(_MEMORY, level=1)


def answered(request: Request, asked: Asked, seen: str, who: str, make: Make) -> Response:
    """Return the kept answer, 304 for who has it already, or make it and keep it.

    Args:
        request: As it came.
        asked: The same as the feed understands it.
        seen: The state of the data that the caller was looked up in.
        who: What decides which rows the caller may see; the same for all who may see everything.
        make: Makes the answer, and says which state it was made from.
    """
    if asked.method != "GET" or _CLOCK in unquote(asked.query + asked.path).lower():
        return plain(make(asked)[0])
    deciding = (asked.header(name) for name in _DECIDES)
    fixed = (who, asked.root, asked.path, asked.query, *deciding)

    def render() -> Body:
        answer, state = make(asked)
        headers = {**answer.headers, "Vary": VARY}
        if answer.status != _OK:
            headers["Cache-Control"] = "no-store"
        return Body(answer.body, "application/json", headers, answer.status, digest(state, *fixed))

    return respond(request.headers, digest(seen, *fixed), request.app.state.feed_answers, render)


def plain(answer: Answer) -> Response:
    """Return an answer as it is, to be kept by nobody."""
    return Response(
        answer.body, status_code=answer.status, headers={**answer.headers, "Cache-Control": "no-store"}
    )
