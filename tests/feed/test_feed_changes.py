"""What the feed says of former days, of what changed, and of fields that trackers make up."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.feed.models import model_of
from api.odata.query.changes import since
from tests.support.feed_rows import AMENDED, GONE, MARKED

ROOT = "/odata/v1/"


def rows(web: TestClient, what: str, **headers: str) -> list[dict[str, Any]]:
    answer = web.get(f"{ROOT}{what}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_every_set_says_when_its_rows_changed_and_rows_that_stay_tell_of_their_end(web: TestClient) -> None:
    for each in model_of(None).sets:
        properties = each.type.all_properties()
        assert "ChangedAt" in properties, each.name
        if each.changes is not None:
            assert not properties["ChangedAt"].nullable
            tracked = web.get(f"{ROOT}{each.name}?$filter=false", headers={"Prefer": "odata.track-changes"})
            assert "@odata.deltaLink" in tracked.json(), each.name
            assert each.changes.gone == ("IsDeleted" if "IsDeleted" in properties else None)


def test_every_delta_link_is_followed_over_its_pages(web: TestClient) -> None:
    for each in model_of(None).sets:
        if each.changes is None:
            continue
        keys = ",".join(each.type.key_names())
        asked = f"{ROOT}{each.name}?$select={keys}"
        tracked = web.get(f"{asked}&$filter=false", headers={"Prefer": "odata.track-changes"}).json()
        nothing = web.get(tracked["@odata.deltaLink"])
        assert (nothing.status_code, nothing.json().get("value")) == (200, []), each.name
        link, _, token = tracked["@odata.deltaLink"].partition("$deltatoken=")
        # From long ago, so that all there is has changed since.
        long_ago = replace(since(token), mark="2001-01-01T00:00:00Z").text()
        told, url = 0, f"{link}$deltatoken={long_ago}"
        for page in range(3):
            answer = web.get(url, headers={"Prefer": "maxpagesize=2"})
            assert answer.status_code == 200, (each.name, page, answer.text)
            told += len(answer.json()["value"])
            if "@odata.nextLink" not in answer.json():
                break
            url = answer.json()["@odata.nextLink"]
        there = web.get(f"{ROOT}{each.name}/$count").text
        assert told >= min(6, int(there)), each.name


@pytest.mark.parametrize(
    ("table", "name"),
    [("work_item", "WorkItems"), ("finding", "Findings"), ("claim", "Claims"), ("snapshot", "StatusSnapshots"),
     ("milestone", "Milestones"), ("cost_line", "CostLines"), ("raid_item", "RaidItems")],
)  # fmt: skip
def test_what_changed_is_found_by_an_index(seeded: Engine, table: str, name: str) -> None:
    source = model_of(None).by_name[name].source.alias("s")
    query = source.select().where(source.c.ChangedAt >= text("now() - interval '1 minute'"))
    with seeded.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        query_text = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {query_text}".replace(":", "\\:"))))
    assert f"ix_{table}_changed_at" in plan


def test_what_people_answered_stands_in_the_record_and_in_no_row_of_its_own(web: TestClient) -> None:
    [found] = rows(web, f"Milestones?$filter=ExternalId eq '{AMENDED}'")
    assert found["Forecast"] == "2027-03-01"
    assert found["Baseline"] != "1999-01-01"
    assert found["MilestoneName"] == "Design approved"
    assert rows(web, "Milestones?$filter=startswith(ExternalId,'answer:')") == []


def test_what_is_gone_stays_and_says_so(web: TestClient) -> None:
    gone = rows(web, "Milestones?$filter=IsDeleted&$orderby=ExternalId&$select=ExternalId,DeletedAt,Fate")
    assert [(row["ExternalId"], row["Fate"]) for row in gone] == [(GONE, None), (MARKED, "deleted")]
    assert all(row["DeletedAt"] for row in gone)


def test_a_delta_link_tells_of_memberships_and_rates_that_ended(
    seeded: Engine, web: TestClient, some: TestClient
) -> None:
    def followed(link: str, asking: TestClient = web) -> tuple[list[dict[str, Any]], str]:
        found = asking.get(
            f"{urlsplit(link).path}?{urlsplit(link).query}", headers={"OData-MaxVersion": "4.01"}
        ).json()
        return found["value"], found["@odata.deltaLink"]

    def begun(name: str, asking: TestClient = web) -> str:
        answer = asking.get(f"{ROOT}{name}", headers={"Prefer": "odata.track-changes"})
        return str(answer.json()["@odata.deltaLink"])

    with seeded.begin() as connection:
        project, programme = connection.execute(
            text(
                "SELECT p.id, g.id FROM project p, programme g WHERE p.key = 'LEDGER' AND NOT EXISTS"
                " (SELECT FROM programme_project m WHERE (m.project_id, m.programme_id) = (p.id, g.id)) LIMIT 1"
            )
        ).one()
        here = {"project": project, "programme": programme}
        connection.execute(
            text(
                "INSERT INTO programme_project (project_id, programme_id, position) VALUES (:project, :programme, 9)"
            ),
            here,
        )
        rate = connection.scalar(
            text("INSERT INTO currency_rate (day, base, quote, rate, source, known_from, sha256) VALUES"
                 " ('2020-01-01', 'XAA', 'XBB', 2, 'made up', '2020-01-01Z', 'x') RETURNING id")
        )  # fmt: skip
    memberships, rates, theirs = (
        begun("ProgrammeProjects"),
        begun("CurrencyRates"),
        begun("ProgrammeProjects", some),
    )
    ended = "DELETE FROM programme_project WHERE project_id = :project AND programme_id = :programme"
    with seeded.begin() as connection:
        connection.execute(text(ended), here)
        connection.execute(text("UPDATE currency_rate SET known_to = now() WHERE id = :id"), {"id": rate})
    gone, memberships = followed(memberships)
    key = f"ProgrammeProjects(ProjectId={project},ProgrammeId={programme})"
    assert {"@removed": {"reason": "deleted"}, "@id": key} in gone
    assert followed(theirs, some)[0] == [], "of a project that may not be seen nothing is told"
    withdrawn, rates = followed(rates)
    assert {"@removed": {"reason": "deleted"}, "@id": f"CurrencyRates({rate})"} in withdrawn
    with seeded.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO programme_project (project_id, programme_id, position) VALUES (:project, :programme, 9)"
            ),
            here,
        )
    back, _ = followed(memberships)
    assert [row["ProgrammeId"] for row in back] == [programme], (
        "one that began again is there, and not removed"
    )
    with seeded.begin() as connection:
        connection.execute(text(ended), here)
        connection.execute(text("DELETE FROM currency_rate WHERE id = :id"), {"id": rate})


_PUT = (
    (
        "INSERT INTO transition (source_id, item_external_id, external_id, field) SELECT source_id, external_id, c, 'x'"
        " FROM work_item, unnest(ARRAY['stays', 'goes']) AS c WHERE id = 9"
    ),
    (
        "INSERT INTO work_item_iteration (source_id, item_external_id, external_id) SELECT source_id, external_id, c"
        " FROM work_item, unnest(ARRAY['stays', 'goes']) AS c WHERE id = 9"
    ),
    """UPDATE work_item SET custom = '{"stays": {"value": 1}, "goes": {"value": 2}}' WHERE id = 9""",
)
# As a run does it: all that a changed item has is deleted and written anew.
_AWAY = (
    "DELETE FROM transition WHERE external_id IN ('stays', 'goes')",
    (
        "INSERT INTO transition (source_id, item_external_id, external_id, field)"
        " SELECT source_id, external_id, 'stays', 'x' FROM work_item WHERE id = 9"
    ),
    "DELETE FROM work_item_iteration WHERE external_id IN ('stays', 'goes')",
    (
        "INSERT INTO work_item_iteration (source_id, item_external_id, external_id)"
        " SELECT source_id, external_id, 'stays' FROM work_item WHERE id = 9"
    ),
    """UPDATE work_item SET custom = '{"stays": {"value": 3}}' WHERE id = 9""",
)
_CLEARED = (
    "DELETE FROM transition WHERE external_id IN ('stays', 'goes')",
    "DELETE FROM work_item_iteration WHERE external_id IN ('stays', 'goes')",
    "UPDATE work_item SET custom = NULL WHERE id = 9",
)


def test_a_delta_link_tells_what_work_items_have_no_longer(
    seeded: Engine, web: TestClient, some: TestClient
) -> None:
    def write(*statements: str) -> None:
        with seeded.begin() as connection:
            for each in statements:
                connection.execute(text(each.replace(":", "\\:")))

    def link(name: str, asking: TestClient) -> str:
        tracked = asking.get(f"{ROOT}{name}", headers={"Prefer": "odata.track-changes,maxpagesize=10000"})
        return str(tracked.json()["@odata.deltaLink"])

    def told(link: str, key: str, asking: TestClient) -> tuple[set[str], list[str], str]:
        asked = f"{urlsplit(link).path}?{urlsplit(link).query}"
        found = asking.get(asked, headers={"OData-MaxVersion": "4.01"}).json()
        removed = [row["@id"] for row in found["value"] if "@removed" in row]
        return {row[key] for row in found["value"] if key in row}, removed, found["@odata.deltaLink"]

    with seeded.connect() as connection:
        was = connection.scalar(text("SELECT changed_at FROM work_item WHERE id = 9"))
    write(*_PUT)
    keys = {
        "Transitions": "ChangeId",
        "WorkItemFields": "FieldId",
        "WorkItemIterations": "IterationExternalId",
    }
    begun = {(name, who): link(name, who) for name in keys for who in (web, some)}
    try:
        write(*_AWAY)
        for name, key in keys.items():
            there, removed, onward = told(begun[name, web], key, web)
            assert there == {"stays"}, name
            assert removed == [f"{name}(WorkItemId=9,{key}='goes')"]
            begun[name, web] = onward
            there, removed, _ = told(begun[name, some], key, some)
            assert (there, removed) == (set(), []), "of a project that may not be seen nothing is told"
        write(*_CLEARED, *_PUT)
        for name, key in keys.items():
            there, removed, _ = told(begun[name, web], key, web)
            assert (there, removed) == ({"stays", "goes"}, []), f"{name}: one that is back is there"
    finally:
        with seeded.begin() as connection:  # as if nothing had been: other tests look at when rows changed
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for each in (*_CLEARED, "DELETE FROM work_item_left"):
                connection.execute(text(each))
            connection.execute(text("UPDATE work_item SET changed_at = :was WHERE id = 9"), {"was": was})


def test_a_delta_link_gives_what_changed_since(seeded: Engine, web: TestClient) -> None:
    begun = web.get(f"{ROOT}Milestones?$select=MilestoneName", headers={"Prefer": "odata.track-changes"})
    link = begun.json()["@odata.deltaLink"]
    again = web.get(f"{urlsplit(link).path}?{urlsplit(link).query}").json()
    assert again["value"] == []
    one = "external_id = 'PORTAL:M3'"
    with seeded.connect() as connection:
        was = connection.execute(text(f"SELECT name, changed_at FROM milestone WHERE {one}")).one()
    with seeded.begin() as connection:
        connection.execute(text(f"UPDATE milestone SET name = 'Another' WHERE {one}"))
    link = again["@odata.deltaLink"]
    later = web.get(f"{urlsplit(link).path}?{urlsplit(link).query}").json()
    assert [row["MilestoneName"] for row in later["value"]] == ["Another"]
    with seeded.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # as if it had not been
        connection.execute(
            text(f"UPDATE milestone SET name = :name, changed_at = :changed_at WHERE {one}"), was._asdict()
        )


def test_a_stamp_moves_with_any_change_and_with_nothing_else(seeded: Engine) -> None:
    with seeded.connect() as connection, connection.begin() as work:
        at = "SELECT changed_at FROM work_item WHERE id = 9"
        before = connection.scalar(text(at))
        connection.execute(text("UPDATE work_item SET title = title WHERE id = 9"))
        assert connection.scalar(text(at)) == before
        connection.execute(text("UPDATE work_item SET points = 77 WHERE id = 9"))
        assert connection.scalar(text(at)) == connection.scalar(text("SELECT now()")) > before
        work.rollback()


def test_a_former_day_has_its_own_status_and_pages_through_it(web: TestClient) -> None:
    then = rows(web, "StatusSnapshots?as_of=2026-11-01&$select=ProjectId,AsOf")
    assert {row["AsOf"] for row in then} == {"2026-11-01"}
    assert len({row["ProjectId"] for row in then}) == len(then) == 12
    projects = rows(web, "Projects?as_of=2026-11-05&$filter=ProjectKey eq 'PORTAL'&$expand=StatusSnapshots")
    assert projects[0]["AsOf"] == projects[0]["StatusSnapshots"][0]["AsOf"] == "2026-11-01"
    found, link = [], f"{ROOT}StatusSnapshots?as_of=2026-11-01&$select=ProjectId"
    while link:
        answer = web.get(link, headers={"Prefer": "maxpagesize=5"}).json()
        found += answer["value"]
        link = answer.get("@odata.nextLink")
    assert sorted(row["ProjectId"] for row in found) == sorted(row["ProjectId"] for row in then)
    assert rows(web, "Projects?as_of=2020-01-01") == []


def test_what_was_measured_is_a_row_each_of_its_snapshot(seeded: Engine, web: TestClient) -> None:
    [measured] = rows(web, "StatusSnapshots?$filter=Measures/$count gt 0&$expand=Measures")
    with seeded.connect() as connection:
        document = connection.scalar(
            text("SELECT document FROM snapshot WHERE id = :id"), {"id": measured["SnapshotId"]}
        )
    told = {each["Measure"]: each for each in measured["Measures"]}
    assert told.keys() == document["measures"].keys() > set()
    for name, each in document["measures"].items():
        found = told[name]
        values = [found["NumberValue"], found["DayValue"], found["TextValue"]]
        assert [value for value in values if value is not None] == [
            value for value in [each["value"]] if value is not None
        ]
        assert (found["Unit"], found["Says"]) == (each["unit"], each["says"])
    assert told["done_p50"]["DayValueSK"] == 20270217


def test_a_status_has_the_figures_of_its_project(seeded: Engine, web: TestClient) -> None:
    [portal] = rows(web, "Projects?$filter=ProjectKey eq 'PORTAL'")
    with seeded.connect() as connection:
        figures = connection.scalar(
            text("SELECT document -> 'figures' FROM snapshot WHERE project_id = :id"
                 " ORDER BY as_of DESC, known_at DESC LIMIT 1"),
            {"id": portal["ProjectId"]},
        )  # fmt: skip
    assert portal["Budget"] == float(figures["budget"])
    assert portal["Currency"] == "GBP"


@pytest.mark.parametrize(
    ("asked", "says"),
    [("WorkItems?as_of=2026-11-01", "as it is now only"), ("Projects?as_of=soon", "expected a day"),
     ("Projects?as_of=2026-11-01&as_of=2026-11-02", "more than once"),
     ("Projects?as_off=2026-11-01", "as_off: the feed does not know it"), ("Projects?asOf=2026-11-01", "asOf"),
     ("Projects?known_at=2026-11-01T00:00:00Z", "as_of=DAY"),
     ("Projects?as_of=2026-11-01&$expand=WorkItems", "WorkItems")],
)  # fmt: skip
def test_a_past_that_is_not_there_is_refused(web: TestClient, asked: str, says: str) -> None:
    answer = web.get(f"{ROOT}{asked}")
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_a_past_is_not_silently_left_out_of_a_batch(web: TestClient) -> None:
    asked = {"requests": [{"id": "1", "method": "GET", "url": "Projects?as_of=2026-11-01"}]}
    [answer] = web.post(f"{ROOT}$batch", json=asked).json()["responses"]
    assert answer["status"] == 400
    assert web.post(f"{ROOT}$batch?as_of=2026-11-01", json=asked).status_code == 400


def test_custom_fields_are_rows_with_values_of_their_type(web: TestClient) -> None:
    found = {row["FieldId"]: row for row in rows(web, "WorkItems(1)/WorkItemFields")}
    assert [found[name]["Value"] for name in ("f1", "f2", "f3")] == ["Payments", "2.5", "2026-12-31"]
    assert found["f2"]["NumberValue"] == 2.5
    assert (found["f3"]["DayValue"], found["f3"]["DayValueSK"]) == ("2026-12-31", 20261231)
    assert (found["f4"]["Value"], found["f4"]["IsRaw"]) == ('["A", "B"]', True)
    assert (found["f5"]["DayValue"], found["f5"]["Value"]) == (None, "2026-02-31")
    by_field = quote("WorkItemFields/any(f:f/FieldName eq 'Value stream' and f/Value eq 'Payments')")
    assert [row["WorkItemId"] for row in rows(web, f"WorkItems?$filter={by_field}")] == [1]


def test_work_that_is_bound_to_another_project_changed(seeded: Engine) -> None:
    with seeded.connect() as connection, connection.begin() as work:
        scope = connection.execute(
            text("SELECT s.id, s.project_id FROM scope s JOIN work_item w ON w.source_id = s.source_id"
                 " AND w.scope_external_id = s.external_id WHERE w.id = 9")
        ).one()  # fmt: skip
        at = "SELECT changed_at < now() FROM work_item WHERE id = 9"
        connection.execute(text("UPDATE scope SET project_id = project_id WHERE id = :id"), {"id": scope.id})
        assert connection.scalar(text(at))
        connection.execute(text("UPDATE scope SET project_id = NULL WHERE id = :id"), {"id": scope.id})
        assert not connection.scalar(text(at))
        work.rollback()


def test_a_status_that_is_no_longer_the_newest_of_its_day_changed(seeded: Engine) -> None:
    with seeded.connect() as connection, connection.begin() as work:
        older = connection.execute(text("SELECT * FROM snapshot ORDER BY as_of DESC, id LIMIT 1")).one()
        kept = ", ".join(name for name in older._fields if name not in ("id", "known_at", "changed_at"))
        now = connection.scalar(text("SELECT now()"))
        source = model_of(None).by_name["StatusSnapshots"].source.alias("s")
        query = source.select().where(source.c.ChangedAt >= now)
        assert connection.execute(query).all() == []
        connection.execute(
            text(f"INSERT INTO snapshot ({kept}, known_at) SELECT {kept}, known_at + interval '1 hour' FROM snapshot"
                 " WHERE id = :id"),
            {"id": older.id},
        )  # fmt: skip
        found = {row.SnapshotId: row.IsNewest for row in connection.execute(query)}
        assert found.pop(older.id) is False
        assert list(found.values()) == [True]
        work.rollback()


@pytest.mark.parametrize(
    ("written", "name", "rows_"),
    [("UPDATE iteration SET name = 'Another' WHERE external_id = 'sprint'", "WorkItemIterations", 1),
     ("UPDATE programme SET name = name || ' again'", "Projects", 12)],
)  # fmt: skip
def test_another_name_of_what_a_row_names_changes_the_row(
    seeded: Engine, written: str, name: str, rows_: int
) -> None:
    with seeded.connect() as connection, connection.begin() as work:
        connection.execute(
            text("INSERT INTO iteration (source_id, external_id, name, changed_at)"
                 " SELECT source_id, 'sprint', 'One', now() - interval '1 hour' FROM work_item WHERE id = 9")
        )  # fmt: skip
        connection.execute(
            text("INSERT INTO work_item_iteration (source_id, item_external_id, external_id)"
                 " SELECT source_id, external_id, 'sprint' FROM work_item WHERE id = 9")
        )  # fmt: skip
        source = model_of(None).by_name[name].source.alias("s")
        query = source.select().where(source.c.ChangedAt >= text("now()"))
        assert connection.execute(query).all() == []
        connection.execute(text(written))
        assert len(connection.execute(query).all()) == rows_
        work.rollback()
