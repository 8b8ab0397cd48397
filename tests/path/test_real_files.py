"""Every real workbook and CSV as a folder source: into the store, or refused with where and why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import open_engine
from sync.consolidate import consolidate
from sync.receipts import explain, status_document
from sync.registry import utc_now
from tests.support.databases import cloned
from tests.support.sandbox_sources import configure
from tests.support.shared import SHARED, needs_shared
from tests.support.store import Outcome, Row, ask, pulled

pytestmark = needs_shared

DATA: Final = SHARED / "data"
APM: Final = DATA / "workbooks" / "nchaulagai-apm"
PACKT: Final = DATA / "workbooks" / "packt-tpm"
DOMAIN: Final = DATA / "domain"
# Files that hold none of what Muster reads, each configured as what it comes nearest to.
NONE_OF_THE_FOUR: Final = {
    PACKT / "Communication_Plan.xlsx": "raid",
    PACKT / "RACI.xlsx": "raid",
    PACKT / "Stakeholders.xlsx": "raid",
    DOMAIN / "usace_actions.csv": "raid",
    DOMAIN / "usace_decisions.csv": "raid",
    DOMAIN / "usace_escalation_events.csv": "raid",
    DOMAIN / "usace_raid_links.csv": "raid",
    DOMAIN / "jira_cycle_times.csv": "milestones",
}


def source(name: str, folder: Path, *workbooks: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "kind": "excel", "folder": str(folder), "workbooks": list(workbooks)}


SOURCES: Final = [
    source("issues", APM, {"path": "Issue_Register.xlsx", "holds": "raid"}),
    source("risks", APM, {"path": "Risk_Register.xlsx", "holds": "raid"}),
    source("empty-log", PACKT, {"path": "Risk_Log.xlsx", "holds": "raid"}),
    source("plan", PACKT, {"path": "Project_Plan.xlsx", "holds": "milestones"}),
    source(
        "tables", PACKT,
        {"path": "Tables.xlsx", "sheet": "Project Plan", "holds": "milestones"},
        {"path": "Tables.xlsx", "sheet": "Project Plan w Relays", "holds": "milestones"},
        {"path": "Tables.xlsx", "sheet": "Risk Register", "holds": "raid"},
        {"path": "Tables.xlsx", "sheet": "Risk Log", "holds": "raid"},
        {"path": "Tables.xlsx", "sheet": "Mercury Simple", "holds": "costs"},
        {"path": "Tables.xlsx", "sheet": "Burndown Chart", "holds": "milestones"},
    ),
    source("water", DOMAIN, {"path": "melbourne_water_capital_projects.csv", "holds": "projects"}),
    source("engineers", DOMAIN, {"path": "usace_risks.csv", "holds": "raid"}),
    *(
        source(f"none-{number}", path.parent, {"path": path.name, "holds": holds})
        for number, (path, holds) in enumerate(NONE_OF_THE_FOUR.items())
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        configure(engine, *SOURCES)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def runs(store: Engine) -> dict[str, Outcome]:
    """Every source pulled once, by name."""
    return {each["name"]: pulled(store, each["name"]) for each in SOURCES}


def stored(store: Engine, table: str, source: str) -> list[Row]:
    return ask(
        store,
        f"SELECT row.* FROM {table} row JOIN source ON source.id = row.source_id"
        " WHERE source.name = :name ORDER BY row.id",
        name=source,
    )


def test_every_real_file_is_configured_here() -> None:
    there = {*(DATA / "workbooks").glob("*/*.xlsx"), *DOMAIN.glob("*.csv")}
    read = {Path(each["folder"]) / book["path"] for each in SOURCES for book in each["workbooks"]}

    assert len(there) == 15
    assert read == there


@pytest.mark.parametrize(
    ("name", "table", "count"),
    [
        ("issues", "raid_item", 5),
        ("risks", "raid_item", 3),
        ("empty-log", "raid_item", 0),
        ("plan", "milestone", 39),
        ("tables", "milestone", 33 + 39),
        ("tables", "raid_item", 4 + 6),
        ("tables", "cost_line", 0),
        ("water", "scope", 445),
        ("engineers", "raid_item", 57),
    ],
)
def test_a_real_file_gives_the_rows_a_person_counts(
    store: Engine, runs: dict[str, Outcome], name: str, table: str, count: int
) -> None:
    assert runs[name].state == ("partial" if name == "tables" else "succeeded"), runs[name].error
    assert len(stored(store, table, name)) == count


@pytest.mark.parametrize(
    ("number", "path"), list(enumerate(NONE_OF_THE_FOUR)), ids=lambda value: str(value)[-25:]
)
def test_a_file_of_none_of_the_four_kinds_is_refused_with_where_and_why_and_what_to_do(
    runs: dict[str, Outcome], number: int, path: Path
) -> None:
    found = runs[f"none-{number}"]

    assert found.state == "partial"
    assert found.ledger == {}
    # Once the source, once the file, then what is missing, what was seen, and what to do.
    assert found.error.startswith(f"none-{number}: {path.name}!")
    assert f"does not look like a sheet of {NONE_OF_THE_FOUR[path]}: no column " in found.error
    assert "was understood; row " in found.error
    assert "Name the columns with `columns` and `key`, or correct `sheet` or `holds`" in found.error
    assert found.error.count(f"{path.name}!") == 1
    assert len(found.error.splitlines()) == 1


def test_the_empty_risk_log_gives_0_risks_and_a_warning_not_21_empty_ones(
    store: Engine, runs: dict[str, Outcome]
) -> None:
    found = runs["empty-log"]

    assert stored(store, "raid_item", "empty-log") == []
    assert found.counts("raid") == (0, 0, 0)
    [warning] = found.warnings
    assert warning.startswith("Risk_Log.xlsx!Risk Log: 0 risks, issues, assumptions or dependencies: ")
    assert warning.endswith("there is a header in row 1 and no usable row under it")


def test_one_sheet_that_is_no_plan_does_not_stop_the_other_five(runs: dict[str, Outcome]) -> None:
    found = runs["tables"]

    assert found.error.startswith(
        "tables: Tables.xlsx, Burndown Chart: does not look like a sheet of milestones"
    )
    assert found.counts("milestones") == (72, 0, 0)
    assert found.counts("raid") == (10, 3, 13)
    assert found.ledger["raid"]["filters"] == {"empty row": 12, "repeated header": 1}
    assert found.ledger["costs"]["filters"] == {"no amount in the row": 25}
    assert any("month 'Jan' has no year" in each and "set `year`" in each for each in found.warnings)


def test_rows_that_repeat_a_key_are_rejected_with_their_cell_and_the_row_that_is_kept(
    runs: dict[str, Outcome],
) -> None:
    assert runs["tables"].rejected == {
        f"Tables.xlsx!Risk Log!A{row}": f"Id '{key}' is also in row {first}, which is kept; row {row} is not. Give "
        "one of them another Id or delete it"
        for row, key, first in ((14, 1, 2), (22, 2, 3), (23, 3, 4))
    }
    assert list(runs["engineers"].rejected) == [
        "usace_risks.csv!usace_risks!B43",
        "usace_risks.csv!usace_risks!B58",
    ]
    assert "RISK_NO 'PMM-3' is also in row 42" in runs["engineers"].words


def test_a_text_where_a_date_belongs_is_named_by_its_cell_and_stays_unknown(
    store: Engine, runs: dict[str, Outcome]
) -> None:
    assert [each for each in runs["risks"].warnings if "date" in each] == [
        f"Risk_Register.xlsx!Issue Register!P{row}: '{text}' is no date; proximity stays unknown there"
        for row, text in ((2, "This month"), (3, "Next 6 months"), (4, "Next 6 months"))
    ]
    found = stored(store, "raid_item", "risks")
    assert [row["proximity"] for row in found] == [None, None, None]
    assert [row["cost_impact"] for row in found] == [None, None, None]  # nothing says which dollars they are
    assert sum("shown only as '$'" in each for each in runs["risks"].warnings) == 3
    assert {row["kind"] for row in found} == {"risk"}  # its one sheet is called Issue Register
    assert found[0]["locator"] == "Risk_Register.xlsx!Issue Register!A2"


def test_the_plans_headings_have_no_date_and_its_tasks_do(store: Engine, runs: dict[str, Outcome]) -> None:
    found = stored(store, "milestone", "plan")

    assert runs["plan"].warnings == []
    assert sum(row["forecast"] is None for row in found) == 9
    assert (found[1]["name"], str(found[1]["forecast"])) == ("Design Network", "2023-02-13")


def test_445_capital_projects_become_a_portfolio_whose_every_number_has_its_cell(
    store: Engine, runs: dict[str, Outcome]
) -> None:
    assert runs["water"].counts("projects") == (445, 0, 0)
    now = utc_now()
    consolidate(store, as_of=now.date(), known_at=now)

    with Session(store) as session:
        document = status_document(session)
        [cost] = explain(session, "Q05640", "forecast_cost")["claims"]
    by_key = {project["key"]: project for project in document["projects"]}
    assert len(by_key) == 445
    assert by_key["Q05388"]["programme"] == "Major Works - Framework"
    # Nobody says what was planned or budgeted, so nothing is green.
    assert {project["overall"] for project in by_key.values()} == {"GREY"}
    assert (cost["value"], cost["wins"]) == ("2066075.59", True)  # the file says 2066075.5899999999
    assert (
        cost["raw"]["locator"] == "melbourne_water_capital_projects.csv!melbourne_water_capital_projects!B3"
    )


def test_the_same_files_again_are_not_read_again(store: Engine, runs: dict[str, Outcome]) -> None:
    again = pulled(store, "risks")

    assert runs["risks"].counts("raid") == (3, 0, 3)
    assert again.state == "succeeded"
    assert again.ledger == {}
    assert len(stored(store, "raid_item", "risks")) == 3
