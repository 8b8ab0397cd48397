"""Sign a client in as a browser does: by the forms that are shown, with their tokens."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.testclient import TestClient

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def form_token(visitor: TestClient, page: str = "/sign-in") -> str:
    """Return the token of the forms on a page."""
    found = _TOKEN.search(visitor.get(page, headers={"Accept": "text/html"}).text)
    assert found is not None, f"no form on {page}"
    return found.group(1)


def post_form(
    visitor: TestClient, page: str, path: str, *, headers: Mapping[str, str] | None = None, **fields: str
) -> Any:
    """Post a form that is shown on a page."""
    token = form_token(visitor, page)
    return visitor.post(path, data={"csrf": token, **fields}, headers=headers)


def sign_in(
    visitor: TestClient, token: str, going: str = "/", *, headers: Mapping[str, str] | None = None
) -> Any:
    """Sign in by a pasted token."""
    fields = {"token": token, "next": going}
    return post_form(visitor, "/sign-in", "/sign-in", headers=headers, **fields)


def follow(visitor: TestClient, link: str) -> Any:
    """Open a one-time link and confirm it."""
    parts = urlsplit(link)
    page = f"{parts.path}?{parts.query}"
    return post_form(visitor, page, "/sign-in/link", ticket=parts.query.removeprefix("token="))
