"""Forms as browsers send them: small, and refused before they are held when they are not."""

from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from api.translation import _
from api.wire.problems import bad_request

_MOST: Final = 16_384  # bytes


async def read_form(request: Request, *, most: int = _MOST, what: str = "an answer") -> dict[str, str]:
    """Return a form's fields, of each the first value.

    Raises:
        Problem: 400 when it is larger than `what` can be, or holds what no text does.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise bad_request(f"the form is larger than {what}")
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    for name, value in form.items():
        if "\x00" in name or "\x00" in value:
            shown = name.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:80]
            raise bad_request(_("The field %(field)s holds a NUL character; type it again.", field=shown))
    return form
