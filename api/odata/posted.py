"""The query that a POST to `/$query` carries in its body (URL conventions 4.17)."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

from api.odata.exchange import Request
from api.odata.problems import Malformed, Problem

_TAKEN: Final = frozenset(["text/plain", "application/x-www-form-urlencoded"])
_NAME: Final = re.compile(r"[$@]?[\w.-]+")


class NotAllowed(Problem):
    """It is asked in a way that is none of this address."""

    status = 405
    code = "MethodNotAllowed"


class WrongMedia(Problem):
    """A body is of a type that is not read here."""

    status = 415
    code = "UnsupportedMediaType"


def posted(request: Request, inner: Callable[[str], str]) -> str:
    """Return the whole query: of the address, and of the body by what `inner` leaves of it.

    Raises:
        NotAllowed: It is no POST.
        WrongMedia: The body is of another type.
        Malformed: The body is no query; it is never passed over, since all rows would be the answer.
    """
    if request.method != "POST":
        raise NotAllowed("$query takes a POST", target="path")
    media = (request.header("content-type") or "text/plain").partition(";")[0].strip().lower()
    if media not in _TAKEN:
        raise WrongMedia(f"$query takes {' or '.join(sorted(_TAKEN))}, not {media}", target="$query")
    try:
        body = request.body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8", target="$query") from None
    for part in filter(None, body.split("&")):
        name, equals, _ = part.partition("=")
        if not equals or not _NAME.fullmatch(unquote_plus(name)):
            says = "the body is no query; expected options as in an address: $filter=ID gt 3&$top=10"
            raise Malformed(says, target="$query")
    return "&".join(filter(None, (request.query, inner(body))))
