import threading

import pytest
from sqlalchemy import Engine, text

from connectors.stopping import Interrupted
from sync.jobs import Work, _host_to_ourselves
from sync.run import start_run
from sync.stopping import put_back
from tests.support.fake_source import T0, FakeTracker, carry_on, configure, issue
from tests.support.store import ask, outcome


def queued(engine: Engine) -> int:
    configure(engine)
    run = start_run(engine, "fake", full=False, now=T0)
    assert run is not None
    return run


def test_a_run_that_kills_every_process_fails_in_words_instead_of_killing_another(engine: Engine) -> None:
    run = queued(engine)
    source = FakeTracker({"APO": [issue(1)]}, fail_after=0, failure=KeyboardInterrupt())
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            carry_on(engine, source, run)
        with engine.begin() as connection:  # as a killed process leaves it
            connection.execute(text("UPDATE run SET state = 'running', finished_at = NULL"))
    source.fail_after = None

    assert carry_on(engine, source, run) == "failed"

    assert outcome(engine, run).error.startswith("fake: its process died 5 times before the run was over")


def test_a_run_that_is_put_back_on_a_stop_has_not_died(engine: Engine) -> None:
    run = queued(engine)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE run SET state = 'failed', attempts = 5, error = 'the run was interrupted; run the sync"
                 " again: it goes on where it stopped'")
        )  # fmt: skip

    put_back(engine, run)

    assert ask(engine, "SELECT state, attempts FROM run") == [{"state": "queued", "attempts": 0}]


def test_a_worker_that_is_stopped_waits_no_longer_for_a_host(engine: Engine) -> None:
    run = queued(engine)
    work = Work(engine)
    waiting = Work(engine, stopped=threading.Event())
    waiting.stopped.set()

    with _host_to_ourselves(work, run), pytest.raises(Interrupted), _host_to_ourselves(waiting, run):
        pass
