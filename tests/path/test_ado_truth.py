"""The whole path against Azure DevOps: after every run the database holds what the tracker holds."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import Sandbox, running

READ = ("Load 1", "Load 2", "Load 3")
STATES = ("New", "Active", "Resolved", "Closed", "Removed")
CATEGORIES = {
    "Proposed": "todo",
    "InProgress": "doing",
    "Resolved": "doing",
    "Completed": "done",
    "Removed": "dropped",
}
ROUNDS, EDITS = 4, 15


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running("ado", issues=80) as found:
        yield found


def truth(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    return {
        id_: (
            one["project_id"], one["area"], one["type"], one["title"], one["state"], CATEGORIES[one["category"]],
            one["effort"], one["assignee"], None if one["parent"] is None else str(one["parent"]), len(one["states"]),
        )
        for id_, one in sandbox.control("truth/items").items()
        if one["project"] in READ
    }  # fmt: skip


def stored(engine: Engine) -> dict[str, tuple[Any, ...]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT w.external_id, w.scope_external_id, w.area, w.type, w.title, w.status, w.status_category,"
                " w.points, w.assignee, w.parent_external_id, (SELECT count(*) FROM transition t WHERE"
                " t.source_id = w.source_id AND t.item_external_id = w.external_id AND t.field = 'status')"
                " FROM work_item w WHERE w.deleted_at IS NULL"
            )
        )
        return {row[0]: tuple(row[1:]) for row in rows}


def disturb(sandbox: Sandbox, rng: Random) -> None:
    ids = sorted(sandbox.control("truth/items"))
    for _ in range(EDITS):
        id_ = int(rng.choice(ids))
        sandbox.control(
            "edit",
            rng.choice(
                [
                    {"id": id_, "fields": {"System.State": rng.choice(STATES)}},
                    {"id": id_, "fields": {"System.Title": f"Renamed {rng.random()}"}, "slip": True},
                    {"id": id_, "move": rng.choice([*READ, "Load 4"])},
                    {"id": id_, rng.choice(["delete", "restore"]): True},
                    {"id": id_, "link": int(rng.choice(ids))},
                    {"create": {"System.TeamProject": rng.choice(READ), "System.Title": "New"}},
                    {"project": rng.choice(READ), "category": {"type": "User Story", "state": rng.choice(STATES),
                                                               "category": rng.choice(["InProgress", "Completed"])}},
                ]
            ),
        )  # fmt: skip


def test_the_database_converges_to_the_tracker_whatever_happens_between_runs(
    engine: Engine, sandbox: Sandbox
) -> None:
    options = {"projects": list(READ), "refresh_hours": 0}
    configure(engine, block(sandbox, "ado", **options))
    rng = Random(20261122)  # noqa: S311 - the same edits every time
    for number in range(ROUNDS):
        run, state = pull(engine, "ado")
        assert stored(engine) == truth(sandbox), f"after run {number + 1}"
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT state, error FROM run WHERE id = :run"), {"run": run}
            ).one()
        assert (state, found.error) == ("succeeded", None)
        disturb(sandbox, rng)


@pytest.mark.slow  # it waits, as long as a run does, until a broken item is believed to be broken
def test_fates_reach_the_store_and_an_item_that_breaks_calls_is_put_right(
    engine: Engine, sandbox: Sandbox
) -> None:
    configure(engine, block(sandbox, "ado", projects=list(READ)))
    pull(engine, "ado")
    items = {id_: one for id_, one in sandbox.control("truth/items").items() if one["project"] in READ}
    deleted, destroyed, moved, broken = sorted(map(int, items))[:4]
    sandbox.control("edit", {"id": deleted, "delete": True})
    sandbox.control("edit", {"id": destroyed, "destroy": True})
    sandbox.control("edit", {"id": moved, "move": "Load 4"})
    sandbox.control("edit", {"id": broken, "fields": {"System.Title": "Broken"}})
    sandbox.control("edit", {"area": "Load 3\\Build", "hide": True})
    sandbox.control("edit", {"poison": [broken], "calls": ["updates"]})
    hidden = {int(id_) for id_, one in items.items() if one["area"] == "Load 3\\Build"}
    assert not hidden & {deleted, destroyed, moved, broken}
    pull(engine, "ado")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT external_id, fate FROM absence WHERE ended_at IS NULL")).all()
        rejected = connection.execute(
            text("SELECT external_id FROM rejected_record WHERE resolved_at IS NULL")
        ).scalars()
        assert set(rejected) == {str(broken)}
        alive = set(
            connection.execute(text("SELECT external_id FROM work_item WHERE deleted_at IS NULL")).scalars()
        )
    assert {int(id_): fate for id_, fate in rows} == {
        deleted: "deleted", destroyed: "deleted", moved: "moved", **dict.fromkeys(hidden, "access_lost"),
    }  # fmt: skip
    assert {str(broken), *map(str, hidden)} <= alive, "what is out of sight or broken counts on"
    sandbox.control("edit", {"poison": []})
    sandbox.control("edit", {"id": deleted, "restore": True})
    sandbox.control("edit", {"area": "Load 3\\Build", "show": True})
    pull(engine, "ado")
    assert stored(engine) == truth(sandbox)
    with engine.connect() as connection:
        still = connection.execute(text("SELECT external_id FROM absence WHERE ended_at IS NULL")).scalars()
        assert {int(id_) for id_ in still} == {destroyed, moved}
        open_ = connection.execute(text("SELECT count(*) FROM rejected_record WHERE resolved_at IS NULL"))
        assert open_.scalar_one() == 0
