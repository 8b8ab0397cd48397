"""The sandbox's SharePoint in this process, and how tests speak to it."""

from datetime import date
from typing import Any

import httpx

from sandbox import workbooks
from sandbox.options import App
from sandbox.sharepoint.app import FOLDER, SharePoint
from sandbox.sharepoint.authority import SECRET
from sandbox.sharepoint.drive import DRIVE_ID, Drive
from tests.support.asgi import InProcess

ANCHOR = date(2026, 3, 2)
HOST = "https://127.0.0.1:8443"
DRIVE = f"/drives/{DRIVE_ID}"
REGISTER = f"{DRIVE}/root:/Programme/register.xlsx"


def fresh(clock: date = ANCHOR, tmp: Any = None) -> App:
    """Return a site of this test's own; without TLS, so without certificates."""

    def content(day: date) -> dict[str, bytes]:
        return {f"{FOLDER}/{name}": data for name, data in workbooks.library(ANCHOR, day).items()}

    return SharePoint(Drive(content, ANCHOR, clock), 8443, tmp)


def token(app: App, *, secret: str = SECRET, tenant: str = "contoso.example", **form: str) -> httpx.Response:
    """Ask the authority for a token."""
    given = {
        "grant_type": "client_credentials", "client_id": "muster-sandbox", "client_secret": secret,
        "scope": "https://graph.microsoft.com/.default", **form,
    }  # fmt: skip
    with plain(app) as calling:
        return calling.post(f"/{tenant}/oauth2/v2.0/token", data=given)


def plain(app: App) -> httpx.Client:
    """Return a client without a token."""
    return httpx.Client(base_url=HOST, transport=InProcess(app))


def client(app: App) -> httpx.Client:
    """Return a client of Graph that is signed in."""
    bearer = token(app).json()["access_token"]
    return httpx.Client(
        base_url=f"{HOST}/v1.0", transport=InProcess(app), headers={"Authorization": f"Bearer {bearer}"}
    )


def control(app: App, what: str, body: Any = None) -> Any:
    """Call `/_sandbox/{what}`."""
    with plain(app) as calling:
        answer = calling.request("GET" if body is None else "POST", f"/_sandbox/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
