"""What a token of some projects is shown: nothing of another project, in no set and no column of either root."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from api.feed.models import model_of
from api.feed.projectdata.model import projectdata
from api.odata.exchange import Request
from api.odata.service import Service

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROOTS = {"v1": model_of(None), "projectdata": projectdata()}
SETS = [(root, each.name) for root, model in ROOTS.items() for each in model.sets]
HIDDEN = "HIDDEN-NAME"
_ELSEWHERE = (
    "source_id, scope_external_id) IN (SELECT source_id, external_id FROM scope WHERE project_id <> :portal)"
)
# Every text that is of other projects alone is another word, and one item of theirs is above one of PORTAL's.
_MARKED = (
    "UPDATE project SET name = :word, key = :word || key WHERE id <> :portal",
    (
        "UPDATE programme SET name = :word || id WHERE id NOT IN (SELECT programme_id FROM programme_project"
        " WHERE project_id = :portal)"
    ),
    "INSERT INTO portfolio (key, name, timezone, currency) VALUES (:word, :word, 'UTC', 'EUR')",
    f"UPDATE work_item SET title = :word, key = :word || id, assignee = :word WHERE ({_ELSEWHERE}",
    "UPDATE milestone SET name = :word WHERE project_id <> :portal",
    "UPDATE raid_item SET title = :word, owner = :word, cause = :word WHERE project_id <> :portal",
    "UPDATE cost_line SET category = :word WHERE project_id <> :portal",
    (
        "UPDATE snapshot SET document = document || jsonb_build_object('name', CAST(:word AS text))"
        " WHERE project_id <> :portal"
    ),
    "UPDATE finding SET says = :word WHERE project_id <> :portal",
    "UPDATE claim SET value = to_jsonb(CAST(:word AS text)) WHERE project_id <> :portal",
    "UPDATE person SET display_name = :word",
    (
        "INSERT INTO iteration (source_id, external_id, name) SELECT id, 'sprint ' || n,"
        " CASE n WHEN 1 THEN 'Sprint 1' ELSE :word END FROM source, generate_series(1, 3) AS n"
    ),
    (
        "INSERT INTO work_item_iteration (source_id, item_external_id, external_id)"
        " SELECT source_id, external_id, CASE WHEN title = :word THEN 'sprint 2' ELSE 'sprint 1' END FROM work_item"
    ),
    (
        "UPDATE iteration SET scope_external_id = s.external_id FROM scope s WHERE iteration.external_id = 'sprint 3'"
        " AND s.source_id = iteration.source_id AND s.project_id <> :portal"
    ),
    (
        "UPDATE work_item SET parent_external_id = (SELECT min(external_id) FROM work_item other"
        " WHERE other.source_id = work_item.source_id AND other.title = :word AND other.deleted_at IS NULL)"
        " WHERE title <> :word"
    ),
)


@pytest.fixture(scope="module")
def portal(seeded: Engine) -> Any:
    with seeded.connect() as connection:
        return connection.scalar(text("SELECT id FROM project WHERE key = 'PORTAL'"))


@pytest.fixture(scope="module")
def marked(seeded: Engine, portal: Any) -> Iterator[Connection]:
    with seeded.connect() as connection, connection.begin() as work:
        for statement in _MARKED:
            connection.execute(text(statement), {"word": HIDDEN, "portal": portal})
        yield connection
        work.rollback()


def asked(connection: Connection, root: str, what: str, caller: Any) -> bytes:
    path, _, query = what.partition("?")
    request = Request("GET", path, query, {"prefer": ["maxpagesize=10000"]}, "http://x/")
    answer = Service(ROOTS[root]).answer(request, connection, caller=caller, now=NOW)
    assert answer.status == 200, answer.body
    assert b"@odata.nextLink" not in answer.body
    return answer.body


@pytest.mark.parametrize(("root", "name"), SETS)
def test_no_set_shows_anything_of_a_project_that_is_not_to_be_seen(
    marked: Connection, portal: Any, root: str, name: str
) -> None:
    body = asked(marked, root, name, frozenset({portal}))
    assert HIDDEN.encode() not in body
    few = orjson.loads(body)["value"]
    assert {row.get("ProjectId") for row in few} <= {str(portal), None}
    properties = ROOTS[root].by_name[name].type.all_properties()
    texts = [each.name for each in properties.values() if each.type == "Edm.String"]
    some = quote(" or ".join(f"contains({each},'{HIDDEN}')" for each in texts) or "false")
    assert asked(marked, root, f"{name}/$count?$filter={some}", frozenset({portal})) == b"0"
    assert name == "CurrencyRates" or asked(marked, root, f"{name}/$count", frozenset()) == b"0"


def test_what_is_marked_is_there_for_those_who_see_everything(marked: Connection) -> None:
    for root, name in (
        ("v1", "Programmes"), ("v1", "Portfolios"), ("v1", "WorkItems"), ("v1", "Iterations"), ("v1", "Projects"),
        ("v1", "WorkItemIterations"), ("projectdata", "Tasks"), ("projectdata", "Risks"),
    ):  # fmt: skip
        assert HIDDEN.encode() in asked(marked, root, name, None), name


def test_programmes_and_portfolios_are_those_of_the_projects_that_are_seen(
    some: TestClient, web: TestClient
) -> None:
    def names(who: TestClient, what: str, name: str) -> list[str]:
        return [row[name] for row in who.get(f"/odata/v1/{what}").json()["value"]]

    theirs = names(some, "Projects", "ProgrammeName")
    assert names(some, "Programmes", "ProgrammeName") == theirs
    assert len(theirs) == 1 < len(names(web, "Programmes", "ProgrammeName"))
    assert len(names(some, "Portfolios", "PortfolioKey")) == 1


def test_the_iterations_that_items_name_are_seen_with_them(marked: Connection, portal: Any) -> None:
    found = orjson.loads(asked(marked, "v1", "Iterations", frozenset({portal})))["value"]
    assert {row["IterationName"] for row in found} == {"Sprint 1"}
    planned = orjson.loads(asked(marked, "v1", "WorkItemIterations", frozenset({portal})))["value"]
    assert planned
    assert {row["IterationId"] for row in planned} == {row["IterationId"] for row in found}


def test_a_task_has_the_task_above_it_where_that_is_of_its_project(marked: Connection, portal: Any) -> None:
    mine = orjson.loads(asked(marked, "projectdata", "Tasks", frozenset({portal})))["value"]
    assert {row["ParentTaskName"] for row in mine} == {None}
    marked.execute(
        text("UPDATE work_item SET parent_external_id = (SELECT min(w.external_id) FROM work_item w JOIN scope s"
             " ON s.source_id = w.source_id AND s.external_id = w.scope_external_id WHERE s.project_id = :portal"
             " AND w.deleted_at IS NULL) WHERE title <> :word"),
        {"portal": portal, "word": HIDDEN},
    )  # fmt: skip
    mine = orjson.loads(asked(marked, "projectdata", "Tasks", frozenset({portal})))["value"]
    above = {row["ParentTaskId"] for row in mine} - {None}
    assert above == {row["TaskId"] for row in mine if row["TaskIsSummary"]}
    assert len(above) == 1


@pytest.mark.parametrize(
    "behind", ["", "/$count", "?$filter=Points gt 1", "?$apply=aggregate($count as Items)"]
)
def test_rows_of_a_row_that_is_not_there_are_not_there_either(
    some: TestClient, web: TestClient, behind: str
) -> None:
    unknown = "Projects(00000000-0000-4000-8000-000000000000)/WorkItems"
    answer = web.get(f"/odata/v1/{unknown}{behind}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
    theirs = [row["ProjectId"] for row in web.get("/odata/v1/Projects?$select=ProjectId").json()["value"]]
    told = [some.get(f"/odata/v1/Projects({each})/WorkItems{behind}").status_code for each in theirs]
    assert sorted(told) == [200, *[404] * 11]
    assert web.get("/odata/v1/WorkItems(1)/Transitions/$count").text == "0"
