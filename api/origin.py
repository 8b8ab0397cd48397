"""Where a form was sent from."""

from starlette.requests import Request

from api.problems import forbidden


def same_origin(request: Request) -> None:
    """Refuse a form another site sends.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    other = origin not in (None, "null") and str(origin).partition("://")[2] != request.headers.get("host")
    if other or site in ("cross-site", "same-site"):
        raise forbidden("This form was sent by another site.")
