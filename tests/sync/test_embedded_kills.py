"""The embedded PostgreSQL under kills: of the process that started it, and of the server itself."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from config.database import open_engine
from tests.support.processes import environment, muster, started, until
from tests.support.sandbox_sources import block, write_document
from tests.support.sandboxes import Sandbox, running
from tests.support.stored import out_of_balance, runs_of

pytestmark = pytest.mark.slow

ISSUES = 300


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of our own; whatever server is left in it in the end is stopped."""
    home = tmp_path_factory.mktemp("h")
    yield home
    if (server := server_of(home)) is not None:
        os.kill(server, signal.SIGQUIT)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running("jira-cloud", issues=ISSUES, latency_ms=40) as found:
        yield found


def server_of(home: Path) -> int | None:
    """The process of the home's server, None when it does not run."""
    try:
        pid = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return None
    return pid


def engine_of(home: Path) -> Engine:
    """Connect to the home's server without being one of its users."""
    return open_engine(f"postgresql+psycopg://postgres:@/muster?host={home / 'postgres'}")


def pages(home: Path) -> int:
    if server_of(home) is None:
        return 0
    engine = create_engine(engine_of(home).url)
    try:
        with engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM raw_page WHERE stream = 'issues'")) or 0)
    except DBAPIError:  # it is starting, or still without tables
        return 0
    finally:
        engine.dispose()


def applied(home: Path, sandbox: Sandbox) -> dict[str, str]:
    """Configure one slow source; returns the environment of further commands."""
    env = environment(home, None)
    file = write_document(home / "sources.yaml", block(sandbox, "cloud", batch=5, connections=2))
    apply = muster("apply", "-f", str(file), "--yes", env=env)
    told, _ = apply.communicate(timeout=120)
    assert apply.returncode == 0, told
    return env


def assert_whole(home: Path, env: dict[str, str]) -> None:
    """Sync once more: it goes on, everything is there, and the server stops with its last process."""
    last = muster("sync", env=env)
    told, _ = last.communicate(timeout=120)
    assert last.returncode == 0, told
    assert "Traceback" not in told
    assert server_of(home) is None, "the server stops with the last process of its home"
    with started("serve", "--port", "18311", env=env, log=home / "serve.log"):
        until(lambda: server_of(home) is not None and pages(home) > 0, what="the server is back")
        engine = engine_of(home)
        with engine.connect() as connection:
            assert (
                connection.scalar(text("SELECT count(*) FROM work_item WHERE deleted_at IS NULL")) == ISSUES
            )
        assert {run["state"] for run in runs_of(engine, "cloud")[1:]} == {"succeeded"}
        assert out_of_balance(engine, "cloud") == []
        engine.dispose()


def test_a_sync_that_is_killed_with_its_own_server_goes_on_in_the_next(home: Path, sandbox: Sandbox) -> None:
    env = applied(home, sandbox)
    with started("sync", env=env, log=home / "sync.log") as first:
        until(lambda: pages(home) > 3, what="pages are stored")
        first.kill()
    sandbox.control("latency", {"ms": 0})

    assert_whole(home, env)


def test_a_server_that_dies_under_a_sync_is_told_in_words_and_the_next_one_goes_on(
    home: Path, sandbox: Sandbox
) -> None:
    env = applied(home, sandbox)
    log = home / "sync.log"
    with started("sync", env=env, log=log) as first:
        until(lambda: pages(home) > 3, what="pages are stored")
        server = server_of(home)
        assert server is not None
        os.kill(server, signal.SIGQUIT)
        first.wait(120)

    told = log.read_text()
    assert first.returncode == 1, told
    assert "it goes on where it stopped" in told
    assert "Traceback" not in told
    sandbox.control("latency", {"ms": 0})
    assert_whole(home, env)
