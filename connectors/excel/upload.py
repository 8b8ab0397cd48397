"""Uploads to SharePoint by an upload session (Graph: driveItem createUploadSession).

The session is asked for with our rights and with If-Match; the bytes go to an address that is a credential of
its own and wants no token.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson

from connectors.base import Json, Traffic
from connectors.body import read_whole
from connectors.errors import AccessDenied, SliceUnreadable, SourceUnavailable
from connectors.excel.delivery import Delivered, changed
from connectors.excel.download import HEADERS
from connectors.http import Http, HttpDenied, HttpError
from connectors.pace import LONGEST_PAUSE_S, seconds_asked
from connectors.spending import count, set_out
from connectors.stopping import check_stopping

CHUNK: Final = 16 * 320 * 1024  # Graph takes multiples of 320 KiB, and under 60 MiB
GRANT: Final = "Give the app registration Sites.Selected and grant it write on the site (docs: Workbooks)"
_TRIES: Final = 5
_CHANGED: Final = frozenset({409, 412})
_DONE: Final = frozenset({200, 201})
_SLOW: Final = frozenset({408, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({404, 410})
_ANSWER: Final = 1024 * 1024
_EXTENSIONS: Final = {"timeout": httpx.Timeout(120.0, connect=10.0).as_dict()}


class Uploads:
    """Upload sessions of one site's libraries."""

    def __init__(
        self,
        http: Http,
        transport: httpx.BaseTransport,
        *,
        source: str,
        traffic: Traffic,
        sleep: Callable[[float], None],
    ) -> None:
        self._http, self._transport = http, transport
        self._source, self._traffic, self._sleep = source, traffic, sleep

    def put(self, drive: str, path: str, body: bytes, known: Json | None) -> Delivered:
        """Upload a file; folders on its way are made by Graph.

        Raises:
            ChangedThere: It is there, and is not the one `known` stands for.
            AccessDenied: The application may not write there.
            SliceUnreadable: It is locked or cannot be stored.
            SourceUnavailable: SharePoint goes on failing.
        """
        label = path.strip("/")
        for _ in range(_TRIES):
            item = self._send(self._session(drive, label, known), body, label, known)
            if item is not None:
                return self._settled(drive, item)
        raise SourceUnavailable(
            f"{label} could not be uploaded: each session ended early; try again later", source=self._source
        )

    def _session(self, drive: str, label: str, known: Json | None) -> str:
        """Ask for the address that takes the bytes."""
        tag = (known or {}).get("ctag")
        behaviour = "replace" if tag else "fail"
        where = "/".join(quote(part, safe="") for part in label.split("/"))
        try:
            answer = self._http.post(
                f"/drives/{drive}/root:/{where}:/createUploadSession",
                {"item": {"@microsoft.graph.conflictBehavior": behaviour}},
                headers={"If-Match": tag} if tag else None,
            )
        except HttpDenied as denied:
            words = f"{label}: it may not be written (HTTP {denied.status}). {GRANT}"
            raise AccessDenied(words, source=self._source) from denied
        except HttpError as error:
            raise self._refusal(label, error.status, known) from error
        return str(answer.json()["uploadUrl"])

    def _send(self, address: str, body: bytes, label: str, known: Json | None) -> Json | None:
        """Send what is still missing until the item comes back; None when the session is gone."""
        at, failures, why = 0, 0, "no answer"
        while failures < _TRIES:
            check_stopping()
            last = min(at + CHUNK, len(body)) - 1
            headers = {
                "Content-Range": f"bytes {at}-{last}/{len(body)}",
                "Content-Length": str(last - at + 1),
            }
            status, answer, wait = self._ask("PUT", address, headers, body[at : last + 1])
            if status in _DONE:
                return answer
            if status == httpx.codes.ACCEPTED:
                at, failures = _expected(answer, last + 1), 0
            elif status in _GONE:
                return None
            elif status is None or status in _SLOW or status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                failures, why = failures + 1, f"HTTP {status}" if status else "no connection"
                self._pause(wait if wait is not None else float(2**failures), label)
                _, state, _ = self._ask("GET", address, {}, b"")
                at = _expected(state, at)
            else:
                raise self._refusal(label, status, known)
        raise SourceUnavailable(f"{label} could not be uploaded: {why}; try again later", source=self._source)

    def _ask(
        self, method: str, address: str, headers: dict[str, str], content: bytes
    ) -> tuple[int | None, Json, float | None]:
        """Call the session's address, which is never logged or quoted; a status of None: nobody answered."""
        set_out(self._traffic, self._source)
        try:
            request = httpx.Request(
                method, address, headers={**HEADERS, **headers}, content=content, extensions=_EXTENSIONS
            )
            with closing(self._transport.handle_request(request)) as response:
                response.request = request
                said = read_whole(response, source=self._source, most=_ANSWER, seconds=120.0)
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL):
            return None, {}, None
        finally:
            count(self._traffic, requests=1)
        try:
            answer = orjson.loads(said) if said else {}
        except orjson.JSONDecodeError:
            answer = {}
        return response.status_code, answer, seconds_asked(response.headers)

    def _settled(self, drive: str, item: Json) -> Delivered:
        """Return the file's tags as they are now: SharePoint may have written into it what its library says of it."""
        key = str(item["id"])
        with suppress(HttpError):
            item = self._http.get(f"/drives/{drive}/items/{key}", {"$select": "id,cTag,eTag,webUrl"}).json()
        position: dict[str, Any] = {
            "drive": drive, "item": key, "ctag": item.get("cTag"), "etag": item.get("eTag"),
        }  # fmt: skip
        return Delivered(position, item.get("webUrl"))

    def _pause(self, seconds: float, label: str) -> None:
        if seconds > LONGEST_PAUSE_S:
            raise SourceUnavailable(
                f"{label}: SharePoint limits us and wants no request for {seconds:.0f} seconds",
                source=self._source, retry_after_s=seconds,
            )  # fmt: skip
        count(self._traffic, retries=1, waited_s=seconds)
        self._sleep(seconds)

    def _refusal(self, label: str, status: int | None, known: Json | None) -> SliceUnreadable:
        if status in _CHANGED:
            return changed(label, known, self._source)
        words = {
            423: "is locked: somebody has it checked out or open exclusively; send again later",
            507: "does not fit: the site has no room left",
        }.get(status or 0, f"could not be stored (HTTP {status})")
        return SliceUnreadable(words, source=self._source, slice_=label)


def _expected(answer: Json, otherwise: int) -> int:
    """Return from which byte on the session wants more."""
    ranges = answer.get("nextExpectedRanges") or []
    first = str(ranges[0]).partition("-")[0] if ranges else ""
    return int(first) if first.isdigit() else otherwise
