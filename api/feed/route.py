"""The way into the feed: who asks, by any of the means that BI tools have, and what they get."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.access import authenticate, visible_projects
from api.feed.sets import all_sets
from api.odata.edm import Model
from api.odata.exchange import Answer
from api.odata.exchange import Request as Asked
from api.odata.service import Service
from api.problems import Problem

router = APIRouter()
PREFIX: Final = "/odata/v1/"
MODEL: Final = Model("Muster", all_sets(), version="1.0")
SERVICE: Final = Service(MODEL)
KEY_PARAMETER: Final = "apikey"
KEY_HEADER: Final = "x-api-key"
_LONGEST_S: Final = 30  # seconds that one statement may take
_MOST_BODY: Final = 262_144  # bytes
_CHALLENGE: Final = 'Basic realm="Muster", charset="UTF-8", Bearer'


@router.api_route(PREFIX + "{path:path}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
async def feed(request: Request) -> Response:
    """Answer a request of a BI tool."""
    body = await request.body() if request.method == "POST" else b""
    if len(body) > _MOST_BODY:
        return _response(_refused(413, "PayloadTooLarge", f"a query has at most {_MOST_BODY} bytes"))
    return _response(await run_in_threadpool(_answered, request, body))


def _answered(request: Request, body: bytes) -> Answer:
    engine = request.app.state.engine
    try:
        principal, _ = authenticate(engine, _with_bearer(request))
    except Problem:
        answer = _refused(
            401, "Unauthorized",
            "Sign in with a token of `muster token create`: as the password of Basic, as a Bearer token, in the header"
            f" {KEY_HEADER}, or as the query parameter {KEY_PARAMETER}",
        )  # fmt: skip
        answer.headers["WWW-Authenticate"] = _CHALLENGE
        return answer
    if not principal.may("read"):
        return _refused(403, "Forbidden", "this token may not read")
    with Session(engine) as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        session.execute(text(f"SET LOCAL statement_timeout = '{_LONGEST_S}s'"))
        visible = visible_projects(session, principal)
        return SERVICE.answer(
            _asked(request, body), session.connection(), caller=visible, now=datetime.now(UTC)
        )


def _asked(request: Request, body: bytes) -> Asked:
    raw = (
        request.scope.get("raw_path", request.url.path.encode()).decode("ascii", "replace").partition("?")[0]
    )
    query = "&".join(
        part for part in request.scope["query_string"].decode("ascii", "replace").split("&")
        if part.partition("=")[0].lower() != KEY_PARAMETER
    )  # fmt: skip
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    path = raw.partition(PREFIX)[2]
    return Asked(request.method, path, query, headers, _root(request), body)


def _root(request: Request) -> str:
    """Return the feed's address as the client knows it."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}{PREFIX}"


def _with_bearer(request: Request) -> Request:
    """Return the request with its token where it is looked for, whichever way it was sent."""
    token = _token(request)
    if token is None:
        return request
    headers = [pair for pair in request.scope["headers"] if pair[0] != b"authorization"]
    headers.append((b"authorization", b"Bearer " + token.encode("utf-8", "replace")))
    return Request({**request.scope, "headers": headers})


def _token(request: Request) -> str | None:
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, rest = authorization.partition(" ")
        return _password(rest) if scheme.lower() == "basic" else None
    given: Mapping[str, Any] = {name.lower(): value for name, value in request.query_params.items()}
    return request.headers.get(KEY_HEADER) or given.get(KEY_PARAMETER)


def _password(encoded: str) -> str:
    """Return the password of Basic; whoever calls themselves what, the token is what counts."""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "no token"


def _refused(status: int, code: str, says: str) -> Answer:
    body = orjson.dumps({"error": {"code": code, "message": says}})
    return Answer(status, body, {"Content-Type": "application/json", "OData-Version": "4.0"})


def _response(answer: Answer) -> Response:
    headers = {**answer.headers, "Cache-Control": "no-store"}
    return Response(answer.body, status_code=answer.status, headers=headers)
