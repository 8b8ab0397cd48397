"""The second root, with the names of Project Online's retired feed: what reports that lost it ask for."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.feed.projectdata.model import projectdata
from api.feed.projectdata.names import PROJECT, held
from tests.support.feed_rows import AMENDED, GONE

ROOT = "/odata/projectdata/"
DOCS = Path(__file__).parents[2] / "docs" / "projectdata.md"


def rows(web: TestClient, what: str) -> list[dict[str, Any]]:
    answer = web.get(f"{ROOT}{what}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


@pytest.mark.parametrize("name", [each.name for each in projectdata().sets])
def test_every_set_gives_its_rows_in_every_way(web: TestClient, name: str) -> None:
    type_ = projectdata().by_name[name].type
    names = list(type_.all_properties())
    rows(web, f"{name}?$select={','.join(names)}&$orderby={names[0]} desc&$top=2&$count=true")
    rows(web, f"{name}?$filter={' or '.join(f'{each} ne null' for each in names)}&$top=1&$expand=*($top=1)")


def test_what_reports_are_known_to_ask_for_is_answered(web: TestClient) -> None:
    """The queries that the retired feed's own reference and reports in public repositories show."""
    projects = rows(
        web, "Projects?$select=ProjectId,ProjectName,ProjectStartDate,ProjectFinishDate&$orderby=ProjectName"
    )
    assert len(projects) == 12
    one = projects[0]["ProjectId"]
    assert rows(web, f"Tasks?$filter=ProjectId eq {one} and TaskIsMilestone&$select=TaskName,TaskFinishDate")
    name = projects[0]["ProjectName"].replace("'", "''")
    whole = rows(
        web,
        f"Tasks?$filter=ProjectName eq '{name}' and TaskIsSummary eq false and TaskIsProjectSummary eq false",
    )
    assert whole
    assert rows(web, f"Projects({one})/Tasks?$top=1")
    assert rows(web, f"Risks?$filter=ProjectName eq '{name}'&$select=Title,Status,Owner,DueDate")
    rows(
        web,
        "Assignments?$filter=TaskIsActive eq true&$select=ResourceName&$orderby=ProjectName,ResourceName",
    )
    assert web.get(f"{ROOT}[en-US]/Projects/$count").text == "12"
    assert web.get(f"{ROOT}%5Ben-us%5D/Projects/$count").text == "12"


def test_figures_are_those_of_the_newest_status(seeded: Engine, web: TestClient) -> None:
    with seeded.connect() as connection:
        told = {
            row.id: row
            for row in connection.execute(
                text("SELECT DISTINCT ON (project_id) project_id::text AS id, as_of, document FROM snapshot"
                     " ORDER BY project_id, as_of DESC, known_at DESC")
            )
        }  # fmt: skip
    for found in rows(web, "Projects"):
        newest = told[found["ProjectId"]]
        figures = newest.document["figures"]
        assert found["ProjectBudgetCost"] == (None if figures["budget"] is None else float(figures["budget"]))
        assert found["ProjectStatusDate"] == f"{newest.as_of}T00:00:00Z"
        assert found["ProjectManagerName"] == newest.document.get("manager")
        cpi = newest.document.get("measures", {}).get("cpi", {}).get("value")
        assert found["ProjectCPI"] == cpi
    assert [each for each in rows(web, "Projects") if each["ProjectCPI"] is not None]


def test_tasks_are_the_work_items_and_milestones_that_are_there_each_once(
    seeded: Engine, web: TestClient
) -> None:
    with seeded.connect() as connection:
        items = connection.scalar(
            text("SELECT count(*) FROM work_item w JOIN scope s ON s.source_id = w.source_id"
                 " AND s.external_id = w.scope_external_id WHERE s.project_id IS NOT NULL AND w.deleted_at IS NULL")
        )  # fmt: skip
        planned = connection.scalar(
            text(
                "SELECT count(*) FROM milestone WHERE known_to IS NULL AND NOT deleted AND amends_source_id IS NULL"
            )
        )
    found = int(web.get(f"{ROOT}Tasks/$count").text)
    assert found == items + planned - 1  # one item is the milestone of a plan
    assert int(web.get(f"{ROOT}Milestones/$count").text) >= planned
    ids = {row["TaskId"] for row in rows(web, "Tasks?$select=TaskId")}
    assert len(ids) == found
    with seeded.connect() as connection:
        numbered = connection.scalar(text("SELECT key FROM work_item WHERE id = 4"))
    assert rows(web, f"Tasks?$filter=TaskHyperLinkFriendlyName eq '{numbered}'")
    assert rows(web, "Tasks?$filter=TaskName eq '1.0 Pilot' and TaskIsMilestone")
    names = {row["TaskHyperLinkFriendlyName"]: row for row in rows(web, "Milestones")}
    assert GONE not in names
    assert names[AMENDED]["TaskFinishDate"] == names[AMENDED]["TaskActualFinishDate"] is not None
    assert names[AMENDED]["TaskName"] == "Design approved"


def test_ways_lead_to_the_rows_they_say(web: TestClient) -> None:
    [task] = rows(web, "Tasks?$filter=Assignments/$count gt 0&$top=1&$expand=Assignments,Project")
    assert task["Assignments"][0]["TaskId"] == task["TaskId"]
    assert task["Project"]["ProjectId"] == task["ProjectId"]
    planned = rows(web, "Milestones?$filter=Baselines/$count gt 0&$top=1&$expand=Baselines")[0]
    assert planned["Baselines"][0]["TaskBaselineFinishDate"] is not None


def test_a_chance_is_a_percent_and_a_score_is_none(seeded: Engine, web: TestClient) -> None:
    with seeded.connect() as connection:
        assert connection.scalar(text("SELECT count(chance) FROM raid_item")) == 0
    found = rows(web, "Risks")
    assert found
    assert {row["Probability"] for row in found} == {None}
    assert {row["Impact"] for row in found} <= {1.0, 2.0, 3.0, 4.0, 5.0, None}


def test_who_may_see_some_projects_sees_no_others(some: TestClient) -> None:
    [project] = rows(some, "Projects?$select=ProjectId")
    for each in projectdata().sets:
        found = rows(some, each.name)
        if "ProjectId" in each.type.all_properties():
            assert {row["ProjectId"] for row in found} <= {project["ProjectId"]}
    assert rows(some, "Resources") == []
    assert rows(some, "Assignments?$filter=Resource/ResourceName ne null") == []


@pytest.mark.parametrize("name", ["Assignments", "Projects", "Tasks"])
def test_one_row_for_all_is_counted_like_any_other_result(web: TestClient, name: str) -> None:
    asked = "$apply=aggregate($count as N)&$compute=1 add 1 as Two&$count=true"
    found = web.get(f"{ROOT}{name}?{asked}")
    assert found.status_code == 200, found.text
    assert (found.json()["@odata.count"], found.json()["value"][0]["Two"]) == (1, 2)
    assert web.get(f"{ROOT}{name}/$count?$apply=aggregate($count as N)").text == "1"


def test_a_former_day_is_not_silently_left_out(web: TestClient) -> None:
    answer = web.get(f"{ROOT}Projects?as_of=2026-11-01")
    assert answer.status_code == 400
    assert "/odata/v1/" in answer.json()["error"]["message"]


def test_nothing_is_carried_under_a_name_that_never_was() -> None:
    with pytest.raises(KeyError, match="ProjectColour"):
        held(PROJECT, {"ProjectColour": None}, key=("ProjectId",))


def test_the_documentation_says_of_every_column_whether_it_is_filled() -> None:
    told: dict[str, tuple[set[str], set[str]]] = {}
    for part in DOCS.read_text(encoding="utf-8").split("\n## ")[1:]:
        name, _, body = part.partition("\n")
        table = [line.split("|")[1] for line in body.splitlines() if line.startswith("| `")]
        empty = body.partition("\nNull: ")[2].rstrip(".\n")
        told[name] = (
            set(re.findall(r"`(\w+)`", " ".join(table))),
            set(empty.replace("\n", " ").split(", ")) - {""},
        )
    for each in projectdata().sets:
        if each.name == "Milestones":
            continue
        properties = each.type.all_properties()
        filled = {name for name, one in properties.items() if one.says != "Not carried"}
        assert told[each.name] == (filled, properties.keys() - filled), each.name
