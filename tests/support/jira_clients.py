"""Signed-in clients of the sandbox Jiras."""

from datetime import date
from typing import Any, Final

import httpx

from tests.support.sandboxes import PLAIN, Sandbox

ANCHOR: Final = date(2026, 11, 20)
TOKEN, PAT = "sandbox-token", "sandbox-pat"


def cloud(sandbox: Sandbox, *, token: str = TOKEN) -> httpx.Client:
    """A client of Jira Cloud."""
    auth = ("sync@example.com", token)
    return httpx.Client(base_url=sandbox.url, auth=auth, trust_env=False, timeout=30, verify=PLAIN)


def server(sandbox: Sandbox, *, token: str = PAT) -> httpx.Client:
    """A client of Jira Data Center, below its context path."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(
        base_url=f"{sandbox.url}/jira", headers=headers, trust_env=False, timeout=30, verify=PLAIN
    )


def search(client: httpx.Client, jql: str, **more: Any) -> dict[str, Any]:
    """One page of Cloud's search; anything but 200 is a failure."""
    answer = client.post("/rest/api/3/search/jql", json={"jql": jql, **more})
    assert answer.status_code == httpx.codes.OK, answer.text
    page: dict[str, Any] = answer.json()
    return page


def search_all(client: httpx.Client, jql: str, **more: Any) -> list[list[dict[str, Any]]]:
    """All pages of Cloud's search."""
    pages: list[list[dict[str, Any]]] = []
    token: dict[str, str] = {}
    while True:
        page = search(client, jql, **more, **token)
        pages.append(page["issues"])
        if page["isLast"]:
            assert "nextPageToken" not in page
            return pages
        token = {"nextPageToken": page["nextPageToken"]}


def whole(client: httpx.Client, *keys: str, fields: tuple[str, ...] = ("*all",)) -> list[dict[str, Any]]:
    """Issues with their changelog, through Cloud's bulk fetch."""
    body = {"issueIdsOrKeys": list(keys), "fields": list(fields), "expand": ["changelog"]}
    answer = client.post("/rest/api/3/issue/bulkfetch", json=body)
    assert answer.status_code == httpx.codes.OK, answer.text
    issues: list[dict[str, Any]] = answer.json()["issues"]
    return issues
