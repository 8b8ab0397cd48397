"""The whole way: sandbox Jira, connector, runs, PostgreSQL; what is stored is what the tracker holds."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sync.registry import utc_now
from sync.run import execute_run, start_run
from tests.support.jira_clients import ANCHOR
from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import Sandbox, running

READ = ["LA", "LB"]


@pytest.fixture(scope="module", params=["jira-cloud", "jira-dc"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param, anchor=ANCHOR, issues=160) as sandbox:
        yield sandbox


def counted(engine: Engine, source: str) -> str:
    """One run with a census."""
    run = start_run(engine, source, full=False, now=utc_now(), census=True)
    assert run is not None
    return execute_run(engine, run)


def stored(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT w.external_id, w.key, w.title, w.status_id, w.updated_at,"
                " (SELECT count(DISTINCT split_part(t.external_id, ':', 1)) FROM transition t"
                " WHERE t.source_id = w.source_id AND t.item_external_id = w.external_id) AS changes"
                " FROM work_item w WHERE w.deleted_at IS NULL"
            )
        )
        return {
            row.external_id: (
                row.key,
                row.title,
                row.status_id,
                round(row.updated_at.timestamp() * 1000),
                row.changes,
            )
            for row in rows
        }


def truth(tracker: Sandbox) -> dict[str, Any]:
    return {
        one["id"]: (one["key"], one["summary"], one["status"], one["updated"], len(one["histories"]))
        for one in tracker.control("truth")["issues"]
        if one["project"] in READ
    }


def fates(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT external_id, fate FROM absence WHERE ended_at IS NULL AND entity = 'work_item'")
        )
        return {row[0]: row[1] for row in rows}


def test_edits_moves_and_losses_between_runs_end_in_the_tracker_truth(
    engine: Engine, tracker: Sandbox
) -> None:
    cloud = tracker.info["name"] == "jira-cloud"

    def edit(**change: Any) -> Any:
        return tracker.control("edit", change)

    configure(engine, block(tracker, "jira", projects=READ))
    assert pull(engine, "jira")[1] == "succeeded"
    assert stored(engine) == truth(tracker)

    tracker.control("lag", {"hold": True})
    edit(key="LA-1", fields={"summary": "Shown late"})
    tracker.control("lag", {"hold": False})
    edit(key="LA-2", fields={"status": "Done"})
    edit(do="create", project="LB")
    stays = edit(do="move", key="LA-3", to="LB")["id"]
    gone = {
        edit(do="delete", key="LA-5")["id"]: "deleted",
        edit(do="archive", key="LA-6")["id"]: "archived",
        edit(do="move", key="LA-7", to="LC")["id"]: "moved",
    }
    if not cloud:
        hidden = next(one for one, row in truth(tracker).items() if row[0] == "LA-8")
        edit(do="hide", id=hidden)
        gone[hidden] = "access_lost"
    assert pull(engine, "jira")[1] == "succeeded"
    tracker.control("lag", {"release": True})
    assert counted(engine, "jira") == "succeeded"

    kept = stored(engine)
    if not cloud:
        kept.pop(hidden)  # out of sight of this account: it counts as it last was
    assert kept == truth(tracker)
    assert fates(engine) == gone
    assert kept[stays][0].startswith("LB-")


def test_a_second_run_in_which_nothing_changed_asks_little_and_stores_nothing(
    engine: Engine, tracker: Sandbox
) -> None:
    tracker.control("clock", {"skew_s": 30 * 24 * 3600})
    configure(engine, block(tracker, "jira", projects=READ, history_repair_days=0))
    assert pull(engine, "jira")[1] == "succeeded"
    run, state = pull(engine, "jira")

    with engine.connect() as connection:
        requests = connection.scalar(text("SELECT requests FROM run WHERE id = :id"), {"id": run})
        issues = connection.scalar(
            text("SELECT sum(stored) FROM run_stream WHERE run_id = :id AND stream = 'issues'"), {"id": run}
        )
    assert state == "succeeded"
    assert issues == 0
    assert requests <= 25
