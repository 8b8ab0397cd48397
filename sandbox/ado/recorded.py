"""Recorded answers out of a folder: each file a request's address and its response."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from sandbox.ado.calls import Answer, ApiError

# An organisation's own address: everything before the project or the _apis.
_ORGANISATION = re.compile(r"^https?://[^/]+(?:/(?!_apis)[^/]+)?")


class Recorded:
    """Answers by method, path below the organisation, and query; the version asked for doesn't matter."""

    def __init__(self, folder: Path) -> None:
        self._held: dict[tuple[str, str], list[tuple[dict[str, str], Any, int]]] = {}
        for file in sorted(folder.rglob("*.json")):
            self._read(file)

    def _read(self, file: Path) -> None:
        document = orjson.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        if not isinstance(document, dict):
            return
        address = document.get("x-ms-vss-request-url") or (document.get("request") or {}).get("url")
        responses = document.get("responses") or {"200": document.get("response") or {}}
        if not address or not responses:
            return
        status, response = next(iter(responses.items()))
        method = file.name.partition("_")[0].upper()
        url = urlsplit(str(address).strip())
        path = _ORGANISATION.sub("", f"{url.scheme}://{url.netloc}{url.path}").rstrip("/")
        body = response.get("body") if isinstance(response, dict) else None
        key = ({"LIST": "GET"}.get(method, method), unquote(path).lower())
        held = self._held.setdefault(key, [])
        held.append((_told(dict(parse_qsl(url.query))), body, int(status) if str(status).isdigit() else 200))

    def answer(self, method: str, path: str, query: dict[str, str]) -> Answer:
        """Return the recording whose query is nearest.

        Raises:
            ApiError: There is none of this path.
        """
        held = self._held.get((method, unquote(path).lower().rstrip("/")))
        if not held:
            raise ApiError(404, "VssServiceException", f"Nothing was recorded for {method} {path}.")
        wanted = _told(query).items()
        _, body, status = max(
            held, key=lambda one: len(one[0].items() & wanted) - len(one[0].items() ^ wanted)
        )
        if isinstance(body, list):  # older recordings left the envelope out
            body = {"count": len(body), "value": body}
        return Answer(body, status)


def _told(query: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in query.items() if name.lower() != "api-version"}
