"""What is new or changed since an instant: of every listing, by the hub's own clock."""

from typing import Any

from sqlalchemy import Connection, Engine, text

from api.app import create_app, described
from tests.support.any_rows import add_row
from tests.support.api_client import client

# Whose rows say themselves when something came of them; the others are stamped by the database.
CHANGES = {
    "scopes": ("scope", "name = 'changed'", {"kind": "jira_project"}),
    "iterations": ("iteration", "state = 'past'", {}),
    "work-items": ("work_item", "title = 'changed'", {}),
    "people": ("person", "display_name = 'changed'", {}),
    "outbox": ("outbox_event", "delivered_at = clock_timestamp()", {}),
    "settling-rules": ("settling_rule", "ended_at = clock_timestamp()", {"prefer": "latest"}),
}  # fmt: skip
SHOWN = {"scopes": "external_id", "work-items": "external_id"}


def listings(engine: Engine) -> dict[str, list[str]]:
    """Return every listing with the names of its parameters."""
    paths = described(create_app(engine))["paths"].items()
    told = {
        path: [each["name"] for each in asked.get("get", {}).get("parameters", ())] for path, asked in paths
    }
    return {path: names for path, names in told.items() if "limit" in names}


def now(connection: Connection) -> str:
    form = 'YYYY-MM-DD"T"HH24:MI:SS.USZ'
    return str(connection.scalar(text(f"SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '{form}')")))


def test_every_listing_can_be_asked_for_what_changed(engine: Engine) -> None:
    without = {path for path, names in listings(engine).items() if "changed_since" not in names}
    # What is found is not followed, how fresh a source is changes by the minute, and the audit log, which is added to
    # and never changed, has `since`; it says what changed of accounts too. Views are a handful of one's own.
    excused = {f"/api/v1/{noun}" for noun in ("search", "sources", "audit-events", "accounts", "views")}
    assert without == excused & listings(engine).keys()


def test_a_row_that_changes_is_listed_and_one_that_does_not_is_not(engine: Engine) -> None:
    asking = client(engine)
    for noun, (table, change, given) in CHANGES.items():
        name = SHOWN.get(noun, "id")
        with engine.begin() as connection:
            rows = [add_row(connection, table, **given) for _ in range(3)]
            mark = now(connection)
        with engine.begin() as connection:
            statement = f"UPDATE {table} SET {change} WHERE {name}::text = :one"
            assert connection.execute(text(statement), {"one": str(rows[1][name])}).rowcount == 1
            later = add_row(connection, table, **given) | {"new": True}
            if table in {"outbox_event", "settling_rule"}:
                connection.execute(
                    text(f"UPDATE {table} SET at = clock_timestamp() WHERE id = {later['id']}")
                )
            connection.execute(text("UPDATE source SET updated_at = clock_timestamp()"))
        found = asking.get(f"/api/v1/{noun}", params={"changed_since": mark})
        assert found.status_code == 200, found.text
        listed = {str(row[name]) for row in found.json()["items"]}
        assert listed == {str(rows[1][name]), str(later[name])}, noun


def test_an_account_that_changes_hands_changes_both_people(engine: Engine) -> None:
    asking = client(engine)
    with engine.begin() as connection:
        one, other, third = (add_row(connection, "person") for _ in range(3))
        account = add_row(connection, "identity", person_id=one["id"])
        mark = now(connection)

    def changed() -> set[str]:
        found = asking.get("/api/v1/people", params={"changed_since": mark}).json()["items"]
        return {str(row["id"]) for row in found}

    assert changed() == set()
    with engine.begin() as connection:
        give: dict[str, Any] = {"to": other["id"], "id": account["id"]}
        connection.execute(text("UPDATE identity SET person_id = :to WHERE id = :id"), give)
        connection.execute(text("UPDATE source SET updated_at = clock_timestamp()"))
    assert changed() == {str(one["id"]), str(other["id"])}
    assert str(third["id"]) not in changed()
