"""The sandbox's Azure DevOps in this process, and how tests speak to it."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from sandbox.ado import create
from sandbox.options import App, Options
from tests.support.asgi import InProcess

ANCHOR = date(2026, 3, 2)
SERVER = "tfs/DefaultCollection"


def fresh(clock: date = ANCHOR, issues: int | None = None, recorded: Path | None = None) -> App:
    """Return an organisation of this test's own."""
    app, _ = create(Options("ado", ANCHOR, clock, issues=issues, recorded=recorded))
    return app


@cache
def shared_organisation() -> App:
    """Return the organisation of tests that only read."""
    return fresh()


def client(app: App | None = None, organisation: str = "contoso", **options: Any) -> httpx.Client:
    """Return a client that is signed in."""
    return httpx.Client(
        base_url=f"http://ado.test/{organisation}",
        transport=InProcess(app or shared_organisation()),
        auth=options.pop("auth", ("", "sandbox-pat")),
        params={"api-version": "7.1"},
        **options,
    )


def control(app: App, what: str, body: Any = None) -> Any:
    """Call `/_sandbox/{what}`."""
    with httpx.Client(base_url="http://ado.test", transport=InProcess(app)) as calling:
        answer = calling.request("GET" if body is None else "POST", f"/_sandbox/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def batches(
    calling: httpx.Client, path: str, token: str | None = None, **params: Any
) -> Iterator[dict[str, Any]]:
    """Yield the batches of a reporting feed until its last."""
    while True:
        more = {"continuationToken": token} if token else {}
        answer = calling.get(path, params={"api-version": "7.1", **params, **more})
        assert answer.status_code == 200, answer.text
        batch = answer.json()
        yield batch
        token = batch["continuationToken"]
        params.pop("startDateTime", None)
        if batch["isLastBatch"]:
            return


def edit(app: App, **wanted: Any) -> Any:
    """Change something by hand."""
    return control(app, "edit", wanted)
