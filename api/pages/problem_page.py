"""An error as a page: in what it is headed, what one can do, and the way on for whoever is signed in."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from api.access.rights import ASKS
from api.access.visible import Principal, authenticate
from api.pages.render import HTML, html
from api.pages.what_now import headed, to_do
from api.wire.problems import Problem

# Of these somebody may have asked; any other page of the kind must not need the database.
_GOES_ON: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


def problem_page(
    request: Request, status: int, title: str, detail: str, headers: Mapping[str, str]
) -> Response:
    """Return an error as a page, with the navigation of who is signed in."""
    path = request.url.path
    going = f"{path}?{request.url.query}" if request.url.query else path
    context = {
        "status": status, "title": headed(status, title), "detail": detail, "next": going, "steps": to_do(status),
    }  # fmt: skip
    principal = _who(request) if status in _GOES_ON else None
    # Nothing leads back here, so that the address is said once only.
    body = html("problem.html", principal=principal, here="", **context)
    return Response(body, status, dict(headers), HTML)


def _who(request: Request) -> Principal | None:
    """Return who asks; None where nobody is signed in. An address that is none was let in by nobody yet."""
    asks: Principal | None = request.scope.get(ASKS)
    if asks is not None or request.scope.get("route") is not None:
        return asks
    try:
        return authenticate(request.app.state.engine, request, None)[0]
    except (Problem, SQLAlchemyError):
        return None
