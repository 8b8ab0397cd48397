"""Calling Azure DevOps: versions of its interface, paths, bodies. Everything it is asked is a read.

Paths are built from the configured address. Links in answers name projects by id and may name another
host, so they are never followed: only the token in a `nextLink` is read.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from connectors.base import Json
from connectors.errors import MisconfiguredSource
from connectors.http import ATTEMPTS, Answer, Http, HttpError

MOST_PAGES: Final = 100_000  # a guard against servers that page for ever
BAD_REQUEST: Final = 400


def decoded(body: bytes) -> Any:
    """Parse a body; some of them begin with a byte order mark.

    Raises:
        ValueError: It is not JSON.
    """
    return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))


def content(answer: Answer) -> Any:
    """Parse an answer, explaining one that is not JSON."""
    try:
        return decoded(answer.content)
    except ValueError:
        return answer.json()


def quoted(value: str) -> str:
    """Write a string as WIQL does: in single quotes, a quote inside doubled."""
    return "'" + value.replace("'", "''") + "'"


class Calls:
    """One organisation or collection, and how to talk to it."""

    def __init__(self, http: Http, *, version: str, connections: int) -> None:
        self.http = http
        self.source = http.source
        self.base_url = http.base_url
        self.version = version
        self.connections = connections
        self._preview: set[str] = set()  # kinds of call that exist only as a preview on this server

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        kind: str | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """GET a path; `kind` names the sort of call, for those that are previews on some servers."""

        def call(version: str) -> Answer:
            return self.http.get(path, params={**(params or {}), "api-version": version}, attempts=attempts)

        return self._versioned(kind or path, call)

    def post(
        self, path: str, body: Json, params: Mapping[str, Any] | None = None, *, attempts: int = ATTEMPTS
    ) -> Answer:
        """POST a question."""

        def call(version: str) -> Answer:
            asked = {**(params or {}), "api-version": version}
            return self.http.post(path, body, params=asked, attempts=attempts)

        return self._versioned(path, call)

    def _versioned(self, kind: str, call: Callable[[str], Answer]) -> Answer:
        version = f"{self.version}-preview" if kind in self._preview else self.version
        try:
            return call(version)
        except HttpError as error:
            # Another thread may have learned it meanwhile: what counts is how this one asked.
            if error.status == BAD_REQUEST and b"-preview" in error.body and version == self.version:
                self._preview.add(kind)
                return self._versioned(kind, call)
            if b"VersionOutOfRange" in error.body:
                raise MisconfiguredSource(
                    f"this server is too old for version {self.version} of the interface. Set api_version to "
                    "'7.0' (Server 2022), '6.0' (Server 2020), '5.1' or '5.0' (Server 2019).",
                    source=self.source,
                ) from None
            raise

    def loops(self, path: str) -> MisconfiguredSource:
        """Return the failure of a list that never ends."""
        return MisconfiguredSource(
            f"{self.base_url}{path} gives the same page again and again. Something between Muster and Azure "
            "DevOps, such as a proxy, changes its answers.",
            source=self.source,
        )


def rows_of(body: Any) -> list[Json]:
    """Take the rows out of the usual envelope."""
    rows = body.get("value") if isinstance(body, dict) else body
    return [row for row in rows or () if isinstance(row, dict)]


def in_path(name: str) -> str:
    """Write a name as a part of a path."""
    return quote(name, safe="")


def below(project: str | None, path: str) -> str:
    """Write a path of one project, or of the whole organisation."""
    return path if project is None else f"/{in_path(project)}{path}"
