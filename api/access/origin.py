"""Where a form was sent from."""

from starlette.requests import Request

from api.wire.problems import forbidden


def same_origin(request: Request) -> None:
    """Refuse a form another site sends.

    Raises:
        Problem: 403.
    """
    if from_elsewhere(request):
        raise forbidden("This form was sent by another site.")


def sent_from_here(request: Request) -> None:
    """Refuse what another site makes a browser send: where no key came the cookie speaks, which is sent unasked.

    Raises:
        Problem: 403.
    """
    if request.headers.get("authorization") is None:
        same_origin(request)


def from_elsewhere(request: Request) -> bool:
    """Tell whether a browser says that another site made it send this."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    other = origin not in (None, "null") and str(origin).partition("://")[2] != request.headers.get("host")
    return other or site in ("cross-site", "same-site")
