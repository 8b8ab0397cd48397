"""Answer a read: 304 where nothing changed, else rendered in one consistent, read-only transaction."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import Reader, data_version, visible_projects
from api.wire.etag import Body, digest, respond
from api.wire.fields import SELECTED, asked, only
from api.wire.personal import NOTHING, Personal
from api.wire.unchanged import NOTED
from model.collection.numbers import is_exact
from sync.json import encoded, in_full, instant_text

Visible = frozenset[UUID] | None
JSON = "application/json"


def answer(
    reader: Reader,
    render: Callable[[Session, Visible], Body],
    *,
    also: object = "",
    personal: Personal = NOTHING,
) -> Response:
    """Return the answer of a read.

    Args:
        reader: Who asks for which version.
        render: Called when the body is not held yet, inside a snapshot of the database.
        also: Whatever else decides the body besides the address, the data and who may see it.
        personal: What is put into the kept body for this reader alone.
    """
    url = reader.request.url
    fixed = (build(), reader.kind, reader.principal.projects, url.path, url.query, also)

    def rendered() -> Body:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            reader.engine.connect().execution_options(**options) as connection,
            Session(connection) as session,
        ):
            version = data_version(session, reader.kind)
            session.info["version"] = version
            body = render(session, visible_projects(session, reader.principal))
        body.tag = digest(*fixed, version)
        return body

    tag = digest(*fixed, reader.version)
    if (noted := reader.request.scope.get(NOTED)) is not None:
        noted.by_version = True
    return respond(reader.request.headers, tag, reader.cache, rendered, personal)


def json_answer(
    reader: Reader,
    collect: Callable[[Session, Visible], Any],
    *,
    link: Callable[[Any], str | None] | None = None,
    also: object = "",
) -> Response:
    """Answer with what `collect` returns as JSON, with a `Link` header where there is a next page.

    `also` is whatever else decides it, as for `answer`.
    """
    names = asked(reader.request)

    def render(session: Session, visible: Visible) -> Body:
        found = collect(session, visible)
        target = link(found) if link else None
        kind = JSON if names is None else SELECTED
        shown = found if names is None else only(reader.request, found, names)
        return Body(to_json(shown), kind, {"Link": target} if target else {})

    return answer(reader, render, also=also)


def to_json(value: Any) -> bytes:
    """Write JSON: instants in UTC with Z, decimals as numbers with all of their digits, unknown as null."""
    return encoded(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        near = float(value)
        return near if not value.is_finite() or is_exact(near, value) else in_full(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def z(value: datetime | None) -> str | None:
    """Write an instant exactly, in UTC with Z; None stays None."""
    return instant_text(value)


def day(value: date | None) -> str | None:
    """Write a date; None stays None."""
    return None if value is None else value.isoformat()


@lru_cache
def build() -> str:
    """Return a digest of what renders: another release's bodies are not this one's."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*")):
        if path.suffix in (".py", ".html", ".css", ".js", ".svg", ".po"):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]
