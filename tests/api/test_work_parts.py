"""What belongs to work items, by REST: whose it is, what may be asked for, and who may see it."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from tests.support.any_rows import add_row
from tests.support.api_client import client

AT = datetime(2026, 11, 2, 2, tzinfo=UTC)
PARTS = ("transitions", "work-item-links", "work-item-iterations", "comments", "worklogs")


def item_of(connection: Connection, project: str, key: str, source: int) -> dict[str, Any]:
    """Add a work item of a project of its own."""
    held = add_row(connection, "project", key=project, origin="register")
    scope = add_row(connection, "scope", kind="jira_project", project_id=held["id"], source_id=source)
    named = {"source_id": source, "scope_external_id": scope["external_id"], "external_id": f"x{key}"}
    return add_row(connection, "work_item", key=key, **named)


def parts_of(connection: Connection, item: dict[str, Any], other: dict[str, Any]) -> None:
    """Give an item one part of each kind, the link leading to another item."""
    whose = {"source_id": item["source_id"], "item_external_id": item["external_id"]}
    add_row(connection, "transition", **whose, field="status", from_value="To Do", to_value="Done",
            at=AT)  # fmt: skip
    leads = {"other_external_id": other["external_id"], "other_key": other["key"], "direction": "inward"}
    add_row(connection, "work_item_link", **whose, **leads)
    add_row(connection, "work_item_iteration", **whose)
    add_row(connection, "comment", **whose, text="said")
    add_row(connection, "worklog", **whose, hours=1.5)


def seeded(engine: Engine) -> None:
    with engine.begin() as connection:
        source = add_row(connection, "source")["id"]
        mine = item_of(connection, "APOLLO", "APO-1", source)
        theirs = item_of(connection, "LEDGER", "LED-1", source)
        parts_of(connection, mine, theirs)
        parts_of(connection, theirs, mine)


def test_parts_of_items_say_whose_they_are_and_are_asked_for_by_it(engine: Engine) -> None:
    seeded(engine)
    with engine.begin() as connection:
        whose = connection.execute(
            text("SELECT source_id, external_id FROM work_item WHERE key = 'APO-1'")
        ).one()
        add_row(connection, "work_item_key", source_id=whose[0], item_external_id=whose[1], key="OLD-7")
    asking = client(engine)

    def keys(noun: str, **asked: str) -> list[str]:
        answer = asking.get(f"/api/v1/{noun}", params=asked)
        assert answer.status_code == 200, answer.text
        return [row["key"] for row in answer.json()["items"]]

    for noun in PARTS:
        assert keys(noun) == ["APO-1", "LED-1"], noun
        assert keys(noun, project="LEDGER") == ["LED-1"], noun
        assert keys(noun, item="OLD-7") == ["APO-1"], "a former key leads to the item"
        assert keys(noun, item="none") == keys(noun, source="none") == [], noun
        assert keys(noun, changed_since="2000-01-01T00:00:00Z") == ["APO-1", "LED-1"], noun
        assert keys(noun, changed_since="2999-01-01T00:00:00Z") == [], noun
    assert keys("transitions", field="status", since="2026-11-02T02:00:00Z") == ["APO-1", "LED-1"]
    assert keys("transitions", until="2026-11-02T02:00:00Z") == keys("transitions", field="points") == []
    [change] = asking.get("/api/v1/transitions", params={"project": "APOLLO"}).json()["items"]
    assert (change["from_value"], change["to_value"], change["at"]) == (
        "To Do",
        "Done",
        "2026-11-02T02:00:00Z",
    )


def test_a_token_for_one_project_sees_its_parts_and_of_the_other_only_that_a_link_leads_there(
    engine: Engine,
) -> None:
    seeded(engine)
    asking = client(engine, projects=["APOLLO"])
    for noun in PARTS:
        answer = asking.get(f"/api/v1/{noun}")
        assert [row["project"] for row in answer.json()["items"]] == ["APOLLO"], noun
        assert "LED" not in answer.text, noun
    [link] = asking.get("/api/v1/work-item-links").json()["items"]
    assert (link["other"], link["other_key"]) == (None, None)
    [link] = (
        client(engine, name="all")
        .get("/api/v1/work-item-links", params={"project": "APOLLO"})
        .json()["items"]
    )
    assert link["other_key"] == "LED-1"
