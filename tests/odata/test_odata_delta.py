"""Delta links: what changed since, what was removed, and when there is none to be had."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    Interval,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    func,
    literal,
    select,
    true,
)

from api.odata.edm import Changes, EntitySet, EntityType, InvalidModel, Model, Navigation, Parameter, Property
from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service

ROOT: Final = "https://hub.example/odata/v1/"
METADATA: Final = MetaData()


class Tick(TypeDecorator[int]):
    """An instant behind a type of one's own, as models have them: a number of seconds."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: int | None, _dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


TASK: Final = Table(
    "task", METADATA, Column("id", Integer, primary_key=True), Column("title", Text), Column("points", Integer),
    Column("owner", Text), Column("dropped", Boolean), Column("version", Tick),
)  # fmt: skip
TASK_REMOVED: Final = Table(
    "task_removed", METADATA, Column("id", Integer), Column("owner", Text), Column("version", Tick)
)
KEPT: Final = Table("task_kept", METADATA, Column("since", Tick))
TYPE: Final = EntityType(
    "Task",
    (
        Property("ID", "Edm.Int32", "id", nullable=False), Property("Title", "Edm.String", "title"),
        Property("Points", "Edm.Int32", "points"),
    ),
    ("ID",),
    (Navigation("Others", "Tasks", lambda me, it: me.c.owner == it.c.owner, collection=True),),
)  # fmt: skip


def visible(source: Any, owners: Any) -> Any:
    return true() if owners is None else source.c.owner.in_(owners)


def at_least(source: Any, text: str) -> Any:
    if not text.isdigit():
        raise ValueError("expected a number")
    return source.c.points >= int(text)


CHANGES: Final = Changes(
    "version",
    mark=lambda: select(
        func.coalesce(func.max(TASK.c.version), literal(0, Tick()))
        + literal(timedelta(seconds=1), Interval())
    ).scalar_subquery(),
    removed=TASK_REMOVED,
    gone="dropped",
    oldest=lambda: select(func.coalesce(func.max(KEPT.c.since), literal(0, Tick()))).scalar_subquery(),
    rights=lambda owners: "" if owners is None else ",".join(sorted(owners)),
)
TASKS: Final = EntitySet(
    "Tasks", TYPE, TASK, visible=visible, search=("Title",), changes=CHANGES,
    parameters={"at_least": Parameter(at_least, "Tasks of so many points")},
)  # fmt: skip
PLAIN: Final = EntitySet("PlainTasks", EntityType("PlainTask", TYPE.properties, ("ID",)), TASK)
SERVICE: Final = Service(Model("Tracked", (TASKS, PLAIN)), Limits(page=4))


@pytest.fixture
def tasks(shop: Connection) -> Iterator[Connection]:
    shop.exec_driver_sql("BEGIN")
    METADATA.create_all(shop)
    rows = [
        {
            "id": at,
            "title": f"Task {at}",
            "points": at,
            "owner": "ab"[at % 2],
            "dropped": False,
            "version": at,
        }
        for at in range(1, 7)
    ]
    shop.execute(TASK.insert(), rows)
    yield shop
    shop.exec_driver_sql("ROLLBACK")


def ask(tasks: Connection, url: str, *, caller: Any = None, version: str = "4.01", **headers: str) -> Answer:
    path, _, query = url.removeprefix(ROOT).partition("?")
    sent = {name: [value] for name, value in headers.items()} | {"odata-maxversion": [version]}
    request = Request("GET", path, query, sent, ROOT)
    return SERVICE.answer(request, tasks, caller=caller, now=datetime(2026, 11, 22, tzinfo=UTC))


def everything(tasks: Connection, url: str, **given: Any) -> tuple[list[Any], str | None]:
    """Follow a request to its last page; returns what came, and the delta link."""
    found: list[Any] = []
    while True:
        answer = ask(tasks, url, **given)
        assert answer.status == 200, answer.body
        document = orjson.loads(answer.body)
        found += document["value"]
        if "@odata.nextLink" not in document:
            return found, document.get("@odata.deltaLink")
        url = document["@odata.nextLink"]


def begun(tasks: Connection, url: str, **given: Any) -> str:
    _, delta = everything(tasks, url, prefer="odata.track-changes", **given)
    assert delta is not None
    return delta


def test_a_delta_link_tells_what_was_changed_added_and_removed(tasks: Connection) -> None:
    rows, delta = everything(
        tasks, "Tasks?$select=ID,Title&$orderby=Title desc", prefer="odata.track-changes"
    )
    assert len(rows) == 6
    assert delta is not None
    assert everything(tasks, delta)[0] == []
    tasks.execute(TASK.update().where(TASK.c.id == 2).values(title="New", version=7))
    tasks.execute(TASK.insert().values(id=9, title="Added", owner="a", version=8))
    tasks.execute(TASK.update().where(TASK.c.id == 3).values(dropped=True, version=9))
    tasks.execute(TASK.delete().where(TASK.c.id == 4))
    tasks.execute(TASK_REMOVED.insert().values(id=4, owner="a", version=10))
    changed, following = everything(tasks, delta)
    assert changed == [
        {"ID": 2, "Title": "New"},
        {"ID": 9, "Title": "Added"},
        {"@removed": {"reason": "deleted"}, "@id": "Tasks(3)"},
        {"@removed": {"reason": "deleted"}, "@id": "Tasks(4)"},
    ]
    assert following is not None
    assert everything(tasks, following)[0] in ([], changed[-1:])  # what is at the mark may come once more


def test_a_row_that_left_the_filter_is_removed_as_changed(tasks: Connection) -> None:
    delta = begun(tasks, "Tasks?$filter=Points gt 3")
    tasks.execute(TASK.update().where(TASK.c.id == 5).values(points=1, version=7))
    tasks.execute(TASK.update().where(TASK.c.id == 1).values(points=9, version=8))
    changed, _ = everything(tasks, delta)
    assert changed == [
        {"ID": 1, "Title": "Task 1", "Points": 9},
        {"@removed": {"reason": "changed"}, "@id": "Tasks(5)"},
    ]


def test_changes_made_while_pages_are_read_come_with_the_delta(tasks: Connection) -> None:
    first = orjson.loads(ask(tasks, "Tasks", prefer="odata.track-changes").body)
    assert "@odata.deltaLink" not in first
    tasks.execute(TASK.update().where(TASK.c.id == 1).values(title="Meanwhile", version=7))
    rest, delta = everything(tasks, first["@odata.nextLink"])
    assert [row["ID"] for row in rest] == [5, 6]
    assert delta is not None
    assert [row["Title"] for row in everything(tasks, delta)[0]] == ["Meanwhile"]


@pytest.mark.parametrize(("changed", "removed"), [(4, 0), (4, 1), (3, 9), (9, 3), (0, 5), (8, 4)])
def test_changes_come_in_pages_each_once(tasks: Connection, changed: int, removed: int) -> None:
    delta = begun(tasks, "Tasks")
    for at in range(changed):
        tasks.execute(TASK.insert().values(id=100 + at, owner="a", version=50 + at))
    for at in range(removed):
        tasks.execute(TASK_REMOVED.insert().values(id=200 + at, owner="a", version=50 + at))
    found, _ = everything(tasks, delta)
    assert len(found) == changed + removed
    assert len({str(each) for each in found}) == changed + removed
    assert len(orjson.loads(ask(tasks, delta).body)["value"]) <= 4


def test_what_was_removed_and_came_back_is_no_removed_row(tasks: Connection) -> None:
    delta = begun(tasks, "Tasks")
    tasks.execute(TASK_REMOVED.insert(), [{"id": 2, "owner": "a", "version": at} for at in (7, 8)])
    tasks.execute(TASK.update().where(TASK.c.id == 2).values(version=9))
    assert [row.get("ID") for row in everything(tasks, delta)[0]] == [2]


def test_of_rows_that_the_caller_may_not_see_nothing_is_told(tasks: Connection) -> None:
    delta = begun(tasks, "Tasks", caller=frozenset({"a"}))
    tasks.execute(TASK.update().values(version=7))
    tasks.execute(
        TASK_REMOVED.insert(),
        [{"id": 20, "owner": "a", "version": 8}, {"id": 21, "owner": "b", "version": 8}],
    )
    told, _ = everything(tasks, delta, caller=frozenset({"a"}))
    assert [row.get("ID", row.get("@id")) for row in told] == [2, 4, 6, "Tasks(20)"]
    answer = ask(tasks, delta, caller=frozenset({"a", "b"}))
    assert (answer.status, b"what you may see has changed" in answer.body) == (410, True)


def test_a_client_of_4_0_gets_removed_rows_as_4_0_writes_them(tasks: Connection) -> None:
    delta = begun(tasks, "Tasks", version="4.0")
    tasks.execute(TASK_REMOVED.insert().values(id=40, owner="a", version=9))
    answer = ask(tasks, delta, version="4.0")
    assert answer.headers["OData-Version"] == "4.0"
    document = orjson.loads(answer.body)
    assert document["@odata.context"] == f"{ROOT}$metadata#Tasks/$delta"
    [removed] = document["value"]
    assert (removed["id"], removed["reason"]) == ("Tasks(40)", "deleted")
    assert removed["@odata.context"] == f"{ROOT}$metadata#Tasks/$deletedEntity"


@pytest.mark.parametrize(
    "url",
    [
        "Tasks?$top=2", "Tasks?$skip=1", "Tasks?$expand=Others", "Tasks?$filter=Others/any(o:o/ID gt 3)", "Tasks(1)",
        "Tasks?$filter=Others/$count gt 1", "PlainTasks", "Tasks/$count", "Tasks(1)/Others", "Tasks?$apply=identity",
        "Tasks?$compute=now() as At&$select=At", "Tasks?at_least=3",
    ],
)  # fmt: skip
def test_what_cannot_be_tracked_has_no_delta_link_and_says_so(tasks: Connection, url: str) -> None:
    answer = ask(tasks, url, prefer="odata.track-changes")
    assert answer.status == 200, answer.body
    assert "Preference-Applied" not in answer.headers
    assert b"deltaLink" not in answer.body


def test_tracking_is_said_to_be_applied(tasks: Connection) -> None:
    answer = ask(tasks, "Tasks", prefer="track-changes, maxpagesize=2")
    assert answer.headers["Preference-Applied"] == "maxpagesize=2, track-changes"
    while "@odata.nextLink" in (document := orjson.loads(answer.body)):
        answer = ask(
            tasks, document["@odata.nextLink"]
        )  # as many clients do: without what they first preferred
        assert answer.headers["Preference-Applied"] == "track-changes"
    assert "@odata.deltaLink" in document


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        (lambda url: url.replace("$deltatoken=", "$deltatoken=x"), 400, "no mark of a state"),
        (lambda url: url.replace("Points gt 0", "Points gt 1"), 400, "another query"),
        (lambda url: url + "&$expand=Others", 501, "are not told"),
        (lambda url: url.replace("Tasks?", "PlainTasks?"), 501, "are not told"),
    ],
)
def test_a_delta_link_that_was_changed_is_refused(
    tasks: Connection, change: Any, status: int, says: str
) -> None:
    answer = ask(tasks, change(begun(tasks, "Tasks?$filter=Points gt 0")))
    assert (answer.status, says in answer.body.decode()) == (status, True)


def test_an_old_delta_link_sends_its_client_back_to_the_beginning(tasks: Connection) -> None:
    delta = begun(tasks, "Tasks")
    tasks.execute(KEPT.insert().values(since=50))
    answer = ask(tasks, delta)
    assert (answer.status, b"load everything anew" in answer.body) == (410, True)


def test_a_set_may_have_query_options_of_its_own(tasks: Connection) -> None:
    assert [row["ID"] for row in everything(tasks, "Tasks?at_least=5")[0]] == [5, 6]
    assert ask(tasks, "Tasks/$count?at_least=5").body == b"2"
    assert orjson.loads(ask(tasks, "Tasks?at_least=5&$apply=aggregate($count as N)").body)["value"] == [
        {"N": 2}
    ]
    answer = ask(tasks, "Tasks?at_least=x")
    assert (answer.status, b"at_least: expected a number" in answer.body) == (400, True)


def test_changes_need_their_columns() -> None:
    with pytest.raises(InvalidModel, match="changes need a column when"):
        Model("Wrong", (EntitySet("Tasks", TYPE, TASK, changes=Changes("when", CHANGES.mark)),))


def test_a_changed_row_has_its_key_whatever_is_selected(tasks: Connection) -> None:
    delta = begun(tasks, "Tasks?$select=Title")
    tasks.execute(TASK.update().where(TASK.c.id == 2).values(title="New", version=7))
    assert everything(tasks, delta)[0] == [{"ID": 2, "Title": "New"}]
