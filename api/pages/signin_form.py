"""The form that whoever is not signed in is shown, also in place of a page that needs it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.pages.render import HTML, html
from api.signin import sessions
from api.translation import _


def show_form(
    request: Request,
    status: int,
    *,
    going: str = "/",
    wrong: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Answer with the form.

    Args:
        request: What was asked for.
        status: Of the answer.
        going: The path to go on to.
        wrong: What was wrong with what was typed, as a sentence.
        headers: Of the answer.
        more: `name` as typed; `by_token`: a token was tried; `ticket` and `link_name`: of a one-time link.
    """
    provider = request.app.state.provider
    context: dict[str, Any] = {
        "title": _("Sign in"),
        "next": going,
        "wrong": wrong,
        "name": "",
        "by_token": False,
        "ticket": None,
        "link_name": None,
        "provider": provider.shown if provider else None,
        "ended": False,
        "signed_out": "out" in request.query_params and wrong is None,
        "out_there": _out_there(request) if request.query_params.get("out") == "provider" else None,
        **more,
    }
    body = html("signin.html", principal=None, here="", **context)
    return Response(body, status, dict(headers or {}), media_type=HTML)


def instead_of_page(request: Request, headers: Mapping[str, str]) -> Response:
    """Answer with the form where a page was asked for; what it goes on to is that page, never a form that was sent."""
    path, query = request.url.path, request.url.query
    going = (f"{path}?{query}" if query else path) if request.method in ("GET", "HEAD") else "/"
    return show_form(
        request, 401, going=going, headers=headers, ended=sessions.session_cookie(request) is not None
    )


def _out_there(request: Request) -> str | None:
    provider = request.app.state.provider
    back = f"{sessions.base_url(request)}/sign-in?out=yes"
    return provider.sign_out_url(back, datetime.now(UTC)) if provider else None
