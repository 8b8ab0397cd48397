"""Answers of the feed kept as bytes, gzipped once, for as long as what they were made from stays as it was.

The state of the data is told by the database's snapshot: where it is the same, nothing was committed in between, so
that an answer that depends on the data and the request alone is the same. For those who see everything it stays the
same until something that the feed gives is written (`writes.py`). Whoever asks is looked up every time.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from fastapi import Request, Response

from api.feed.writes import Writes
from api.odata.exchange import Answer
from api.odata.exchange import Request as Asked
from api.wire.etag import Body, Cache, digest, respond

VARY: Final = "Accept-Encoding, Authorization, X-Api-Key, Accept, Prefer, OData-MaxVersion"
_DECIDES: Final = ("accept", "prefer", "odata-maxversion", "odata-version")
_CLOCK: Final = "now("  # what asks for the time is answered anew
_MEMORY: Final = 96 * 1024 * 1024
_OK: Final = 200
EVERYBODY: Final = "all"
Make = Callable[[Asked], tuple[Answer, str]]


class Kept(Cache):
    """The answers that one application keeps. Pages are many and read once or twice: they are packed quickly."""

    def __init__(self) -> None:
        super().__init__(_MEMORY, level=1)
        self.writes = Writes()


def answered(request: Request, asked: Asked, seen: str, who: str, make: Make) -> Response:
    """Return the kept answer, 304 for who has it already, or make it and keep it.

    Args:
        request: As it came.
        asked: The same as the feed understands it.
        seen: The state of the data that the caller was looked up in.
        who: What decides which rows the caller may see; EVERYBODY for all who may see everything.
        make: Makes the answer, and says which state it was made from.
    """
    if asked.method != "GET" or _CLOCK in unquote(asked.query + asked.path).lower():
        return plain(make(asked)[0])
    memory: Kept = request.app.state.feed_answers
    # Whoever sees only some rows may come to see others by what is written elsewhere.
    version = memory.writes.version(request.app.state.engine, seen) if who == EVERYBODY else seen
    deciding = (asked.header(name) for name in _DECIDES)
    fixed = (who, asked.root, asked.path, asked.query, *deciding)

    def render() -> Body:
        answer, state = make(asked)
        headers = {**answer.headers, "Vary": VARY}
        if answer.status != _OK:
            headers["Cache-Control"] = "no-store"
        # Made from a newer state, it may hold more than the version: it is kept for it, and never asked for again.
        tag = digest(version if state == seen else state, *fixed)
        return Body(answer.body, "application/json", headers, answer.status, tag)

    return respond(request.headers, digest(version, *fixed), memory, render)


def plain(answer: Answer) -> Response:
    """Return an answer as it is, to be kept by nobody."""
    return Response(
        answer.body, status_code=answer.status, headers={**answer.headers, "Cache-Control": "no-store"}
    )
