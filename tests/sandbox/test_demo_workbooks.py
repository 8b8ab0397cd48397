import csv
import io
import subprocess
import sys
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from sandbox import exposure, figures, story, workbooks
from sandbox.figures import Moment
from tests.support.shared import ROOT

ANCHOR = date(2026, 3, 2)
HEALTHY = ("SIGNON", "ARCHIVE", "CLOUD", "PAYROLL")  # as their figures have it at the anchor


def rows(name: str, clock: date = ANCHOR) -> list[dict[Any, Any]]:
    """Read a workbook as a person would: the header is under its titles."""
    book = openpyxl.load_workbook(io.BytesIO(workbooks.library(ANCHOR, clock)[name]))
    grid = list(book.worksheets[0].iter_rows(values_only=True))
    header = grid[workbooks.HEADER_ROW - 1]
    return [
        dict(zip(header, line, strict=True)) for line in grid[workbooks.HEADER_ROW :] if line[0] is not None
    ]


def by_project(found: list[dict[Any, Any]], key: str) -> list[dict[Any, Any]]:
    return [row for row in found if row["Project ID"] == key]


def register(week: int = story.WEEKS - 1) -> dict[str, dict[Any, Any]]:
    return {row["Project ID"]: row for row in figures.register(Moment(ANCHOR, story.week_date(ANCHOR, week)))}


def test_the_register_has_titles_above_its_header_real_dates_and_money() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbooks.library(ANCHOR, ANCHOR)["register.xlsx"]))
    page = book["Projects"]
    assert str(page["A1"].value).startswith("Project register")
    assert page.cell(workbooks.HEADER_ROW, 1).value == "Project ID"
    column = {cell.value: cell.column for cell in page[workbooks.HEADER_ROW]}
    first = workbooks.HEADER_ROW + 1
    assert page.cell(first, column["Baseline finish"]).is_date
    assert page.cell(first, column["Budget"]).number_format == "#,##0"
    assert page.cell(first, column["% complete"]).number_format == "0%"
    assert 0 < page.cell(first, column["% complete"]).value < 1
    assert page.max_row > workbooks.HEADER_ROW + len(story.PROJECTS)  # formatted, but empty
    assert book["Lists"].sheet_state == "hidden"


def test_every_file_holds_as_many_rows_as_is_said() -> None:
    counts = workbooks.counts(ANCHOR, ANCHOR)
    for name in workbooks.library(ANCHOR, ANCHOR):
        assert len(rows(name)) == counts[name] > 0
    assert counts["register.xlsx"] == len(story.PROJECTS)


def test_the_same_day_gives_the_same_bytes() -> None:
    assert workbooks.local(ANCHOR, ANCHOR) == workbooks.local(ANCHOR, ANCHOR)
    assert workbooks.library(ANCHOR, ANCHOR) == workbooks.library(ANCHOR, ANCHOR)


def test_the_register_follows_the_story_week_by_week() -> None:
    for week in range(story.WEEKS):
        held = register(week)
        for project in story.PROJECTS:
            row, (told, colour) = held[project.key], figures.told(project, week)
            assert (row["Forecast finish"] - row["Baseline finish"]).days == project.slip[told]
            assert row["Overall status"] == colour
            assert row["Reported on"] == story.week_date(ANCHOR, told) - timedelta(days=1)
            if project.budget:
                assert row["Forecast cost"] == pytest.approx(
                    project.budget * (1 + project.cost_pct[told] / 100), abs=100
                )
            else:
                assert row["Budget"] is None


def test_a_report_that_stops_stays_as_it_was() -> None:
    held = register()
    assert held["PEOPLE"]["Reported on"] == story.week_date(ANCHOR, 4) - timedelta(days=1)
    assert held["SIGNON"]["Reported on"] == ANCHOR - timedelta(days=1)
    reviews = {
        row["Last reviewed"]
        for row in by_project(exposure.raid(ANCHOR, ANCHOR), "PEOPLE")
        if row["State"] != "closed"
    }
    assert max(reviews) <= ANCHOR - timedelta(days=3)
    assert min(reviews) <= story.week_date(ANCHOR, 4)


def test_the_two_trackers_of_one_project_are_bound_in_its_row() -> None:
    row = register()["CASEWORK"]
    assert (row["Jira projects"], row["ADO projects"]) == ("CASE", "Casework Integration")
    bound = {
        name for each in register().values() for name in (each["ADO projects"] or "").split(", ") if name
    }
    assert bound == {"Casework Integration", "People Hub", "Data Hub", "Network Refresh"}


@pytest.mark.parametrize("key", HEALTHY)
def test_a_healthy_project_gives_no_reason_for_any_colour_but_green(key: str) -> None:
    row = register()[key]
    slip = (row["Forecast finish"] - row["Baseline finish"]).days
    planned = (row["Baseline finish"] - row["Baseline start"]).days
    assert slip <= 14
    assert 100 * slip / planned <= 5
    assert 100 * (row["Forecast cost"] - row["Budget"]) / row["Budget"] <= 5
    added, extra, removed = (
        row["Added points approved"],
        row["Added points unapproved"],
        row["Removed points"],
    )
    assert 100 * extra / row["Baseline points"] <= 5
    assert 100 * (added + extra + removed) / row["Baseline points"] <= 15
    assert 100 * (row["Benefit forecast"] - row["Benefit target"]) / row["Benefit target"] >= -5
    assert_risks_are_green(row)
    for milestone in by_project(figures.milestones(Moment(ANCHOR, ANCHOR)), key):
        assert milestone["Actual"] or milestone["Baseline"] > ANCHOR
        assert not milestone["Actual"] or milestone["Actual"] <= milestone["Baseline"]


def assert_risks_are_green(row: dict[Any, Any]) -> None:
    items = by_project(exposure.raid(ANCHOR, ANCHOR), row["Project ID"])
    risks = [item for item in items if item["Kind"] == "risk"]
    assert len(risks) == 5
    assert all(risk["Probability"] * risk["Impact"] < 10 for risk in risks)
    assert all(item["Owner"] for item in items)
    still_open = [item for item in items if item["State"] != "closed"]
    assert all((ANCHOR - item["Last reviewed"]).days <= 7 for item in still_open)
    assert all(item["Action due"] > ANCHOR for item in still_open)
    expected = sum(risk["Probability %"] * risk["Cost impact"] for risk in risks)
    assert row["Contingency"] > expected
    assert all((ANCHOR - item["Raised on"]).days <= 30 for item in still_open if item["Kind"] == "issue")


def test_the_story_s_troubles_are_in_the_workbooks() -> None:
    raid = exposure.raid(ANCHOR, ANCHOR)
    unowned = [row for row in raid if not row["Owner"]]
    assert [(row["Project ID"], row["Probability"] * row["Impact"]) for row in unowned] == [("CAMPUS", 16)]
    plan = figures.milestones(Moment(ANCHOR, ANCHOR), frozenset(["NETWORK"]))
    overdue = [row for row in plan if row["Actual"] is None and row["Baseline"] < ANCHOR]
    assert [(row["Critical"], (ANCHOR - row["Baseline"]).days) for row in overdue] == [("Yes", 21)]
    held = register()
    assert held["NOTIFY"]["Budget"] is None
    grown = held["DATAHUB"]
    assert 100 * grown["Added points unapproved"] / grown["Baseline points"] == pytest.approx(11.5, abs=0.1)
    assert (held["PORTAL"]["Forecast finish"] - held["PORTAL"]["Baseline finish"]).days == 42
    assert held["PORTAL"]["Overall status"] == "GREEN"
    late = [row for row in raid if row["Kind"] == "dependency" and row["Offered by"] > row["Needed by"]]
    assert [row["Project ID"] for row in late] == ["CAMPUS"]


def test_nothing_in_the_log_is_younger_than_its_day_and_its_references_are_its_own() -> None:
    for week in range(story.WEEKS):
        day = story.week_date(ANCHOR, week)
        raid = exposure.raid(ANCHOR, day)
        assert len({row["Ref"] for row in raid}) == len(raid)
        assert all(row["Raised on"] <= day for row in raid)
        assert all(row["Last reviewed"] <= day for row in raid)
        assert all(10 <= len(row["Title"]) <= 120 for row in raid)


def test_the_months_sum_to_the_register_s_figures() -> None:
    held = register()
    found = rows("costs.xlsx")
    for key, row in held.items():
        sums: dict[str, int] = {}
        for line in by_project(found, key):
            amounts = [
                value for column, value in line.items() if not isinstance(column, str) and value is not None
            ]
            sums[line["Type"]] = sums.get(line["Type"], 0) + sum(amounts)
        assert sums["Forecast"] == row["Forecast cost"]
        assert sums.get("Baseline") == row["Budget"]
        assert sums["Actual"] == row["Actual cost"]


def test_words_differ_from_week_to_week_and_are_long_enough_for_the_template() -> None:
    for project in story.PROJECTS:
        told = [register(week)[project.key] for week in range(story.WEEKS)]
        reported = {row["Reported on"]: row["Achievements"] for row in told}
        texts = list(reported.values())
        assert all(one != two for one, two in pairwise(texts))
        for row in told:
            assert len(row["Achievements"]) >= 20
            if row["Overall status"] != "GREEN":
                assert len(row["Path to green"]) >= 40
                assert row["Green by"] > row["Reported on"]


def test_the_local_folder_is_written_and_left_alone_when_nothing_changed(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.workbooks",
        str(tmp_path),
        "--anchor",
        str(ANCHOR),
        "--clock",
        str(ANCHOR),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = ("plan.csv", "dependencies.ods", "office.xlsx")
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in names]
    before = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    assert workbooks.main([str(tmp_path), "--anchor", str(ANCHOR), "--clock", str(ANCHOR)]) == 0
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == before
    plan = list(csv.DictReader(io.StringIO((tmp_path / "plan.csv").read_text("utf-8-sig"))))
    assert {row["Project ID"] for row in plan} == {"CAMPUS", "NETWORK"}
    assert len({row["Milestone"] for row in plan}) == len(plan)
    sheet = CalamineWorkbook.from_path(tmp_path / "dependencies.ods").get_sheet_by_name("RAID").to_python()
    assert len(sheet) == 4
    assert isinstance(sheet[1][sheet[0].index("Needed by")], date)
