"""`kill -9` in the middle: the next process goes on, and ends where an undisturbed run would."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.support.processes import environment, muster, started, until
from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import Sandbox, running
from tests.support.stored import out_of_balance, rows_of, runs_of

pytestmark = pytest.mark.slow

Edit = Callable[[Sandbox, int], None]
KILLS = 3  # at least, in each of the three syncs of a tracker


def edit_jira(sandbox: Sandbox, step: int) -> None:
    ids = [str(one) for one in jira_ids(sandbox)]
    for number in range(step, len(ids), 60):
        sandbox.control(
            "edit", {"id": ids[number], "fields": {"summary": f"Edited in step {step}", "status": "Done"}}
        )
    for number in range(step + 1, len(ids), 100):
        sandbox.control("edit", {"do": "delete", "id": ids[number]})


def jira_ids(sandbox: Sandbox) -> list[int]:
    import httpx

    with httpx.Client(
        base_url=sandbox.url, auth=("sync@example.com", "sandbox-token"), trust_env=False
    ) as client:
        found: list[int] = []
        token: dict[str, str] = {}
        while True:
            body = {"jql": "project is not EMPTY ORDER BY id", "maxResults": 5000, "fields": ["id"], **token}
            page = client.post("/rest/api/3/search/jql", json=body, timeout=60).json()
            found += [int(issue["id"]) for issue in page["issues"]]
            if page["isLast"]:
                return found
            token = {"nextPageToken": page["nextPageToken"]}


def edit_ado(sandbox: Sandbox, step: int) -> None:
    truth = sandbox.control("truth")
    ids = sorted(id_ for held in truth["ids"].values() for id_ in held)
    for number in range(step, len(ids), 60):
        sandbox.control("edit", {"id": ids[number], "fields": {"System.Title": f"Edited in step {step}"}})
    for number, id_ in enumerate(ids[step + 1 :: 100]):
        sandbox.control("edit", {"id": id_, ("destroy" if number % 2 else "delete"): True})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "muster.log"


class Killer:
    """Starts processes and kills them at random moments."""

    def __init__(self, env: dict[str, str], log: Path, engine: Engine, seed: int) -> None:
        self.env, self.log, self.engine = env, log, engine
        self.random = random.Random(seed)  # noqa: S311  (moments, no secrets)
        self.kills = 0
        self.in_the_middle = 0

    def pages(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM raw_page")) or 0)

    def over(self) -> bool:
        """Whether all runs that were written down are over."""
        with self.engine.connect() as connection:
            return bool(
                connection.scalar(
                    text("SELECT count(*) > 0 AND bool_and(state NOT IN ('queued', 'running')) FROM run")
                )
            )

    def kill_at_random(self, *command: str) -> None:
        """Start a process and kill it: while it starts, or somewhere in its work."""
        process = muster(*command, env=self.env, log=self.log)
        try:
            if self.random.random() < 0.2:
                time.sleep(self.random.uniform(0.2, 4.0))
            else:
                before = self.pages()
                end = time.monotonic() + 30
                while self.pages() == before and process.poll() is None and time.monotonic() < end:
                    time.sleep(0.02)
                time.sleep(self.random.expovariate(1.5))
            if process.poll() is None:
                self.in_the_middle += not self.over()
        finally:
            process.kill()
            process.wait()
            self.kills += 1

    def to_the_end(self) -> None:
        """Let a worker finish what is left."""
        with started("worker", env=self.env, log=self.log):
            until(self.over, within_s=120, what="the runs are over")


def differences(engine: Engine) -> dict[str, Any]:
    """Where the source whose processes were killed holds something else than the calm one."""
    killed, calm = rows_of(engine, "killed"), rows_of(engine, "calm")
    return {
        table: (
            sorted(set(killed[table]) ^ set(calm[table]), key=repr)[:6],
            len(killed[table]),
            len(calm[table]),
        )
        for table in killed
        if killed[table] != calm[table]
    }


@pytest.mark.parametrize(
    ("name", "edit", "options"),
    [("jira-cloud", edit_jira, {"batch": 5, "connections": 2}), ("ado", edit_ado, {"feed": "project"})],
)
def test_a_source_whose_processes_are_killed_at_random_ends_where_an_undisturbed_one_does(
    engine: Engine,
    database_url: str,
    tmp_path: Path,
    log: Path,
    name: str,
    edit: Edit,
    options: dict[str, Any],
) -> None:
    with running(name, issues=400, latency_ms=25) as sandbox:
        configure(engine, block(sandbox, "killed", **options), block(sandbox, "calm", **options))
        killer = Killer(environment(tmp_path / "home", database_url), log, engine, seed=20260302)

        for step, command in enumerate(
            [("sync", "killed"), ("sync", "killed"), ("sync", "killed", "--full")]
        ):
            if step:
                edit(sandbox, step)
            asked = len(runs_of(engine, "killed"))
            while len(runs_of(engine, "killed")) == asked:  # some are killed before they write the run down
                killer.kill_at_random(*command)
            for _ in range(KILLS - 1):
                killer.kill_at_random("worker")
            if killer.over():
                killer.kill_at_random(*command)
            killer.to_the_end()
            assert [run["state"] for run in runs_of(engine, "killed")] == ["succeeded"] * len(
                runs_of(engine, "killed")
            ), log.read_text()[-4000:]

            sandbox.control("latency", {"ms": 0})
            _, state = pull(engine, "calm", full="--full" in command)
            sandbox.control("latency", {"ms": 25})
            assert state == "succeeded"
            assert differences(engine) == {}

    assert out_of_balance(engine, "killed") == []
    assert killer.kills >= 9
    assert killer.in_the_middle >= 5, "most kills hit a run"
    assert "Traceback" not in log.read_text()
