"""The way into the feed: who asks, for which day, and what they get."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, unquote_plus

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.access.doors import keyless
from api.access.visible import authenticate, visible_projects
from api.feed.changed import marked
from api.feed.declare import Moment
from api.feed.kept import EVERYBODY, answered, plain
from api.feed.models import NoSuchDay, has_past, model_of, moment_of
from api.feed.named import tell
from api.feed.projectdata.model import projectdata
from api.feed.reading import reading
from api.odata.exchange import Answer
from api.odata.exchange import Request as Asked
from api.odata.problems import Problem as Refused
from api.odata.query.rows import Limits
from api.odata.service import Service
from api.wire.problems import Problem

router = APIRouter()
PREFIX: Final = "/odata/v1/"
RETIRED: Final = "/odata/projectdata/"  # with the names of Project Online's feed
# Its addresses could have a language in front, as `[en-US]/Projects`; names were English then.
_LANGUAGE: Final = re.compile(r"^/*(?:\[|%5[Bb])[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?(?:\]|%5[Dd])(?=/|$)")
AS_OF: Final = "as_of"
_MOST_BODY: Final = 262_144  # bytes
_METHODS: Final = ["GET", "HEAD", "POST"]
_RETIRED_PAGE: Final = 5_000  # rows
_UNKNOWN: Final = "{name}: the feed does not know it; as_of=DAY asks for a former day"


@router.api_route(RETIRED + "{path:path}", methods=_METHODS, include_in_schema=False)
@router.api_route(RETIRED[:-1], methods=_METHODS, include_in_schema=False)
@router.api_route(PREFIX + "{path:path}", methods=_METHODS, include_in_schema=False)
@router.api_route(PREFIX[:-1], methods=_METHODS, include_in_schema=False)
async def feed(request: Request) -> Response:
    """Answer a request of a BI tool."""
    body = await request.body() if request.method == "POST" else b""
    if len(body) > _MOST_BODY:
        return plain(_refused(413, "PayloadTooLarge", f"a query has at most {_MOST_BODY} bytes"))
    return await run_in_threadpool(_answered, request, body)


@lru_cache(maxsize=16)
def service_of(moment: Moment | None) -> Service:
    """Return the service over the sets of now, or of a day."""
    return Service(model_of(moment), inner=_inner)


@cache
def retired_service() -> Service:
    """Return the service over the sets of the retired feed; its ids are in no index, so fewer pages are quicker."""
    return Service(projectdata(), Limits(page=_RETIRED_PAGE), inner=_inner)


def _inner(query: str) -> str:
    """Return the query of a part of a batch, or of a body, without a key; a day it must not name.

    Raises:
        Refused: It does.
    """
    kept, _ = keyless(query)
    for part in kept.split("&"):
        name = unquote_plus(part.partition("=")[0])
        if name == AS_OF:
            raise Refused("as_of: say it in the address itself, of a request of its own", target=AS_OF)
        if _nearly_a_day(name):
            raise Refused(_UNKNOWN.format(name=name), target=name)
    return kept


def _nearly_a_day(name: str) -> bool:
    """Say whether an option is likely meant for a day: a service ignores what it does not know, but not that."""
    close = name == "known_at" or get_close_matches(name.lower(), [AS_OF], cutoff=0.75)
    return bool(close) and name != AS_OF and not name.startswith("$")


def _answered(request: Request, body: bytes) -> Response:
    engine = request.app.state.engine
    try:
        principal, seen = authenticate(engine, request, None)
    except Problem as problem:
        if problem.status == HTTPStatus.FORBIDDEN:
            return plain(_refused(403, "Forbidden", problem.detail))
        answer = _refused(
            401, "Unauthorized",
            "Sign in with a token of `muster token create`: as the password of Basic, as a Bearer token, in the header"
            " x-api-key, or as the query parameter apikey",
        )  # fmt: skip
        return plain(answer)

    def make(asked: Asked) -> tuple[Answer, str]:
        before = marked if _may_track(asked) else None
        with reading(engine, everything=principal.sees_everything, before=before) as (
            connection,
            state,
            mark,
        ):
            if mark is not None:
                asked = replace(asked, mark=mark.isoformat())
            session = Session(connection)
            visible = visible_projects(session, principal)
            if visible is not None:
                tell(connection, visible)
            try:
                service = _service(session, request, asked.path)
            except NoSuchDay as error:
                return _refused(400, "BadRequest", str(error)), state
            return service.answer(asked, connection, caller=visible, now=datetime.now(UTC)), state

    # Rights are rows like others, so that in one state of the data one principal always sees the same.
    who = EVERYBODY if principal.sees_everything else repr(principal)
    return answered(request, _asked(request, body), seen, who, make)


def _may_track(asked: Asked) -> bool:
    """Say whether an answer may come with a delta link; a body may ask for anything."""
    prefers = any("track-changes" in each.lower() for each in asked.headers.get("prefer", ()))
    return prefers or asked.method == "POST" or "deltatoken" in unquote(asked.query).lower()


def _service(session: Session, request: Request, path: str) -> Service:
    """Return the service that a request is for.

    Raises:
        NoSuchDay: It asks for a day that is none, or not for what is asked for.
    """
    if _prefix(request) == PREFIX:
        return service_of(_moment(session, request, path))
    if AS_OF in request.query_params:
        raise NoSuchDay(f"as_of: this root is as it is now only; ask for {PREFIX}")
    return retired_service()


def _prefix(request: Request) -> str:
    return PREFIX if f"{request.url.path}/".startswith(PREFIX) else RETIRED


def _moment(session: Session, request: Request, path: str) -> Moment | None:
    """Return the day that is looked back at, None for now.

    Raises:
        NoSuchDay: It is none, or not for what is asked for.
    """
    days = request.query_params.getlist(AS_OF)
    for name in filter(_nearly_a_day, request.query_params):
        raise NoSuchDay(_UNKNOWN.format(name=name))
    if not days:
        return None
    if len(days) > 1:
        raise NoSuchDay("as_of: given more than once")
    first = path.strip("/").partition("/")[0]
    name = first.partition("(")[0]
    if first.lower() == "$batch":
        raise NoSuchDay("as_of: send a request of its own instead of a batch")
    if name in model_of(None).by_name and not has_past(name):
        raise NoSuchDay(f"as_of: {name} is there as it is now only; StatusSnapshots and records have a past")
    return moment_of(session, days[0])


def _asked(request: Request, body: bytes) -> Asked:
    raw = (
        request.scope.get("raw_path", request.url.path.encode()).decode("ascii", "replace").partition("?")[0]
    )
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    query = request.scope["query_string"].decode("ascii", "replace")
    path = raw.partition(_prefix(request))[2]
    if _prefix(request) == RETIRED:
        path = _LANGUAGE.sub("", path)
    return Asked(request.method, path, query, headers, _root(request), body)


def _root(request: Request) -> str:
    """Return the feed's address as the client knows it."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}{_prefix(request)}"


def _refused(status: int, code: str, says: str) -> Answer:
    body = orjson.dumps({"error": {"code": code, "message": says}})
    return Answer(status, body, {"Content-Type": "application/json", "OData-Version": "4.0"})
