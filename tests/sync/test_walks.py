from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from connectors.errors import BudgetSpent
from sync.freshness import freshness
from sync.run import start_run
from tests.support.fake_source import T0, FakeTracker, carry_on, configure, issue, run_once
from tests.support.store import ask

DAY = timedelta(days=1)


def cut_off(engine: Engine, source: FakeTracker) -> None:
    """Read it once, and then a full reading's first page."""
    run_once(engine, source)
    source.fail_after = source.pages_served + 1
    run_once(engine, source, full=True, at=T0 + DAY)
    source.fail_after = None
    source.issues["A"][0] = issue(1, summary="renamed before the cursor")


def test_a_full_reading_that_is_asked_for_begins_anew_also_where_one_was_cut_off(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(n) for n in range(1, 10)]})
    cut_off(engine, source)

    run_once(engine, source, full=True, at=T0 + 2 * DAY)

    assert ask(engine, "SELECT title FROM work_item WHERE external_id = '1'") == [
        {"title": "renamed before the cursor"}
    ]


def test_a_full_run_whose_process_died_carries_its_own_reading_on(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(n) for n in range(1, 10)]})
    cut_off(engine, source)
    run_id = start_run(engine, "fake", full=True, now=T0 + 2 * DAY)
    assert run_id is not None
    source.fail_after, source.failure = source.pages_served + 1, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        carry_on(engine, source, run_id)
    source.fail_after = None
    with engine.begin() as connection:  # what a process that is killed does not write any more
        connection.execute(text("UPDATE run SET state = 'running' WHERE id = :run"), {"run": run_id})
    before = source.pages_served

    assert carry_on(engine, source, run_id) == "succeeded"

    assert source.pages_served - before == 2, "the page that was stored is not read again"


def test_a_source_that_its_budget_never_lets_finish_becomes_overdue(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(n) for n in range(1, 10)]})
    run_once(engine, source)
    source.failure = BudgetSpent("the budget of 1 requests a run is spent", source="fake")
    for days in range(1, 4):
        source.fail_after = source.pages_served
        _, state = run_once(engine, source, at=T0 + days * DAY)
        assert state == "partial"

    with engine.connect() as connection:
        [found] = freshness(connection, now=T0 + 3 * DAY).values()
    assert (found.read_at, found.overdue) == (T0, True)
