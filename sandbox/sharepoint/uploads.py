"""Upload sessions: chunks of a multiple of 320 KiB, in order, to an address that wants no token."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sandbox.sharepoint.answers import Answer, GraphError, bad
from sandbox.sharepoint.drive import Drive, File

UNIT: Final = 320 * 1024
LARGEST: Final = 60 * 1024 * 1024
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(slots=True)
class Session:
    """One upload under way."""

    path: str
    url: str
    expires: str
    if_match: str | None
    behaviour: str
    content: bytearray = field(default_factory=bytearray)
    total: int | None = None

    def state(self) -> dict[str, object]:
        """Return what is still expected."""
        return {"expirationDateTime": self.expires, "nextExpectedRanges": [f"{len(self.content)}-"]}


def locked() -> GraphError:
    """Return what Graph says of a file that somebody holds."""
    words = "The resource you are attempting to access is locked"
    return GraphError(423, "resourceLocked", words, inner="resourceLocked")


def check_writable(drive: Drive, path: str, if_match: str | None, behaviour: str = "replace") -> File | None:
    """Return the file that a write would replace.

    Raises:
        GraphError: 423 it is locked, 412 it has changed, 409 it must not exist.
    """
    file = drive.at(path)
    if file is None:
        if if_match:
            raise GraphError(412, "resourceModified", "ETag does not match current item's value")
        return None
    if behaviour == "fail":
        raise GraphError(409, "nameAlreadyExists", "The specified item name already exists.")
    if if_match and if_match not in {drive.e_tag(file), drive.c_tag(file)}:
        raise GraphError(412, "resourceModified", "ETag does not match current item's value")
    if file.locked or file.shut:
        raise locked()
    return file


class Uploads:
    """The sessions that are open."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._open: dict[str, Session] = {}

    def start(self, path: str, if_match: str | None, behaviour: str, root: str) -> Answer:
        """Open a session; `root` is the address of the host that takes the chunks."""
        check_writable(self._drive, path, if_match, behaviour)
        key = f"{len(self._open) + 1:08d}"
        url = f"{root}/sites/pmo/_api/v2.0/drives/upload/uploadSession?guid={key}&tempauth=v1.{key}"
        session = Session(path, url, "2099-01-01T00:00:00.000Z", if_match, behaviour)
        self._open[key] = session
        return Answer({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.uploadSession",
                       "uploadUrl": url, **session.state()})  # fmt: skip

    def take(self, method: str, key: str, headers: Mapping[str, str], body: bytes) -> Answer | File:
        """Answer a call of a session's address; the file comes back when it is complete.

        Raises:
            GraphError: A token was sent, the session is unknown, or the chunk is not the one expected.
        """
        if "authorization" in headers:
            raise GraphError(
                401,
                "unauthenticated",
                "The upload address carries its own permission; send no Authorization.",
            )
        session = self._open.get(key)
        if session is None:
            raise GraphError(404, "itemNotFound", "The upload session was not found")
        if method == "GET":
            return Answer(session.state())
        if method == "DELETE":
            del self._open[key]
            return Answer(None, 204)
        return self._chunk(key, session, headers.get("content-range", ""), body)

    def _chunk(self, key: str, session: Session, content_range: str, body: bytes) -> Answer | File:
        found = _RANGE.fullmatch(content_range)
        if found is None or int(found[2]) - int(found[1]) + 1 != len(body):
            raise bad("The Content-Range header is missing or malformed.")
        first, last, total = (int(part) for part in found.groups())
        final = last + 1 == total
        if len(body) >= LARGEST or (not final and len(body) % UNIT):
            raise bad("Each fragment must be a multiple of 320 KiB and less than 60 MiB.")
        if first != len(session.content) or total != (session.total or total):
            raise GraphError(
                416,
                "invalidRange",
                "The uploaded fragment overlaps with data that has already been received.",
            )
        session.total = total
        session.content += body
        if not final:
            return Answer(session.state(), 202)
        check_writable(self._drive, session.path, session.if_match, session.behaviour)
        del self._open[key]
        file, _ = self._drive.put(session.path, bytes(session.content))
        return file
