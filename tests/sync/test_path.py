"""The whole path on the sandbox's story: applied, pulled from real trackers, consolidated."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sync.consolidate import consolidate
from sync.registry import utc_now
from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import Sandbox, kept

NAMES = ("sharepoint", "jira-cloud", "ado")


@pytest.fixture
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    found = {name: kept(name) for name in NAMES}
    yield found
    for sandbox in found.values():
        sandbox.calm()


def ask(engine: Engine, query: str, **values: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def run_of(engine: Engine, run_id: int) -> dict[str, Any]:
    [row] = ask(engine, "SELECT * FROM run WHERE id = :run", run=run_id)
    return row


def ledger(engine: Engine, run_id: int) -> dict[str, dict[str, Any]]:
    rows = ask(engine, "SELECT * FROM run_stream WHERE run_id = :run", run=run_id)
    return {row["stream"]: row for row in rows}


def holdings(engine: Engine) -> dict[str, Any]:
    """How many rows of each kind there are, versions and claims included: what a needless write would add to."""
    tables = ("work_item", "transition", "work_item_link", "work_item_iteration", "iteration", "scope", "identity",
              "milestone", "raid_item", "cost_line", "claim", "finding")  # fmt: skip
    return {name: ask(engine, f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in tables}


def test_the_story_goes_the_whole_path_and_a_second_time_changes_nothing(
    engine: Engine, sandboxes: dict[str, Sandbox]
) -> None:
    configure(engine, *map(block, sandboxes.values()))
    truth = sandboxes["jira-cloud"].control("truth")
    today = utc_now().date()

    for name in NAMES:
        run_id, state = pull(engine, name)
        assert state == "succeeded", run_of(engine, run_id)["error"]
        lines = ledger(engine, run_id)
        assert lines
        for line in lines.values():
            assert line["said"] == line["stored"] + line["rejected"] + line["filtered"], line
            assert line["stored"] > 0, line
            assert line["unchanged"] == 0, line
    done = consolidate(engine, as_of=today, known_at=utc_now())
    [stored] = ask(
        engine,
        "SELECT count(*) AS n FROM work_item JOIN source ON source.id = source_id WHERE source.name = 'jira-cloud'",
    )
    assert stored["n"] == truth["total"]
    assert done.snapshots == done.projects > 0
    assert done.claims > 0
    before = holdings(engine)

    for name in NAMES:
        run_id, state = pull(engine, name)
        assert state == "succeeded", run_of(engine, run_id)["error"]
        for line in ledger(engine, run_id).values():
            assert line["stored"] == line["unchanged"], line
            assert line["deleted"] == 0, line
    consolidate(engine, as_of=today, known_at=utc_now())

    assert holdings(engine) == before
