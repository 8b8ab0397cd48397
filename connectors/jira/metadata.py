"""Jira's metadata through the `jira` package, carried by our own HTTP.

The package knows the calls; time-outs, retries, the limiter, certificates, proxies and redaction stay those of
`connectors.http`, because every request it makes goes through `_Carrier`. It is used for single answers only: its
paging loses records.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from jira import JIRA
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from connectors.base import Json
from connectors.http import Http


class _Carrier(BaseAdapter):
    """A requests adapter that hands each request to `Http` and its answer back. Failures are ours."""

    def __init__(self, http: Http) -> None:
        super().__init__()
        self._http = http

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a read."""
        del stream, timeout, verify, cert, proxies
        if request.method != "GET" or request.url is None:
            raise requests.exceptions.InvalidSchema("only reads go this way", request=request)
        answer = self._http.get(request.url)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers.items())
        response.headers.pop("content-encoding", None)  # the body is unpacked already
        response._content = answer.content  # noqa: SLF001 - requests offers no other way to build an answer
        response.encoding = "utf-8"
        response.url = request.url
        response.request = request
        answer.json()  # a sign-in page is told from data here, in our words
        return response

    def close(self) -> None:
        """Nothing of its own to close."""


class Metadata:
    """Single answers about a site: fields, types, statuses, who we are."""

    def __init__(self, http: Http, version: str) -> None:
        parts = urlsplit(http.base_url)
        self._jira = JIRA(
            options={"server": http.base_url, "rest_api_version": version, "headers": {}},
            get_server_info=False,
            max_retries=0,
            timeout=60,
        )
        session = self._jira._session  # noqa: SLF001 - the package offers no way to hand a session in
        session.trust_env = False
        session.mount(f"{parts.scheme}://", _Carrier(http))

    def fields(self) -> list[Json]:
        """List the fields that some screen shows this account."""
        return self._jira.fields()

    def statuses(self) -> list[Json]:
        """List all statuses, each with its category."""
        return [status.raw for status in self._jira.statuses()]

    def issue_types(self) -> list[Json]:
        """List all types of issue."""
        return [kind.raw for kind in self._jira.issue_types()]

    def may_browse(self, key: str) -> bool:
        """Say whether the account may read a project's issues."""
        found = self._jira.my_permissions(projectKey=key, permissions="BROWSE_PROJECTS")
        return bool(found.get("permissions", {}).get("BROWSE_PROJECTS", {}).get("havePermission", True))

    def close(self) -> None:
        """Give the package's session back."""
        self._jira.close()  # type: ignore[no-untyped-call]  # the package left this one untyped
