"""Every error as RFC 9457 `application/problem+json`; never a traceback, never a secret."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.translation import _
from api.wire.headers import STRICT
from api.wire.wording import parameter_errors
from sync.json import encoded

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_FEED = "/odata/"  # whose errors have a form of their own
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="muster"'}


class Problem(Exception):
    """Something to tell the caller: what is wrong and what to do about it."""

    def __init__(self, status: int, slug: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.headers = dict(headers or {})


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:muster:problem:not-found",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no project APOLO, or this token may not see it.",
                    "instance": "/api/v1/projects/APOLO",
                }
            ]
        }
    )

    type: str = Field(description="What kind of problem; stable")
    title: str
    status: int
    detail: str = Field(description="What happened here and what to do")
    instance: str = Field(description="The path that was asked for")
    errors: list[dict[str, Any]] | None = Field(None, description="One entry a parameter that is wrong")


def unauthenticated(detail: str) -> Problem:
    """Nobody is signed in, or not any more."""
    return Problem(401, "sign-in-needed", detail, CHALLENGE)


def forbidden(detail: str) -> Problem:
    """Signed in, and not allowed."""
    return Problem(403, "not-allowed", detail)


def not_found(detail: str) -> Problem:
    """It does not exist, or the caller may not know that it does."""
    return Problem(404, "not-found", detail)


def bad_request(detail: str) -> Problem:
    """The request cannot be understood."""
    return Problem(400, "bad-request", detail)


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for Problem alone
        return document(request, error.status, error.slug, error.detail, headers=error.headers)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for HTTPException alone
        slug = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        return document(request, error.status_code, slug, _says(request, error), headers=error.headers)

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
        errors = parameter_errors(error.errors())
        detail = "; ".join(f"{found['name'] or 'The body'} {found['says']}" for found in errors)
        return document(request, 422, "invalid-parameter", detail, errors=errors)

    def unexpected(request: Request, error: Exception) -> Response:
        log.error("%s: request failed", request.url.path, exc_info=error)
        detail = "Muster could not answer this. What happened stands in the server's log."
        return document(request, 500, "unexpected", detail, headers=STRICT)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(OperationalError, database_away)
    app.add_exception_handler(Exception, unexpected)


def database_away(request: Request, error: Exception) -> Response:
    """Say that the database does not answer; never where it is."""
    log.error("%s: the database does not answer: %s", request.url.path, type(error).__name__)
    detail = "The database does not answer. Try again in a moment; `muster doctor` says more."
    return document(request, 503, "database-away", detail, headers={"Retry-After": "5"})


def document(
    request: Request,
    status: int,
    slug: str,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem: JSON, of the feed's form on the feed, or a page for a browser that is looking at pages."""
    title = HTTPStatus(status).phrase
    headers = {"Cache-Control": "no-store", **(headers or {})}
    if request.url.path.startswith(_FEED):
        code = "".join(word.capitalize() for word in slug.split("-"))
        refused = encoded({"error": {"code": code, "message": detail}})
        return Response(refused, status, {**headers, "OData-Version": "4.0"}, "application/json")
    if wants_page(request):
        if status == HTTPStatus.UNAUTHORIZED:
            from api.pages.signin_form import instead_of_page

            return instead_of_page(request, headers)
        from api.pages.problem_page import problem_page

        return problem_page(request, status, title, detail, headers)
    body: dict[str, Any] = {
        "type": f"urn:muster:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    if errors is not None:
        body["errors"] = errors
    return Response(encoded(body), status, headers, MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    """Tell a browser on the pages from a program on the API."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _says(request: Request, error: HTTPException) -> str:
    if error.status_code == HTTPStatus.NOT_FOUND:
        if wants_page(request):
            return _("There is no page at %(path)s.", path=request.url.path)
        return f"There is nothing at {request.url.path}. /api/v1/openapi.json lists what there is."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not possible at {request.url.path}."
    return str(error.detail)
