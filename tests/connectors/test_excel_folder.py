from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Page, RawRecord
from connectors.errors import MisconfiguredSource, SliceUnreadable
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from connectors.excel.layout import Limits
from connectors.excel.reader import Reader
from sync.prepare import UnreadablePage, records_of
from tests.support.workbooks import xlsx

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ROWS = [["Project ID", "Project name", "Budget"], ["APO", "Apollo", 5], ["BEL", "Bellona", 6]]
REGISTER = {"path": "register.xlsx", "holds": "projects"}
PLAN = b"Milestone,Project,Baseline\nGo live,APO,2026-12-18\n"


def excel(folder: Path, *workbooks: dict[str, Any], **options: Any) -> Excel:
    chosen = list(workbooks) or [
        {"path": "register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"}
    ]
    config = ExcelConfig.model_validate({"folder": str(folder), "workbooks": chosen, **options})
    return Excel(config, source="local-files", clock=lambda: NOW)


def pull(connector: Excel, cursor: dict[str, Any] | None = None, stream: int = 0) -> list[Page]:
    sheets = connector.streams({}, [])[stream]
    return [page for slice_ in sheets.slices() for page in sheets.pull(slice_, cursor)]


def read(connector: Excel, page: Page) -> list[RawRecord]:
    [sheets] = [stream for stream in connector.streams({}, []) if stream.name == page.stream]
    return list(sheets.read(page.parts))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "register.xlsx").write_bytes(xlsx(ROWS))
    (tmp_path / "plan.csv").write_bytes(PLAN)
    return tmp_path


def test_a_workbook_is_one_complete_page_of_its_layout_and_its_bytes(folder: Path) -> None:
    [page] = pull(excel(folder))

    assert (page.stream, page.slice, page.fetched_at) == ("projects", "register.xlsx!Projects", NOW)
    assert page.complete
    assert page.said == 2
    assert [part.request for part in page.parts] == ["LAYOUT register.xlsx, Projects", "READ register.xlsx"]
    assert page.parts[1].body == (folder / "register.xlsx").read_bytes()


def test_a_stored_workbook_that_breaks_the_limits_of_today_is_a_page_that_cannot_be_read(
    folder: Path,
) -> None:
    [page] = pull(excel(folder))
    stricter = excel(folder)
    stricter.reader = Reader(Limits(seconds=0))
    [sheets] = stricter.streams({}, [])

    with pytest.raises(UnreadablePage, match=r"register\.xlsx took longer than 0 seconds to read"):
        records_of(sheets.read, page.parts)
    with pytest.raises(SliceUnreadable):
        list(sheets.read(page.parts))


def test_a_stored_page_is_read_again_by_a_connector_that_knows_nothing_of_its_layout(folder: Path) -> None:
    [page] = pull(excel(folder))
    stranger = excel(folder, {"path": "other.xlsx", "holds": "projects"})

    records = read(stranger, page)

    assert [record.external_id for record in records] == ["APO", "BEL"]
    assert records[0].locator == "register.xlsx!Projects!A2"


def test_an_unchanged_file_gives_no_page_even_with_a_new_date(folder: Path) -> None:
    [page] = pull(excel(folder))
    (folder / "register.xlsx").touch()

    assert pull(excel(folder), page.cursor) == []


def test_a_changed_file_gives_a_page_without_the_row_that_is_gone(folder: Path) -> None:
    [page] = pull(excel(folder))
    (folder / "register.xlsx").write_bytes(xlsx(ROWS[:2]))

    [again] = pull(excel(folder), page.cursor)

    assert [record.external_id for record in read(excel(folder), again)] == ["APO"]
    assert again.complete


def test_a_changed_configuration_reads_an_unchanged_file_again(folder: Path) -> None:
    [page] = pull(excel(folder))
    workbook = {
        "path": "register.xlsx",
        "sheet": "Projects",
        "holds": "projects",
        "columns": {"actual_cost": "Budget"},
    }

    [again] = pull(excel(folder, workbook), page.cursor)

    assert read(excel(folder), again)[0].payload["values"]["actual_cost"] == "5"


def test_a_missing_sheet_stops_its_slice_and_not_the_others(folder: Path) -> None:
    connector = excel(
        folder,
        {"path": "register.xlsx", "sheet": "Portfolio", "holds": "projects"},
        {"path": "plan.csv", "holds": "milestones", "key": "Milestone"},
    )

    with pytest.raises(
        SliceUnreadable, match=r": register\.xlsx, Portfolio: has no sheet 'Portfolio'; it has"
    ):
        pull(connector)
    [page] = pull(connector, stream=1)
    assert [record.external_id for record in read(connector, page)] == ["plan.csv!APO|Go live"]


def test_a_missing_file_is_named_with_those_that_are_there(folder: Path) -> None:
    connector = excel(folder, {"path": "risks.xlsx", "holds": "raid"})

    with pytest.raises(
        SliceUnreadable, match=r"risks\.xlsx: is not there; the folder holds plan\.csv, register\.xlsx"
    ):
        pull(connector)


def test_the_place_of_what_cannot_be_read_is_said_once(folder: Path) -> None:
    connector = excel(
        folder,
        {"path": "nothere.xlsx", "holds": "raid"},
        {"path": "register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Ref"},
    )

    _, missing, keyless = connector.check()
    with pytest.raises(SliceUnreadable) as caught:
        pull(connector)

    assert (missing.what, missing.says[:13]) == ("nothere.xlsx", "is not there;")
    assert keyless.what == "register.xlsx Projects"
    assert keyless.says.startswith("has no key column 'Ref'; row 1 has")
    assert str(caught.value).startswith(
        "local-files: register.xlsx, Projects: has no key column 'Ref'; row 1 has"
    )


def test_a_missing_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredSource, match="there is no folder or file"):
        excel(tmp_path / "nowhere").check()


def test_the_folder_may_be_one_file(folder: Path) -> None:
    connector = excel(folder / "plan.csv", {"holds": "milestones"})

    assert len(pull(connector)) == 1


def test_a_link_out_of_the_folder_is_not_followed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_bytes(PLAN)
    (folder / "link.csv").symlink_to(outside)

    with pytest.raises(SliceUnreadable, match="outside the folder"):
        pull(excel(folder, {"path": "link.csv", "holds": "milestones"}))


def test_two_sheets_of_one_kind_never_share_an_id(folder: Path) -> None:
    (folder / "a.csv").write_bytes(b"Ref,Risk\n1,Fire\n")
    (folder / "b.csv").write_bytes(b"Ref,Risk\n1,Flood\n")
    connector = excel(folder, {"path": "a.csv", "holds": "raid"}, {"path": "b.csv", "holds": "raid"})

    ids = [record.external_id for page in pull(connector) for record in read(connector, page)]

    assert ids == ["a.csv!1", "b.csv!1"]


def test_check_says_what_was_understood_of_each_sheet(folder: Path) -> None:
    findings = excel(
        folder, {"path": "register.xlsx", "holds": "projects"}, {"path": "gone.xlsx", "holds": "raid"}
    ).check()

    assert [finding.ok for finding in findings] == [True, True, False]
    assert "holds plan.csv, register.xlsx" in findings[0].says
    assert findings[1].says == (
        "sheet 'Projects', header in row 1: 2 projects; understood: Project ID → key, Project name → name, "
        "Budget → budget; not understood: none"
    )
    assert findings[2].todo


def test_discover_describes_every_sheet_and_column(folder: Path) -> None:
    found = excel(
        folder, {"path": "register.xlsx", "holds": "projects"}, {"path": "plan.csv", "holds": "milestones"}
    ).discover()

    assert found.evidence == {
        "register.xlsx!Projects": "looks like projects: header in row 1",
        "plan.csv!plan": "looks like milestones: header in row 1",
    }
    assert {field["id"]: field["attribute"] for field in found.fields}[
        "register.xlsx!Projects!Budget"
    ] == "budget"
    assert [scope["key"] for scope in found.scopes] == ["register.xlsx", "plan.csv"]


def test_warnings_travel_with_the_page(folder: Path) -> None:
    (folder / "register.xlsx").write_bytes(xlsx([*ROWS, ["APO", "Again", 7]]))

    [page] = pull(excel(folder))

    assert "row 2, which is kept; row 4 is not" in page.warnings[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folder": None}, "either auth"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
        ({"workbooks": []}, "at least 1 item"),
        ({"workbooks": [{"path": "../x.csv", "holds": "raid"}]}, "climb out"),
        ({"workbooks": [{"path": "x.csv", "holds": "risks"}]}, "'projects', 'milestones', 'raid', 'costs'"),
        (
            {"workbooks": [{"path": "x.csv", "holds": "raid", "columns": {"budgte": "B"}}]},
            "raid have no budgte",
        ),
        (
            {"workbooks": [{"path": "x.csv", "holds": "costs", "kind": "guess"}]},
            "baseline, forecast, actual",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_with_words(
    folder: Path, change: dict[str, Any], words: str
) -> None:
    given = {"folder": str(folder), "workbooks": [{"path": "plan.csv", "holds": "milestones"}]}

    with pytest.raises(ValidationError, match=words):
        ExcelConfig.model_validate(given | change)
