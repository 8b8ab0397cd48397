"""A database whose sessions end in the middle of a run: the error is in words, and the next run goes on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from config.document import SourceBlock
from sync.failures import in_words, is_expected
from sync.jobs import Work, runs_under_way, take_over
from sync.mapping import parse_mapping
from sync.registry import Opened
from sync.run import execute_run, start_run
from sync.worker import Worker
from tests.support.fake_source import MAPPING, T0, FakeConnector, FakeTracker, configure, issue, run_once

PAGES = 4


def ask(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def end_all_sessions(engine: Engine) -> None:
    """End every session on our database, as a restart of the server does."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def ending_sessions_at(engine: Engine, page: int, tracker: FakeTracker) -> Callable[..., Opened]:
    """Open the fake source; once that page is fetched, the database drops everybody."""
    fetched = 0

    def clock() -> datetime:
        nonlocal fetched
        fetched += 1
        if fetched == page:
            end_all_sessions(engine)
        return T0

    def opener(block: SourceBlock, *, connections: int, clock: Callable[[], datetime] = clock) -> Opened:
        del block, connections, clock
        return Opened(FakeConnector(tracker, ticking), parse_mapping(MAPPING, where="fake"))

    ticking = clock
    return opener


def tracker() -> FakeTracker:
    return FakeTracker({"APO": [issue(number) for number in range(1, 3 * PAGES + 1)]})


@pytest.mark.parametrize("page", range(1, PAGES + 1))
def test_a_run_whose_database_sessions_end_says_so_and_the_next_run_goes_on(
    engine: Engine, page: int
) -> None:
    configure(engine)
    source = tracker()
    run_id = start_run(engine, "fake", full=False, now=T0)
    assert run_id is not None

    state = execute_run(engine, run_id, clock=lambda: T0, opener=ending_sessions_at(engine, page, source))

    [(error,)] = ask(engine, f"SELECT error FROM run WHERE id = {run_id}")
    assert state == "failed"
    assert "it goes on where it stopped" in error
    assert "database" in error
    [(stored,)] = ask(engine, "SELECT count(*) FROM work_item")
    served = source.pages_served

    again, state = run_once(engine, source, at=T0 + timedelta(hours=1))

    assert state == "succeeded"
    assert ask(engine, "SELECT count(*) FROM work_item") == [(3 * PAGES,)]
    assert ask(engine, f"SELECT stored FROM run_stream WHERE run_id = {again}") == [(3 * PAGES - stored,)]
    assert source.pages_served - served == PAGES - stored // 3


def test_a_worker_outlives_the_end_of_all_its_sessions_and_does_the_next_run(engine: Engine) -> None:
    configure(engine)
    source = tracker()
    first = start_run(engine, "fake", full=False, now=T0)
    work = Work(engine, opener=ending_sessions_at(engine, 2, source), clock=lambda: T0)
    second: list[int | None] = []

    def over() -> bool:
        if runs_under_way(engine):
            return False
        if not second:
            second.append(start_run(engine, "fake", full=False, now=T0))
            return False
        return True

    Worker(work, heartbeat_s=0.2, stalled_s=1.5).run(until=over)

    assert ask(engine, "SELECT id, state FROM run ORDER BY id") == [
        (first, "failed"),
        (second[0], "succeeded"),
    ]
    assert ask(engine, "SELECT count(*) FROM work_item") == [(3 * PAGES,)]


def test_a_silent_workers_job_is_given_back_once_and_never_twice_into_the_queue(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour'), (now())"
            )
        )
        connection.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, lock, queueing_lock, worker_id)"
                " SELECT 'sync', task, status::procrastinate_job_status, '{}', lock, queueing, worker FROM (VALUES"
                " ('consolidate', 'doing', 'c', 'c', 1), ('consolidate', 'todo', 'c', 'c', NULL),"
                " ('pull', 'doing', 'a', NULL, 1), ('pull', 'doing', 'b', NULL, 2))"
                " AS given (task, status, lock, queueing, worker)"
            )
        )

    assert len(take_over(engine, 30)) == 2
    assert take_over(engine, 30) == []

    found = ask(engine, "SELECT task_name, status::text, lock FROM procrastinate_jobs ORDER BY id")
    assert found == [
        ("consolidate", "failed", "c"),
        ("consolidate", "todo", "c"),
        ("pull", "todo", "a"),
        ("pull", "doing", "b"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection to server at 10.0.0.7 failed"),
        OperationalError("SELECT 1", {}, psycopg.OperationalError("server closed the connection")),
        ConnectorException(),
    ],
)
def test_a_lost_database_is_told_in_words_without_its_address(error: Exception) -> None:
    assert is_expected(error)
    assert "it goes on where it stopped" in in_words(error)
    assert "10.0.0.7" not in in_words(error)
