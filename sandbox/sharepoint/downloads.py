"""Pre-authenticated downloads: an address on another host that runs out, and refuses a token."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Final

from sandbox.sharepoint.answers import Answer
from sandbox.sharepoint.drive import Drive, File

_KEY: Final = b"a download address is a credential, even here"
_PATH: Final = "/sites/pmo/_layouts/15/download.aspx"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Downloads:
    """Makes and honours download addresses; they live `lifetime_s` seconds."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self.lifetime_s = 180

    @staticmethod
    def is_one(path: str) -> bool:
        """Say whether a path is a download's."""
        return path == _PATH

    def url(self, root: str, file: File) -> str:
        """Return an address for a file's present content."""
        expires = int(time.time()) + self.lifetime_s
        return f"{root}{_PATH}?UniqueId={file.id}&Translate=false&tempauth=v1.{expires}.{self._sign(file.id, expires)}"

    @staticmethod
    def _sign(key: str, expires: int) -> str:
        return hmac.new(_KEY, f"{key}.{expires}".encode(), hashlib.sha256).hexdigest()

    def answer(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Return the content, whole or the range asked for; 401 with a token, or too late."""
        if "authorization" in headers:
            return Answer(
                b"401 UNAUTHORIZED", 401, {"Content-Type": "text/plain", "WWW-Authenticate": "Bearer"}
            )
        version, _, rest = query.get("tempauth", "").partition(".")
        expires, _, signature = rest.partition(".")
        key = query.get("UniqueId", "")
        valid = (
            version == "v1"
            and expires.isdigit()
            and hmac.compare_digest(signature, self._sign(key, int(expires)))
        )
        if not valid or int(expires) <= time.time():
            return Answer(b"401 UNAUTHORIZED", 401, {"Content-Type": "text/plain"})
        file = self._drive.by_id(key)
        if file is None:
            return Answer(b"404 FILE NOT FOUND", 404, {"Content-Type": "text/plain"})
        content = self._drive.read(file)
        if file.waiting:  # somebody saves it while we send what it was
            self._drive.put(file.path, file.waiting.pop(0))
        own = {"Content-Type": file.mime, "ETag": self._drive.e_tag(file), "Accept-Ranges": "bytes"}
        wanted = _RANGE.fullmatch(headers.get("range", ""))
        if wanted is None:
            return Answer(content, 200, own)
        first, last = int(wanted[1]), min(int(wanted[2] or len(content) - 1), len(content) - 1)
        if first > last:
            return Answer(b"", 416, {"Content-Range": f"bytes */{len(content)}"})
        own["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Answer(content[first : last + 1], 206, own)
