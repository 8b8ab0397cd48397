"""SharePoint by a Graph of a few lines: each test bends one answer."""

import base64
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connectors.base import Page
from connectors.errors import AccessDenied, MisconfiguredSource, SliceUnreadable, SourceUnavailable
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from tests.support.workbooks import xlsx

ROWS = [["Project ID", "Project name"], ["APO", "Apollo"]]
TICKET = "tempauth=very-secret"


class Bearer(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["Authorization"] = "Bearer t"
        yield request


class Graph:
    """One site, one library, one workbook; `bend` may answer a request otherwise."""

    def __init__(self) -> None:
        self.body = xlsx(ROWS)
        self.ctag = "c:1"
        self.name = "register.xlsx"
        self.seen: list[httpx.Request] = []
        self.bend: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        self.ids = ["item-1"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if (bent := self.bend(request)) is not None:
            return bent
        if request.url.host == "files.example":
            if "Authorization" in request.headers:
                return httpx.Response(401)
            return httpx.Response(200, content=self.body)
        if "Authorization" not in request.headers:
            return httpx.Response(401)
        return self.graph(request.url.path.removeprefix("/v1.0"))

    def graph(self, path: str) -> httpx.Response:
        known = [f"/drives/drive-1/items/{key}" for key in self.ids]
        answers: dict[str, dict[str, Any]] = {
            "/sites/contoso.example:/sites/pmo": {"id": "site-1", "displayName": "PMO"},
            "/sites/site-1/drive": {"id": "drive-1"},
            "/sites/site-1/drives": {"value": [{"id": "drive-2", "name": "Plans"}]},
            "/drives/drive-1/root:/Programme:/children": {
                "value": [{"name": "raid.xlsx"}, {"name": "register.xlsx"}]
            },
            **dict.fromkeys([*known, "/drives/drive-1/root:/Programme/register.xlsx"], self.item()),
        }
        if path.endswith("/content"):
            return httpx.Response(302, headers={"Location": f"https://files.example/download?{TICKET}"})
        if path in answers or path.startswith("/shares/u!"):
            return httpx.Response(200, json=answers.get(path, self.item()))
        return httpx.Response(404, json={"error": {"code": "itemNotFound", "message": "gone"}})

    def item(self) -> dict[str, Any]:
        return {
            "id": self.ids[-1],
            "name": self.name,
            "size": len(self.body),
            "cTag": self.ctag,
            "eTag": "e:1",
            "webUrl": "https://contoso.example/register.xlsx",
            "file": {},
            "parentReference": {"driveId": "drive-1"},
        }

    def downloads(self) -> list[httpx.Request]:
        return [request for request in self.seen if request.url.host == "files.example"]


def excel(graph: Graph, slept: list[float] | None = None, **workbook: Any) -> Excel:
    chosen = {"path": "/Programme/register.xlsx", "holds": "projects", **workbook}
    config = ExcelConfig.model_validate(
        {
            "auth": {"type": "entra", "tenant": "t", "client_id": "c", "client_secret": "s"},
            "site": "contoso.example:/sites/pmo",
            "workbooks": [{key: value for key, value in chosen.items() if value is not None}],
        }
    )
    sleep = (slept if slept is not None else []).append
    return Excel(config, source="pmo", transport=httpx.MockTransport(graph), token=Bearer(), sleep=sleep)


def pull(connector: Excel, cursor: dict[str, Any] | None = None) -> list[Page]:
    [sheets] = connector.streams({}, [])
    [slice_] = sheets.slices()
    return list(sheets.pull(slice_, cursor))


def once(answer: httpx.Response, match: str) -> Callable[[httpx.Request], httpx.Response | None]:
    left = [answer]
    return lambda request: left.pop() if left and match in str(request.url) else None


def always(
    answer: Callable[[], httpx.Response], match: str
) -> Callable[[httpx.Request], httpx.Response | None]:
    return lambda request: answer() if match in str(request.url) else None


def test_a_workbook_is_found_by_path_and_downloaded_without_our_token() -> None:
    graph = Graph()
    connector = excel(graph)

    [page] = pull(connector)

    assert page.parts[1].body == graph.body
    assert page.cursor is not None
    assert (page.cursor["drive"], page.cursor["item"], page.cursor["ctag"]) == ("drive-1", "item-1", "c:1")
    [download] = graph.downloads()
    assert "Authorization" not in download.headers
    [record] = connector.streams({}, [])[0].read(page.parts)
    assert record.url == "https://contoso.example/register.xlsx"


def test_the_pre_authenticated_address_is_never_written_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    graph = Graph()

    [page] = pull(excel(graph))

    assert TICKET not in repr([part.request for part in page.parts])
    assert TICKET not in repr(page.cursor)
    assert TICKET not in caplog.text


def test_an_unchanged_content_tag_costs_one_request_and_gives_no_page() -> None:
    graph = Graph()
    [page] = pull(excel(graph))
    graph.seen.clear()

    assert pull(excel(graph), page.cursor) == []
    assert [request.url.path for request in graph.seen] == ["/v1.0/drives/drive-1/items/item-1"]


def test_a_moved_content_tag_gives_a_new_page() -> None:
    graph = Graph()
    [page] = pull(excel(graph))
    graph.ctag, graph.body = "c:2", xlsx([*ROWS, ["BEL", "Bellona"]])

    [again] = pull(excel(graph), page.cursor)

    assert again.said == 2


def test_a_file_deleted_and_uploaded_anew_is_found_by_its_path() -> None:
    graph = Graph()
    [page] = pull(excel(graph))
    graph.ids = ["item-2"]

    [again] = pull(excel(graph), page.cursor)

    assert again.cursor is not None
    assert again.cursor["item"] == "item-2"


def test_a_file_saved_while_it_is_downloaded_is_downloaded_again() -> None:
    graph = Graph()

    def save_meanwhile(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "files.example" and graph.ctag == "c:1":
            graph.ctag = "c:2"
        return None

    graph.bend = save_meanwhile

    [page] = pull(excel(graph))

    assert page.cursor is not None
    assert page.cursor["ctag"] == "c:2"
    assert len(graph.downloads()) == 2


def test_an_expired_address_is_asked_for_again() -> None:
    graph = Graph()
    graph.bend = once(httpx.Response(401), "files.example")

    assert len(pull(excel(graph))) == 1


def test_a_throttled_download_waits_as_long_as_it_is_told() -> None:
    graph, slept = Graph(), list[float]()
    graph.bend = once(httpx.Response(429, headers={"Retry-After": "7"}), "files.example")

    assert len(pull(excel(graph, slept))) == 1
    assert slept == [7.0]


def test_a_download_that_stays_unavailable_is_the_source_being_down_and_its_address_is_not_told() -> None:
    graph = Graph()
    graph.bend = always(lambda: httpx.Response(503), "files.example")

    with pytest.raises(
        SourceUnavailable, match=r"Programme/register\.xlsx could not be downloaded: HTTP 503"
    ) as caught:
        pull(excel(graph))

    assert TICKET not in str(caught.value)


def test_a_very_long_throttle_is_given_back_to_the_schedule() -> None:
    graph = Graph()
    graph.bend = always(lambda: httpx.Response(503, headers={"Retry-After": "900"}), "files.example")

    with pytest.raises(SourceUnavailable) as caught:
        pull(excel(graph))

    assert caught.value.retry_after_s == 900


def test_a_body_cut_short_is_fetched_again() -> None:
    graph = Graph()
    graph.bend = once(httpx.Response(200, content=b"PK", headers={"Content-Length": "999"}), "files.example")

    assert len(pull(excel(graph))) == 1


def test_a_locked_workbook_is_left_for_the_next_run() -> None:
    graph = Graph()
    graph.bend = always(lambda: httpx.Response(423, json={"error": {"code": "resourceLocked"}}), "/content")

    with pytest.raises(SliceUnreadable, match=r"register\.xlsx: is locked: somebody has it"):
        pull(excel(graph))


def test_a_workbook_that_is_not_there_is_named_with_its_neighbours() -> None:
    with pytest.raises(
        SliceUnreadable, match=r"the folder /Programme holds raid\.xlsx, register\.xlsx\. Correct"
    ):
        pull(excel(Graph(), path="/Programme/registry.xlsx"))


def test_a_site_not_granted_to_the_application_says_how_to_grant_it() -> None:
    graph = Graph()
    graph.bend = always(lambda: httpx.Response(403, json={"error": {"code": "accessDenied"}}), "/sites/")

    with pytest.raises(
        AccessDenied,
        match=r"may not see the site contoso\.example:/sites/pmo\. Give the app .* Sites\.Selected",
    ):
        excel(graph).check()


def test_a_site_that_does_not_exist_is_a_configuration_error() -> None:
    graph = Graph()
    graph.bend = always(lambda: httpx.Response(404, json={"error": {"code": "itemNotFound"}}), "/sites/")

    with pytest.raises(MisconfiguredSource, match="there is no site"):
        excel(graph).check()


def test_a_library_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(MisconfiguredSource, match="no document library 'Papers'; it has: Plans"):
        pull(excel(Graph(), library="Papers"))


def test_a_path_with_odd_letters_is_encoded_segment_by_segment() -> None:
    graph = Graph()

    with pytest.raises(SliceUnreadable):
        pull(excel(graph, path="/Pläne & Co/50% #1+2.xlsx"))

    asked = [request.url.raw_path.decode() for request in graph.seen if "/root:/" in str(request.url)]
    assert asked[0].split("?")[0].endswith("/root:/Pl%C3%A4ne%20%26%20Co/50%25%20%231%2B2.xlsx")


def test_a_share_link_is_resolved_and_never_shown() -> None:
    graph, link = Graph(), "https://contoso.example/:x:/s/pmo/EaBcD?e=sEcReT"
    connector = excel(graph, path=None, url=link)

    [page] = pull(connector)

    token = base64.urlsafe_b64encode(link.encode()).decode().rstrip("=")
    assert f"/v1.0/shares/u!{token}/driveItem" in [request.url.path for request in graph.seen]
    assert page.slice.startswith("link-")
    shown = (
        repr([part.request for part in page.parts])
        + repr(page.cursor)
        + page.slice
        + page.parts[0].body.decode()
    )
    assert "sEcReT" not in shown
    assert token not in shown


def test_a_share_link_that_fails_does_not_quote_itself() -> None:
    graph, link = Graph(), "https://contoso.example/:x:/s/pmo/EaBcD?e=sEcReT"
    token = base64.urlsafe_b64encode(link.encode()).decode().rstrip("=")
    for answer in (403, 404, 503):
        graph.bend = always(lambda answer=answer: httpx.Response(answer, json={}), "/shares/")  # type: ignore[misc]

        with pytest.raises((SliceUnreadable, SourceUnavailable)) as caught:
            pull(excel(graph, path=None, url=link))

        assert token not in str(caught.value)


def test_a_shortcut_leads_to_the_file_it_stands_for() -> None:
    graph = Graph()
    shortcut = {
        "id": "short",
        "name": "register.xlsx",
        "remoteItem": {"id": "item-1", "parentReference": {"driveId": "drive-1"}},
    }
    graph.bend = always(lambda: httpx.Response(200, json=shortcut), "/root:/")

    [page] = pull(excel(graph))

    assert page.cursor is not None
    assert page.cursor["item"] == "item-1"


def test_a_sign_in_page_in_the_files_place_is_refused_as_such() -> None:
    graph = Graph()
    graph.body = b"<!DOCTYPE html><html>Sign in</html>"

    with pytest.raises(SliceUnreadable, match="is no workbook but a web page"):
        pull(excel(graph))
