"""Every listing, paged while rows come, change and go: nothing twice, nothing lost, whatever its table."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from api.app import create_app, described
from tests.support.any_rows import add_row
from tests.support.api_client import client

Row = dict[str, Any]
RECORDS = {
    "milestones": "milestone", "raid-items": "raid_item", "costs": "cost_line", "contracts": "contract",
    "benefits": "benefit", "roles": "project_role", "utilisation": "utilisation", "baselines": "baseline",
    "quality-reviews": "quality_review", "change-requests": "change_request", "decisions": "decision",
    "gate-criteria": "gate_criterion", "work-plan": "work_plan_line",
}  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """A listing: the table its rows are of, what names a row in both, and what a row needs to be in it."""

    table: str
    shown: str = "id"
    column: str = "id"
    given: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    newest_first: bool = False
    change: str = ""  # SQL that changes a row and leaves it in the listing


LISTINGS = {
    "projects": Listing("project", "key", "key", {"origin": "register"}, change="name = 'changed'"),
    "work-items": Listing("work_item", "external_id", "external_id", change="title = 'changed', updated_at = now()"),
    "findings": Listing("finding", given={"kind": "missing", "severity": "warn", "record_ref": ""},
                        change="severity = 'block', moved_at = now()"),
    "disputes": Listing("dispute", given={"value": 1}, query="&state=all", change="answer = 'upheld'"),
    "scopes": Listing("scope", "external_id", "external_id", {"kind": "jira_project"}, change="name = 'changed'"),
    "runs": Listing("run", given={"state": "queued", "mode": "full"}, newest_first=True, change="state = 'failed'"),
    "questions": Listing("question", given={"kind": "imbalance"}, newest_first=True, change="accepted_at = now()"),
    "rejects": Listing("rejected_record", given={"kind": "record"}, newest_first=True, change="attempts = 9"),
    "absences": Listing("absence", newest_first=True, change="ended_at = now()"),
    "drift": Listing("drift", given={"kind": "new"}, newest_first=True, change="last_seen = now()"),
    "match-proposals": Listing("match_proposal", given={"kind": "scope", "state": "open"}, change="changed_at = now()"),
    "people": Listing("person", change="display_name = 'changed'"),
    "conflicts": Listing("claim_conflict", change="changed_at = now()"),
    "settling-rules": Listing("settling_rule", given={"prefer": "latest"}, newest_first=True,
                              change="ended_at = now()"),
    "cycles": Listing("cycle", given={"state": "open"}, newest_first=True, change="state = 'closed'"),
    "snapshots": Listing("snapshot", given={"overall": "RED"}, change="health = 1"),
    "claims": Listing("claim", given={"value": 1}, change="unit = 'GBP'"),
    "rates": Listing("currency_rate", change="known_to = now()"),
    "iterations": Listing("iteration", change="state = 'past'"),
    "outbox": Listing("outbox_event", change="delivered_at = now()"),
    "workbook-conflicts": Listing("workbook_cell", given={"kind": "conflict"}, newest_first=True,
                                  change="says = 'changed'"),
    "workbook_conflicts": Listing("workbook_cell", given={"kind": "conflict"}, newest_first=True,
                                  change="says = 'changed'"),
    "waivers": Listing("waiver", newest_first=True, change="ended_at = now()"),
    "tailorings": Listing("tailoring", newest_first=True, change="ended_at = now()"),
    "mapping-versions": Listing("mapping_version", newest_first=True, change="note = 'changed'"),
    "hand-claims": Listing("hand_claim", newest_first=True, change="ended_at = now()"),
}  # fmt: skip
# Few, and made whole before they are cut into pages; tested below.
SHORT = {"sources": "name", "templates": "id", "policies": "policy", "views": "name"}
# Tested below, with the items they are parts of.
PARTS = {
    "transitions": "transition", "work-item-links": "work_item_link", "work-item-iterations": "work_item_iteration",
    "comments": "comment", "worklogs": "worklog",
}  # fmt: skip
# No row of these ever goes: tests/api/test_audit_pages.py, tests/api/test_accounts.py.
APPENDED = {"audit-events", "accounts"}


def listed(engine: Engine) -> set[str]:
    """The routes that page, by the API's own description."""
    return {
        path.removeprefix("/api/v1/")
        for path, operations in described(create_app(engine))["paths"].items()
        if any(each["name"] == "cursor" for each in operations.get("get", {}).get("parameters", ()))
    }


def page(asking: TestClient, noun: str, listing: Listing, cursor: str | None) -> tuple[list[Any], str | None]:
    params = f"limit=4{listing.query}" + (f"&cursor={cursor}" if cursor else "")
    answer = asking.get(f"/api/v1/{noun}?{params}")
    assert answer.status_code == 200, (noun, answer.text)
    found = answer.json()
    return [str(row[listing.shown]) for row in found.get("items", found.get("runs"))], found["next"]


def paged(
    asking: TestClient, noun: str, listing: Listing, meanwhile: Callable[[list[Any]], None] | None = None
) -> list[Any]:
    """Read a listing to its end, with something going on after the first page."""
    seen, cursor = page(asking, noun, listing, None)
    if meanwhile is not None:
        meanwhile(seen)
    while cursor:
        more, cursor = page(asking, noun, listing, cursor)
        seen += more
    return seen


def noticed(connection: Connection) -> None:
    """Move the version of the data on, as every write of the hub's own does."""
    if not connection.execute(text("UPDATE source SET updated_at = clock_timestamp()")).rowcount:
        add_row(connection, "source")


def add(connection: Connection, listing: Listing, many: int) -> list[str]:
    rows = []
    for _ in range(many):
        own = (
            {"claim_id": add_row(connection, "claim", value=1)["id"]} if listing.table == "hand_claim" else {}
        )
        rows.append(add_row(connection, listing.table, **listing.given, **own))
    return [str(row[listing.column]) for row in rows]


def own_tables(engine: Engine, noun: str, listing: Listing, asking: TestClient) -> None:
    """Hold one listing of plain rows to it."""
    with engine.begin() as connection:
        add(connection, listing, 12)
    before = paged(asking, noun, listing)
    assert len(before) == len(set(before)) >= 12, noun
    gone = {before[1], before[-2]}
    fresh: list[str] = []

    def meanwhile(seen: list[Any]) -> None:
        assert seen == before[:4]
        kept = [one for one in before if one not in gone]
        with engine.begin() as connection:
            for ids, statement in (
                (gone, f"DELETE FROM {listing.table}"),
                ([kept[0], kept[1], kept[6]], f"UPDATE {listing.table} SET {listing.change}"),
            ):
                where = f" WHERE {listing.column}::text = ANY(:ids)"
                assert connection.execute(text(statement + where), {"ids": list(ids)}).rowcount == len(ids)
            fresh.extend(add(connection, listing, 2))
            noticed(connection)

    after = paged(asking, noun, listing, meanwhile)

    assert len(after) == len(set(after)), f"{noun}: a row came twice"
    stood = [one for one in before if one not in gone]
    assert [one for one in after if one in stood] == stood, f"{noun}: a row was lost or moved"
    assert before[-2] not in after, noun
    if not listing.newest_first and listing.table not in (
        "project",
        "person",
    ):  # whose keys are in no order of time
        assert set(fresh) <= set(after), noun


def test_every_listing_is_among_these(engine: Engine) -> None:
    assert listed(engine) == RECORDS.keys() | LISTINGS.keys() | PARTS.keys() | SHORT.keys() | APPENDED


def test_rows_that_come_change_and_go_neither_double_nor_hide_others(engine: Engine) -> None:
    asking = client(engine)
    with engine.begin() as connection:
        add_row(connection, "portfolio", timezone="UTC")  # what a waiver's state is on a day goes by it
        add_row(connection, "workbook_returned", submission_id=add_row(connection, "submission")["id"])
    for noun, listing in LISTINGS.items():
        own_tables(engine, noun, listing, asking)


BY_SEVERITY = replace(LISTINGS["findings"], query="&sort=severity")


def test_findings_come_and_go_in_the_order_of_severity_too(engine: Engine) -> None:
    with engine.begin() as connection:
        add_row(connection, "portfolio", timezone="UTC")  # how old a finding is goes by its day
    own_tables(engine, "findings", BY_SEVERITY, client(engine))


def test_findings_that_become_more_or_less_grave_keep_the_places_of_the_first_page(engine: Engine) -> None:
    asking = client(engine)
    with engine.begin() as connection:
        add_row(connection, "portfolio", timezone="UTC")
        for severity in ("info", "warn", "block", "warn", "info", "warn", "block", "info", "warn"):
            add_row(connection, "finding", **BY_SEVERITY.given | {"severity": severity})
    before = paged(asking, "findings", BY_SEVERITY)
    becomes = text("UPDATE finding SET severity = :severity WHERE id = :id")

    with engine.connect() as slow:  # begun before the first page is read, and over only after it
        slow.execute(becomes, {"severity": "info", "id": int(before[5])})

        def meanwhile(seen: list[Any]) -> None:
            assert seen == before[:4]
            slow.commit()
            for severity, one in (
                ("info", before[0]),
                ("info", before[6]),
                ("block", before[6]),
                ("block", before[8]),
            ):
                with engine.begin() as connection:
                    connection.execute(becomes, {"severity": severity, "id": int(one)})
                    noticed(connection)

        assert paged(asking, "findings", BY_SEVERITY, meanwhile) == before
    anew = paged(asking, "findings", BY_SEVERITY)
    assert anew != before
    assert sorted(anew) == sorted(before)


def test_a_cursor_of_severities_that_was_made_up_is_no_page(engine: Engine) -> None:
    asking = client(engine)
    digest = hashlib.sha256(orjson.dumps(["/api/v1/findings", [["sort", "severity"]]])).hexdigest()[:12]
    made_up = (
        "1",
        "7:9:@1|12x",
        "7:9:8,,8@1|12",
        f"{'9' * 30}:9:@1|12",
        "7:9:8@1|1",
        "7:9:8,8@99999999999|1",
    )
    answers = []
    for last in made_up:
        cursor = base64.urlsafe_b64encode(orjson.dumps([last, digest])).decode().rstrip("=")
        answers.append(
            asking.get("/api/v1/findings", params={"sort": "severity", "cursor": cursor}).status_code
        )
    assert answers == [404, 404, 404, 404, 200, 200]


def test_records_whose_versions_change_keep_their_place(engine: Engine) -> None:
    """A new version is a new row with a younger number, and still the same record."""
    asking = client(engine)
    for noun, table in RECORDS.items():
        listing = Listing(table, "external_id", "external_id")
        with engine.begin() as connection:
            rows = {each["external_id"]: each for each in (add_row(connection, table) for _ in range(12))}
        before = paged(asking, noun, listing)
        assert sorted(before) == sorted(rows), noun

        def meanwhile(
            _seen: list[Any], before: list[Any] = before, rows: dict[str, Row] = rows, table: str = table
        ) -> None:
            with engine.begin() as connection:
                for one in (before[0], before[7]):
                    close = f"UPDATE {table} SET known_to = now() WHERE external_id = :one"
                    connection.execute(text(close), {"one": one})
                    add_row(
                        connection, table, external_id=one, source_id=rows[one]["source_id"], locator="newer"
                    )
                gone = f"UPDATE {table} SET known_to = now(), deleted = true WHERE external_id = ANY(:ids)"
                connection.execute(text(gone), {"ids": [before[1], before[8]]})
                add_row(connection, table, external_id="zz fresh")
                noticed(connection)

        after = paged(asking, noun, listing, meanwhile)

        assert after == [one for one in before if one != before[8]] + ["zz fresh"], noun
        changed = asking.get(
            f"/api/v1/{noun}", params={"changed_since": "2026-11-03T00:00:00Z", "limit": 1000}
        ).json()
        went = {row["external_id"] for row in changed["items"] if row["deleted_at"] is not None}
        assert went == {before[1], before[8]}, noun


def test_short_listings_go_on_behind_the_name_they_ended_with(engine: Engine) -> None:
    asking = client(engine)
    with engine.begin() as connection:
        for name in "cab":
            add_row(connection, "source", name=name)
    for name in "fed":
        kept = {"name": name, "address": f"/?q={name}", "shared": False}
        assert asking.post("/api/v1/views", json=kept).status_code == 201
    for noun, shown in SHORT.items():
        listing = Listing("", shown)
        whole = [row[shown] for row in asking.get(f"/api/v1/{noun}").json()["items"]]
        found, cursor = [], None
        while True:
            asked = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
            answer = asking.get(f"/api/v1/{noun}", params=asked).json()
            found += [row[listing.shown] for row in answer["items"]]
            if (cursor := answer["next"]) is None:
                break
            if noun == "sources" and len(found) == 2:  # one in front of all, and the next one goes
                with engine.begin() as connection:
                    add_row(connection, "source", name="aa")
                    connection.execute(text("DELETE FROM source WHERE name = 'c'"))
        assert found == [one for one in whole if one != "c"], noun


def test_parts_of_work_items_keep_their_place_while_items_are_read_anew(engine: Engine) -> None:
    asking = client(engine)
    with engine.begin() as connection:
        items = [add_row(connection, "work_item") for _ in range(4)]
    for noun, table in PARTS.items():
        with engine.begin() as connection:
            for item in items:
                whose = {"source_id": item["source_id"], "item_external_id": item["external_id"]}
                for number in (1, 2, 3):
                    given = {"direction": "inward"} if table == "work_item_link" else {}
                    add_row(connection, table, **whose, external_id=f"{item['id']}:{number}", **given)
            noticed(connection)
        listing = Listing(table, "external_id")
        before = paged(asking, noun, listing)
        assert before == [f"{item['id']}:{number}" for item in items for number in (1, 2, 3)], noun

        def meanwhile(_seen: list[Any], table: str = table) -> None:
            """Write a part in front of all, and take one of those still to come away."""
            with engine.begin() as connection:
                connection.execute(
                    text(f"UPDATE {table} SET external_id = 'a new one' WHERE external_id = :one"),
                    {"one": f"{items[0]['id']}:1"},
                )
                gone = {"one": f"{items[2]['id']}:2"}
                connection.execute(text(f"DELETE FROM {table} WHERE external_id = :one"), gone)
                noticed(connection)

        after = paged(asking, noun, listing, meanwhile)
        assert after == [one for one in before if one != f"{items[2]['id']}:2"], noun


def test_a_cursor_of_another_kind_is_no_page(engine: Engine) -> None:
    asking = client(engine)
    for noun in ("milestones", "work-items", "people", "outbox", "workbook-conflicts"):
        digest = hashlib.sha256(orjson.dumps([f"/api/v1/{noun}", []])).hexdigest()[:12]
        for last in ('[1,"x"]', '"x"', "1", "[1]", '["x",1]', "null", "{}", '[1,"\\u0000"]', "1e9"):
            cursor = base64.urlsafe_b64encode(f'[{last},"{digest}"]'.encode()).decode().rstrip("=")
            answer = asking.get(f"/api/v1/{noun}", params={"cursor": cursor})
            assert answer.status_code in (200, 404), (noun, last)
