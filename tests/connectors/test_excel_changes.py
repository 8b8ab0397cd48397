"""Workbooks that are moved, deleted, shut, hidden or saved meanwhile, and sheets that change their structure."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Censused, Fate, Fingerprinted, Page, Retrying, Slice
from connectors.errors import AccessDenied, SliceUnreadable
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from connectors.excel.files import WorkbookGone
from connectors.excel.quickxor import quick_xor_hash
from connectors.excel.sheets import Sheets
from sandbox.options import App
from sandbox.sharepoint.app import SharePoint
from sandbox.sharepoint.drive import Drive, quick_xor
from tests.support.asgi import InProcess
from tests.support.sharepoint_sandbox import ANCHOR, HOST, control, token
from tests.support.workbooks import with_sheet_xml, xlsx

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
HEAD = ["Project ID", "Project name", "Budget"]
APOLLO, BELLONA = ["APO", "Apollo", 5], ["BEL", "Bellona", 6]
PATH = "/Programme/own.xlsx"


class Bearer(httpx.Auth):
    def __init__(self, app: App) -> None:
        self._token = token(app).json()["access_token"]

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@pytest.fixture
def app() -> App:
    app: App = SharePoint(Drive(lambda _: {}, ANCHOR, ANCHOR), 8443, Path())
    put(app, xlsx([HEAD, APOLLO, BELLONA]))
    return app


def put(app: App, body: bytes, path: str = PATH) -> None:
    control(app, "edit", {"path": path, "content": base64.b64encode(body).decode()})


def sharepoint(app: App, source: str = "pmo", **workbook: Any) -> Excel:
    config = ExcelConfig.model_validate(
        {
            "auth": {"type": "entra", "tenant": "contoso.example", "client_id": "c", "client_secret": "s"},
            "graph_url": f"{HOST}/v1.0",
            "site": "contoso.sharepoint.example:/sites/pmo",
            "workbooks": [{"path": PATH, "sheet": "Projects", "holds": "projects", **workbook}],
        }
    )
    return Excel(
        config,
        source=source,
        transport=InProcess(app),
        token=Bearer(app),
        clock=lambda: NOW,
        sleep=lambda _: None,
    )


def folder(path: Path, **workbook: Any) -> Excel:
    given = {"folder": str(path), "workbooks": [{"path": "register.xlsx", "holds": "projects", **workbook}]}
    return Excel(ExcelConfig.model_validate(given), source="files", clock=lambda: NOW)


def stream_of(connector: Excel) -> tuple[Sheets, Slice]:
    [sheets] = connector.streams({}, [])
    [slice_] = sheets.slices()
    return sheets, slice_


def pull(connector: Excel, cursor: dict[str, Any] | None = None) -> list[Page]:
    sheets, slice_ = stream_of(connector)
    return list(sheets.pull(slice_, cursor))


def cursor_of(connector: Excel) -> dict[str, Any]:
    [page] = pull(connector)
    assert page.cursor is not None
    return page.cursor


def ids(connector: Excel, page: Page) -> list[str]:
    return [record.external_id for record in stream_of(connector)[0].read(page.parts)]


# --- where the workbook is


def test_a_workbook_that_was_moved_and_renamed_is_followed_by_its_id_and_said(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    control(app, "edit", {"path": PATH, "move": "/Archive", "rename": "2026.xlsx"})
    put(app, xlsx([HEAD, APOLLO]), "/Archive/2026.xlsx")

    connector = sharepoint(app)
    [page] = pull(connector, cursor)

    assert ids(connector, page) == ["APO"]
    assert page.warnings == (
        "Programme/own.xlsx is now Archive/2026.xlsx; it was followed by its id. Correct path",
    )


def test_a_new_workbook_in_the_place_of_one_that_was_moved_away_is_the_one_that_counts(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    control(app, "edit", {"path": PATH, "move": "/Archive"})
    put(app, xlsx([HEAD, BELLONA]))

    connector = sharepoint(app)
    [page] = pull(connector, cursor)

    assert ids(connector, page) == ["BEL"]
    assert (
        "is another file than last time, which is now Archive/own.xlsx; the new one was read"
        in page.warnings[0]
    )


def test_a_workbook_deleted_and_uploaded_anew_is_read_and_said(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    control(app, "edit", {"path": PATH, "delete": True})
    put(app, xlsx([HEAD, BELLONA]))

    [page] = pull(sharepoint(app), cursor)

    assert "is another file than last time: deleted and uploaded anew, or replaced" in page.warnings[0]


@pytest.mark.parametrize("expired", [False, True], ids=["changes", "410 and the whole list"])
def test_a_deleted_workbook_is_known_as_deleted_by_sharepoints_own_list(app: App, expired: bool) -> None:  # noqa: FBT001 -- a case
    cursor = cursor_of(sharepoint(app))
    control(app, "edit", {"path": PATH, "delete": True})
    if expired:
        control(app, "edit", {"expire_delta": True})
    connector = sharepoint(app)
    sheets, slice_ = stream_of(connector)

    with pytest.raises(
        WorkbookGone, match=r"own\.xlsx.*What was read from it stays as it is until"
    ) as caught:
        pull(connector, cursor)

    assert caught.value.absence is not None
    assert caught.value.absence.fate is Fate.DELETED
    assert sheets.census(slice_).ids == frozenset()
    assert {absence.fate for absence in sheets.fates(slice_, ["APO", "BEL"]).values()} == {Fate.DELETED}


def test_a_hidden_workbook_is_out_of_sight_and_nothing_of_it_is_taken_for_deleted(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    control(app, "edit", {"path": PATH, "hide": True})
    connector = sharepoint(app)
    sheets, slice_ = stream_of(connector)

    with pytest.raises(WorkbookGone, match="does not list it as deleted; its rights may have changed"):
        pull(connector, cursor)
    with pytest.raises(SliceUnreadable):
        sheets.census(slice_)
    assert sheets.fates(slice_, ["APO"])["APO"].fate is Fate.ACCESS_LOST


def test_a_site_that_was_withdrawn_stops_the_source_and_takes_nothing_for_deleted(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    control(app, "edit", {"grant": False})
    connector = sharepoint(app)
    sheets, slice_ = stream_of(connector)

    with pytest.raises(AccessDenied, match="may not see the site"):
        pull(connector, cursor)
    with pytest.raises(AccessDenied):
        sheets.census(slice_)


def test_a_workbook_that_was_never_seen_has_no_fate_and_is_named_with_its_neighbours(app: App) -> None:
    with pytest.raises(
        WorkbookGone, match=r"is not there; the folder /Programme holds .*own\.xlsx"
    ) as caught:
        pull(sharepoint(app, path="/Programme/never.xlsx"))

    assert caught.value.absence is None


def test_a_shut_workbook_waits_for_the_next_run_and_is_read_then(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    put(app, xlsx([HEAD, APOLLO]))
    control(app, "edit", {"path": PATH, "lock": "read"})

    with pytest.raises(SliceUnreadable, match="is locked: somebody has it checked out or open exclusively"):
        pull(sharepoint(app), cursor)
    control(app, "edit", {"path": PATH, "lock": False})

    assert len(pull(sharepoint(app), cursor)) == 1


def test_a_workbook_saved_while_it_is_downloaded_is_read_as_one_whole_version(app: App) -> None:
    newer = xlsx([HEAD, APOLLO, BELLONA, ["CER", "Ceres", 7]])
    control(app, "edit", {"path": PATH, "waiting": [base64.b64encode(newer).decode()]})
    connector = sharepoint(app)

    [page] = pull(connector)

    assert page.parts[1].body == newer
    assert ids(connector, page) == ["APO", "BEL", "CER"]


def test_a_workbook_saved_at_every_download_is_left_for_the_next_run(app: App) -> None:
    saved = [base64.b64encode(xlsx([HEAD, [f"P{n}", "x", n]])).decode() for n in range(9)]
    control(app, "edit", {"path": PATH, "waiting": saved})

    with pytest.raises(SliceUnreadable, match="was saved again each time it was downloaded"):
        pull(sharepoint(app))


def test_two_sources_that_share_a_workbook_read_it_each_for_itself(app: App) -> None:
    one, two = sharepoint(app, "one"), sharepoint(app, "two", key="Project name")

    cursor = cursor_of(one)
    [page] = pull(two)

    assert ids(two, page) == ["Apollo", "Bellona"]
    assert pull(sharepoint(app, "one"), cursor) == []


def test_several_sheets_of_one_workbook_cost_one_download(app: App) -> None:
    given = sharepoint(app).config.model_dump(mode="python")
    book = {"path": PATH, "sheet": "Projects"}
    given["workbooks"] = [{**book, "holds": "projects"}, {**book, "holds": "costs", "kind": "baseline",
                          "columns": {"amount": "Budget", "project_ref": "Project ID"}}]  # fmt: skip
    connector = Excel(
        ExcelConfig.model_validate(given), source="pmo", transport=InProcess(app), token=Bearer(app)
    )

    pages = [
        page
        for sheets in connector.streams({}, [])
        for one in sheets.slices()
        for page in sheets.pull(one, None)
    ]

    assert [page.said for page in pages] == [2, 2]
    assert connector.traffic.bytes_fetched < 2 * len(pages[0].parts[1].body)


@given(st.binary(max_size=700))
def test_the_hash_is_the_one_that_the_sandbox_gives(body: bytes) -> None:
    assert quick_xor_hash(body) == quick_xor(body)


def test_the_hash_of_nothing_and_of_one_byte_are_those_of_the_definition() -> None:
    assert quick_xor_hash(b"") == "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert base64.b64decode(quick_xor_hash(b"\x01")) == bytes([1, *[0] * 11, 1, *[0] * 7])


# --- what the sheet looks like


def test_a_renamed_sheet_is_recognised_by_its_id_and_its_headers(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path, sheet="Projects"))
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO, BELLONA], sheet="Register 2027"))

    connector = folder(tmp_path, sheet="Projects")
    [page] = pull(connector, cursor)

    assert ids(connector, page) == ["APO", "BEL"]
    assert any(
        "'Projects' is now called 'Register 2027'; it was recognised by its id" in line
        for line in page.warnings
    )
    with pytest.raises(SliceUnreadable, match=r"no sheet 'Projects'; .*'Register 2027' looks like"):
        pull(folder(tmp_path, sheet="Projects"))


def test_rows_stay_what_they_are_when_the_name_of_their_sheet_is_corrected(tmp_path: Path) -> None:
    risks = [["Ref", "Title", "Probability"], ["R-1", "Late steel", 3], ["R-2", "No crane", 2]]
    (tmp_path / "register.xlsx").write_bytes(xlsx(risks, sheet="RAID"))
    before = folder(tmp_path, sheet="RAID", holds="raid")
    cursor = cursor_of(before)
    (tmp_path / "register.xlsx").write_bytes(xlsx(risks, sheet="Risks 2027"))

    connector = folder(tmp_path, sheet="RAID", holds="raid")
    [page] = pull(connector, cursor)
    known = ids(connector, page)
    [said] = [line for line in page.warnings if "is now called 'Risks 2027'" in line]
    name = said.partition("`known_as: ")[2].partition("`")[0]
    corrected = folder(tmp_path, sheet="Risks 2027", holds="raid", known_as=name)
    [again] = pull(corrected, page.cursor)

    assert name
    assert ids(corrected, again) == known
    assert again.slice == page.slice
    assert stream_of(corrected)[1].name == stream_of(before)[1].name
    assert not any("known_as" in line for line in again.warnings)


def test_two_sheets_of_one_kind_cannot_be_known_by_one_name(tmp_path: Path) -> None:
    twice = [{"path": f"{name}.xlsx", "holds": "raid", "known_as": "raid"} for name in "ab"]
    taken = [{"path": "a.xlsx", "holds": "raid", "known_as": "b.xlsx!RAID"}]
    for sheets in (twice, [*taken, {"path": "/b.xlsx", "sheet": "RAID", "holds": "raid"}]):
        with pytest.raises(ValueError, match="names two sheets of raid; their rows would be mixed up"):
            ExcelConfig.model_validate({"folder": str(tmp_path), "workbooks": sheets})
    ExcelConfig.model_validate(
        {
            "folder": str(tmp_path),
            "workbooks": [*taken, {"path": "b.xlsx", "sheet": "RAID", "holds": "costs"}],
        }
    )


def test_columns_that_have_moved_are_recognised_and_said(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path))
    (tmp_path / "register.xlsx").write_bytes(xlsx([["Tier", *reversed(HEAD)], [1, *reversed(APOLLO)]]))

    connector = folder(tmp_path)
    [page] = pull(connector, cursor)

    [record] = stream_of(connector)[0].read(page.parts)
    assert record.payload["values"] == {"key": "APO", "name": "Apollo", "budget": "5", "tier": 1}
    assert (
        "columns have moved, and were recognised by their headers: 'Project ID' from A to D"
        in page.warnings[1]
    )
    assert "column 'Tier' (A) is new and was read as tier" in page.warnings[0]


def test_a_renamed_column_is_told_in_words_before_any_of_its_values_is_lost(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path))
    (tmp_path / "register.xlsx").write_bytes(xlsx([[*HEAD[:2], "Money we have"], APOLLO]))

    with pytest.raises(SliceUnreadable) as told:
        pull(folder(tmp_path), cursor)

    assert (
        "register.xlsx!Projects: column 'Budget' (C), which gave budget, is gone, and 'Money we have' is new and not "
        "understood: if it is the same column, write columns: {budget: Money we have}. Nothing of the sheet was taken"
    ) in str(told.value)
    [whole] = pull(folder(tmp_path), None)
    assert whole.said == 1


def test_a_column_that_is_gone_without_another_in_its_place_is_told_and_its_values_are_unknown(
    tmp_path: Path,
) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path))
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD[:2], APOLLO[:2]]))

    [page] = pull(folder(tmp_path), cursor)

    assert "column 'Budget' (C) is gone, and budget stays unknown" in page.warnings[0]


def test_a_column_that_gives_the_same_under_another_name_is_followed_and_said(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path))
    (tmp_path / "register.xlsx").write_bytes(xlsx([[*HEAD[:2], "Approved budget"], APOLLO]))

    [page] = pull(folder(tmp_path), cursor)

    assert "column 'Budget' is gone; budget is now read from 'Approved budget'" in page.warnings[0]
    assert len(page.warnings) == 1


def test_the_fingerprint_of_a_sheet_is_what_its_columns_give_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([[*HEAD, "Mood"], [*APOLLO, "fine"]]))
    before = folder(tmp_path).scope_fingerprint()
    (tmp_path / "register.xlsx").write_bytes(xlsx([["The register"], [], ["Mood", *HEAD], ["fine", *APOLLO]]))

    assert before == {
        "projects in register.xlsx": "Budget = budget | Mood | Project ID = key | Project name = name"
    }
    assert folder(tmp_path).scope_fingerprint() == before
    (tmp_path / "register.xlsx").write_bytes(b"no workbook")
    assert folder(tmp_path).scope_fingerprint() == {}


def test_a_workbook_on_sharepoint_is_not_downloaded_for_its_fingerprint_alone(app: App) -> None:
    connector = sharepoint(app)

    assert isinstance(connector, Fingerprinted)
    assert connector.scope_fingerprint() == {}
    assert connector.traffic.requests == 0
    [page] = pull(connector)
    assert list(connector.scope_fingerprint()) == ["projects in Programme/own.xlsx, Projects"]
    before = connector.traffic.bytes_fetched

    assert pull(connector, page.cursor) == []
    assert connector.traffic.bytes_fetched - before < len(page.parts[1].body)


def test_a_changed_layout_on_sharepoint_is_told_as_drift_and_its_workbook_is_read_whole(app: App) -> None:
    cursor = cursor_of(sharepoint(app))
    put(app, xlsx([[*HEAD[:2], "Approved budget"], APOLLO, BELLONA]))

    connector = sharepoint(app)
    assert connector.scope_fingerprint() == {}, "before a run nothing was read in its process"
    [page] = pull(connector, cursor)

    assert ids(connector, page) == ["APO", "BEL"]
    assert page.complete
    [drift] = page.warnings
    assert drift == (
        "own.xlsx!Projects has changed since it was last read: column 'Budget' is gone; budget is now read from "
        "'Approved budget'"
    )


# --- rows that go


def test_a_row_that_is_gone_is_deleted_and_one_that_is_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    sheets, slice_ = stream_of(folder(tmp_path))

    assert isinstance(sheets, Censused)
    assert sheets.census(slice_).ids == {"APO"}
    fates = sheets.fates(slice_, ["APO", "BEL"])
    assert list(fates) == ["BEL"]
    assert (fates["BEL"].fate, fates["BEL"].says) == (Fate.DELETED, "its row is no longer in register.xlsx")


def test_a_missing_file_in_a_folder_takes_nothing_for_deleted(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path))
    (tmp_path / "register.xlsx").rename(tmp_path / "old.xlsx")
    sheets, slice_ = stream_of(folder(tmp_path))

    with pytest.raises(
        WorkbookGone,
        match=r"holds old\.xlsx\. Correct path\. Nothing read from it before was",
    ):
        list(sheets.pull(slice_, cursor))
    with pytest.raises(SliceUnreadable):
        sheets.census(slice_)


def test_an_error_in_a_key_hides_a_record_so_that_nothing_is_taken_for_deleted(tmp_path: Path) -> None:
    spoilt = with_sheet_xml(
        xlsx([HEAD, [1, "Apollo", 5], [2, "Bellona", 6]]),
        lambda xml: xml.replace('<c r="A2"><v>1</v></c>', '<c r="A2" t="e"><v>#REF!</v></c>'),
    )
    (tmp_path / "register.xlsx").write_bytes(spoilt)

    [page] = pull(folder(tmp_path))

    assert not page.complete
    assert any("1 row has an error where the key should be" in line for line in page.warnings)


def test_a_sheets_own_totals_travel_with_the_page(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO, BELLONA, ["Total", None, 11]]))

    [page] = pull(folder(tmp_path))

    assert {name: str(total) for name, total in page.controls.items()} == {"budget": "11"}


def test_rows_of_an_unchanged_workbook_are_not_read_again_and_not_taken_for_gone(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO, [None, "No key", 1]]))
    connector = folder(tmp_path)
    sheets, slice_ = stream_of(connector)
    assert list(sheets.pull(slice_, cursor_of(folder(tmp_path)))) == []

    assert isinstance(sheets, Retrying)
    assert list(sheets.retry(slice_, ["row 3"])) == []
    assert sheets.fates(slice_, ["row 3"]) == {}


def test_a_row_that_the_store_lacks_is_brought_by_its_sheet(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    sheets, slice_ = stream_of(folder(tmp_path))
    assert sheets.census(slice_).ids == {"APO"}

    [page] = sheets.retry(slice_, ["APO"])

    assert (page.cursor, page.complete) == (None, False)
    assert [record.external_id for record in sheets.read(page.parts)] == ["APO"]
    assert list(sheets.retry(slice_, ["NOBODY"])) == []


def test_the_census_of_a_renamed_sheet_counts_its_rows(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO]))
    cursor = cursor_of(folder(tmp_path, sheet="Projects"))
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, APOLLO, BELLONA], sheet="New name"))
    sheets, slice_ = stream_of(folder(tmp_path, sheet="Projects"))
    list(sheets.pull(slice_, cursor))

    assert sheets.census(slice_).ids == {"APO", "BEL"}


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 100])
def test_a_large_sheet_comes_in_pages_that_are_each_read_again_alone(tmp_path: Path, most: int) -> None:
    rows = [[f"P{number}", "x", number] for number in range(4)]
    (tmp_path / "register.xlsx").write_bytes(xlsx([HEAD, *rows, ["Total", None, 6]]))
    connector = folder(tmp_path)
    connector.page_records = most

    pages = pull(connector)

    assert [page.said for page in pages] == [most] * (5 // most) + ([5 % most] if 5 % most else [])
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [page.cursor is not None for page in pages] == [page.complete for page in pages]
    assert sum(page.controls["budget"] for page in pages) == 6
    replayed = [stream_of(folder(tmp_path))[0].read(page.parts) for page in reversed(pages)]
    assert [one.external_id for each in reversed(replayed) for one in each] == [
        "P0",
        "P1",
        "P2",
        "P3",
        "row 6",
    ]
    assert pull(connector, pages[-1].cursor) == []
