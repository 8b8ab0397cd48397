"""Forms with files, as the guided path takes them: small, held in memory, and gone with the request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from api.translation import _
from api.wire.forms import read_form
from api.wire.problems import Problem, bad_request

_MOST_FIELDS: Final = 200
_MOST_FILES: Final = 8
_MOST: Final = (
    512 * 1024
)  # bytes of a form with files: what is smaller than a megabyte is never put on a disk


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form brought: its fields, and its files by the name of what was asked."""

    fields: dict[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


async def read_sent(request: Request, *, most: int, what: str) -> Sent:
    """Return a form's fields, of each the first value, and its files; those that nobody chose are left out.

    Raises:
        Problem: 400 when it holds what no text does, or is larger than `what` can be; 413 when its files are.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return Sent(await read_form(request, most=most, what=what))
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _MOST:
        raise Problem(
            413, "too-large", _("The file is too large: a certificate has a few thousand characters.")
        )
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if body := await value.read():
                    files.setdefault(name, body)
            elif "\x00" in value or "\x00" in name:
                raise bad_request(
                    _(
                        "The field %(field)s holds a NUL character; type it again.",
                        field=name[:80].replace("\x00", ""),
                    )
                )
            elif value:
                fields.setdefault(name, value)
    return Sent(fields, files)
