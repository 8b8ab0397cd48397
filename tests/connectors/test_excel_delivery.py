"""Workbooks put where their people look for them: on SharePoint by an upload session, or into a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from connectors.errors import AccessDenied, SliceUnreadable, SourceUnavailable
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from connectors.excel.delivery import ChangedThere
from connectors.excel.upload import CHUNK
from sandbox.options import App
from tests.support.asgi import InProcess
from tests.support.sharepoint_sandbox import HOST, control, fresh, token

PLACE = "/Reports/2025-06/PORTAL.xlsx"
Bend = Callable[[httpx.Request], httpx.Response | None]


class Bearer(httpx.Auth):
    def __init__(self, app: App) -> None:
        self._token = token(app).json()["access_token"]

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Bent(httpx.BaseTransport):
    """The sandbox, but for the requests that a test answers itself."""

    def __init__(self, app: App, bend: Bend) -> None:
        self._inner, self._bend = InProcess(app), bend
        self.seen: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        bent = self._bend(request)
        return bent if bent is not None else self._inner.handle_request(request)


def library(app: App, bend: Bend = lambda _: None) -> tuple[Excel, Bent]:
    transport = Bent(app, bend)
    config = ExcelConfig.model_validate({
        "auth": {"type": "entra", "tenant": "contoso.example", "client_id": "c", "client_secret": "s"},
        "graph_url": f"{HOST}/v1.0", "site": "contoso.sharepoint.example:/sites/pmo",
        "workbooks": [{"path": "/x.xlsx", "holds": "projects"}],
    })  # fmt: skip
    return Excel(
        config, source="pmo", transport=transport, token=Bearer(app), sleep=lambda _: None
    ), transport


@pytest.fixture
def app(tmp_path: Path) -> App:
    return fresh(tmp=tmp_path)


def test_a_workbook_goes_up_in_chunks_without_our_token_and_comes_back_whole(app: App) -> None:
    excel, transport = library(app)
    body = bytes(range(256)) * (CHUNK // 256) + b"the rest"
    put = excel.put(PLACE, body, None)
    assert put.url is not None
    chunks = [request for request in transport.seen if request.method == "PUT"]
    assert len(chunks) == 2
    assert not any("authorization" in request.headers for request in chunks)
    back = excel.back(PLACE, None)
    assert back is not None
    assert back.body == body
    assert excel.back(PLACE, put.position) is None


def test_what_was_sent_is_replaced_while_nobody_changed_it_and_never_after(app: App) -> None:
    excel, _ = library(app)
    first = excel.put(PLACE, b"first", None)
    second = excel.put(PLACE, b"second", first.position)
    control(app, "edit", {"path": PLACE, "content": "dGhlaXJz"})
    with pytest.raises(ChangedThere, match="was changed since it was sent; it was left as it is"):
        excel.put(PLACE, b"third", second.position)
    back = excel.back(PLACE, second.position)
    assert back is not None
    assert back.body == b"theirs"


def test_somebody_who_saves_during_the_upload_is_not_written_over(app: App) -> None:
    excel, _ = library(app)
    first = excel.put(PLACE, b"first", None)

    def save_meanwhile(request: httpx.Request) -> None:
        if request.method == "PUT":
            control(app, "edit", {"path": PLACE, "content": "dGhlaXJz"})

    busy, _ = library(app, save_meanwhile)
    with pytest.raises(ChangedThere):
        busy.put(PLACE, b"second", first.position)
    back = excel.back(PLACE, None)
    assert back is not None
    assert back.body == b"theirs"


def test_a_file_that_was_not_sent_from_here_is_left_alone(app: App) -> None:
    excel, _ = library(app)
    with pytest.raises(ChangedThere, match="is there already and was not sent from here"):
        excel.put("/Programme/register.xlsx", b"ours", None)


def test_a_broken_upload_goes_on_where_it_stopped(app: App) -> None:
    failures = iter([httpx.Response(503), None, httpx.Response(503), None])
    body = b"x" * (2 * CHUNK + 5)

    def bend(request: httpx.Request) -> httpx.Response | None:
        return next(failures, None) if request.method == "PUT" else None

    excel, transport = library(app, bend)
    excel.put(PLACE, body, None)
    asked = [
        request.headers["content-range"].split("/")[0]
        for request in transport.seen
        if request.method == "PUT"
    ]
    assert asked.count(f"bytes 0-{CHUNK - 1}") == 2
    back = excel.back(PLACE, None)
    assert back is not None
    assert back.body == body


def test_a_session_that_ended_is_begun_anew(app: App) -> None:
    gone = iter([httpx.Response(404, json={"error": {"code": "itemNotFound"}})])
    excel, transport = library(app, lambda request: next(gone, None) if request.method == "PUT" else None)
    excel.put(PLACE, b"body", None)
    assert sum("createUploadSession" in str(request.url) for request in transport.seen) == 2


def test_a_locked_file_a_missing_right_and_a_dead_host_are_said_in_words(app: App) -> None:
    excel, _ = library(app)
    put = excel.put(PLACE, b"first", None)
    control(app, "edit", {"path": PLACE, "lock": True})
    with pytest.raises(SliceUnreadable, match="is locked: somebody has it checked out"):
        excel.put(PLACE, b"second", put.position)
    denied, _ = library(
        app,
        lambda request: httpx.Response(403, json={}) if "createUploadSession" in str(request.url) else None,
    )
    with pytest.raises(AccessDenied, match="grant it write on the site"):
        denied.put("/Reports/other.xlsx", b"x", None)
    dead, transport = library(app, lambda request: httpx.Response(503) if request.method == "PUT" else None)
    with pytest.raises(SourceUnavailable, match="could not be uploaded: HTTP 503") as raised:
        dead.put("/Reports/third.xlsx", b"x", None)
    secret = next(str(request.url) for request in transport.seen if request.method == "PUT")
    assert secret not in str(raised.value)
    assert "tempauth" not in str(raised.value)


def test_a_folder_keeps_the_same_promises(tmp_path: Path) -> None:
    config = ExcelConfig.model_validate(
        {"folder": str(tmp_path), "workbooks": [{"path": "x.xlsx", "holds": "projects"}]}
    )
    excel = Excel(config, source="share")
    first = excel.put("2025-06/PORTAL.xlsx", b"first", None)
    second = excel.put("2025-06/PORTAL.xlsx", b"second", first.position)
    assert excel.back("2025-06/PORTAL.xlsx", second.position) is None
    (tmp_path / "2025-06/PORTAL.xlsx").write_bytes(b"theirs")
    with pytest.raises(ChangedThere, match="Take it back first"):
        excel.put("2025-06/PORTAL.xlsx", b"third", second.position)
    (tmp_path / "other.xlsx").write_bytes(b"not ours")
    with pytest.raises(ChangedThere, match="was not sent from here"):
        excel.put("other.xlsx", b"ours", None)
    (tmp_path / "out").symlink_to(tmp_path.parent)
    with pytest.raises(SliceUnreadable, match="outside the folder"):
        excel.put("out/x.xlsx", b"x", None)
    assert sorted(path.name for path in tmp_path.rglob("*.tmp")) == []
