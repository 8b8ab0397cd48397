"""Ctrl-C and SIGTERM: what pulls stops between two pages, says so, and the next sync goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.support.processes import environment, muster, started, until
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import Sandbox, running
from tests.support.stored import out_of_balance, runs_of

pytestmark = pytest.mark.slow

CUT_OFF = "the run was interrupted; run the sync again: it goes on where it stopped"
SAID = "stopping after this page; the next sync goes on"


@pytest.fixture
def sandbox(engine: Engine) -> Iterator[Sandbox]:
    with running("jira-cloud", issues=120, latency_ms=300) as found:
        configure(engine, block(found, "cloud", batch=5, connections=2))
        yield found


@pytest.fixture
def env(tmp_path: Path, database_url: str) -> dict[str, str]:
    return environment(tmp_path / "home", database_url)


def landed(engine: Engine) -> Callable[[], bool]:
    """Whether a page of issues is there."""

    def look() -> bool:
        with engine.connect() as connection:
            return bool(
                connection.scalar(text("SELECT EXISTS (SELECT 1 FROM raw_page WHERE stream = 'issues')"))
            )

    return look


def clean(told: str) -> None:
    for word in ("Traceback", "unexpected fault", "RuntimeWarning", "never awaited", "shutdown"):
        assert word not in told, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sync_told_to_stop_ends_between_two_pages_and_the_next_goes_on(
    engine: Engine, sandbox: Sandbox, env: dict[str, str], number: signal.Signals
) -> None:
    process = muster("sync", env=env)
    until(landed(engine), what="a page has landed")

    process.send_signal(number)
    told, _ = process.communicate(timeout=8)

    assert process.returncode == 130, told
    assert SAID in told
    assert CUT_OFF in told
    clean(told)
    [run] = runs_of(engine, "cloud")
    assert (run["state"], run["error"]) == ("failed", CUT_OFF)
    sandbox.control("latency", {"ms": 0})
    again = muster("sync", env=env)
    told, _ = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert out_of_balance(engine, "cloud") == []


def test_a_sync_told_to_stop_does_not_sit_out_the_pause_a_tracker_asked_for(
    sandbox: Sandbox, env: dict[str, str]
) -> None:
    sandbox.control(
        "faults",
        {"match": "search", "kind": "status", "status": 429, "headers": {"Retry-After": "45"}, "times": 99},
    )
    process = muster("sync", env=env)
    until(lambda: "search" in str(sandbox.control("stats")), what="a request was refused")
    time.sleep(1)

    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=8)

    assert process.returncode == 130, told
    assert CUT_OFF in told
    clean(told)


def test_a_second_signal_ends_a_sync_at_once(engine: Engine, sandbox: Sandbox, env: dict[str, str]) -> None:
    process = muster("sync", env=env)
    until(landed(engine), what="a page has landed")
    sandbox.control("latency", {"ms": 20_000})
    time.sleep(1)

    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=3)

    assert process.returncode == 130, told
    assert "stopped at once" in told
    clean(told)


def test_a_worker_told_to_stop_leaves_its_run_to_the_next_worker(
    engine: Engine, sandbox: Sandbox, env: dict[str, str], tmp_path: Path
) -> None:
    from sync.registry import utc_now
    from sync.run import start_run

    assert start_run(engine, "cloud", full=False, now=utc_now()) is not None
    process = muster("worker", env=env)
    until(landed(engine), what="a page has landed")

    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=8)

    assert process.returncode == 130, told
    assert SAID in told
    clean(told)
    [run] = runs_of(engine, "cloud")
    assert (run["state"], run["error"]) == ("queued", None)
    sandbox.control("latency", {"ms": 0})
    with started("worker", env=env, log=tmp_path / "log"):
        until(lambda: runs_of(engine, "cloud")[0]["state"] == "succeeded", what="another worker finished it")


def alive(home: Path) -> bool:
    try:
        os.kill(int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0]), 0)
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return False
    return True


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_server_ended_by_its_supervisor_takes_the_embedded_database_with_it(
    tmp_path_factory: pytest.TempPathFactory, command: str
) -> None:
    home = tmp_path_factory.mktemp("h")
    log = home / "muster.log"
    process = muster(command, "--port", "18711", env=environment(home, None), log=log)
    until(lambda: "Sign in" in log.read_text(), what="it serves")
    users = home / "postgres" / ".handle_pids.json"
    users.write_text(users.read_text().replace("[", "[4194303, ", 1))  # one that was killed

    process.send_signal(signal.SIGTERM)
    process.wait(20)

    assert not alive(home), log.read_text()
    clean(log.read_text())
