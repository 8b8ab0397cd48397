"""One host is pulled by one process at a time: the lock in the database, held and lost."""

import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from sync.run import start_run
from tests.support.fake_source import configure
from tests.support.shared import ROOT

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_HOLDS = """
import sys
from config.database import open_engine
from sync.jobs import Work, _host_to_ourselves
with _host_to_ourselves(Work(open_engine(sys.argv[1])), int(sys.argv[2])):
    print("has it", flush=True)
    sys.stdin.readline()
"""


def holder(url: str, run_id: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _HOLDS, url, str(run_id)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def has_it(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "has it\n"


def waiting(engine: Engine) -> int:
    """How many sessions hold an advisory lock on this database."""
    with engine.connect() as connection:
        return int(
            connection.scalar(
                text(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )
            or 0
        )


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_a_second_process_waits_until_the_first_is_done_with_the_host_or_dead(
    engine: Engine, database_url: str, ends: str
) -> None:
    configure(engine)
    run_id = start_run(engine, "fake", full=False, now=T0)
    assert run_id is not None
    first = holder(database_url, run_id)
    assert has_it(first)
    second = holder(database_url, run_id)
    try:
        time.sleep(1.5)
        assert second.poll() is None
        assert waiting(engine) == 1, "one has the host, and the other does not"

        if ends == "killed":
            first.kill()
            first.wait()
        else:
            first.communicate("done\n", timeout=20)

        assert has_it(second)
        second.communicate("done\n", timeout=20)
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
