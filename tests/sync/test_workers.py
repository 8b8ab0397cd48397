"""Two worker processes on one database: shared work, one that dies, one host at a time, one run a slot."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sync.registry import utc_now
from sync.run import start_run
from tests.support.processes import environment, started, until
from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import running
from tests.support.stored import ledgers_of, out_of_balance, rows_of, runs_of

pytestmark = pytest.mark.slow


@pytest.fixture
def env(tmp_path: Path, database_url: str) -> dict[str, str]:
    return environment(tmp_path / "home", database_url)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "muster.log"


def all_over(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT bool_and(state NOT IN ('queued', 'running')) FROM run")))


def workers_of(engine: Engine) -> dict[int, set[int]]:
    """Which workers took which runs, by the queue's own book."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT (args ->> 'run_id')::bigint, worker_id FROM procrastinate_jobs"
                " WHERE task_name = 'pull' AND worker_id IS NOT NULL"
            )
        )
        found: dict[int, set[int]] = {}
        for run_id, worker in rows:
            found.setdefault(worker, set()).add(run_id)
        return found


def spans(engine: Engine, names: list[str]) -> list[tuple[datetime, datetime]]:
    found = [(run["started_at"], run["finished_at"]) for name in names for run in runs_of(engine, name)]
    return sorted(found)


def other_host(given: dict[str, Any]) -> dict[str, Any]:
    """The same tracker under another name: another host, as far as locks go."""
    return {
        **given,
        "name": f"{given['name']}-2",
        "base_url": given["base_url"].replace("127.0.0.1", "localhost"),
    }


def test_two_workers_share_the_work_and_one_host_is_never_pulled_by_both(
    engine: Engine, env: dict[str, str], log: Path
) -> None:
    with (
        running("jira-cloud", issues=200, latency_ms=60) as cloud,
        running("jira-dc", issues=200, latency_ms=60) as center,
        running("ado", issues=200, latency_ms=60) as ado,
    ):
        hosts = [block(each) for each in (cloud, center, ado)]
        hosts += [other_host(each) for each in hosts]
        twins = [{**each, "name": f"{each['name']}-twin"} for each in hosts]
        configure(engine, *hosts, *twins)
        runs = [start_run(engine, each["name"], full=False, now=utc_now()) for each in (*hosts, *twins)]
        seen: dict[int, set[int]] = {}

        def watched() -> bool:
            for worker, taken in workers_of(engine).items():
                seen.setdefault(worker, set()).update(taken)
            return all_over(engine)

        with started("worker", env=env, log=log), started("worker", env=env, log=log):
            until(watched, within_s=150, what="every run is over")

        assert {run["state"] for each in (*hosts, *twins) for run in runs_of(engine, each["name"])} == {
            "succeeded"
        }
        assert len([taken for taken in seen.values() if taken]) == 2, "both took part"
        assert set().union(*seen.values()) <= set(runs)
        for one, twin in zip(hosts, twins, strict=True):
            (_, end), (begin, _) = spans(engine, [one["name"], twin["name"]])
            assert end <= begin, "two sources of one host take turns"
            assert out_of_balance(engine, one["name"]) == []
            assert rows_of(engine, one["name"]) == rows_of(engine, twin["name"])
        together = spans(engine, [each["name"] for each in hosts])
        assert any(later[0] < earlier[1] for earlier, later in combinations(together, 2)), (
            "hosts go side by side"
        )
    assert "Traceback" not in log.read_text()


def test_a_worker_that_is_killed_is_noticed_and_the_other_takes_its_run_over(
    engine: Engine, env: dict[str, str], log: Path
) -> None:
    with running("jira-cloud", issues=400, latency_ms=60) as sandbox:
        options = {"batch": 5, "connections": 2}
        configure(engine, block(sandbox, "taken", **options), block(sandbox, "calm", **options))
        run_id = start_run(engine, "taken", full=False, now=utc_now())

        def pages() -> int:
            with engine.connect() as connection:
                return int(
                    connection.scalar(text("SELECT count(*) FROM raw_page WHERE stream = 'issues'")) or 0
                )

        with started("worker", env=env, log=log) as first:
            until(lambda: pages() > 3, what="the first worker stores pages")
            with started("worker", env=env, log=log):
                first.kill()
                first.wait()
                before = pages()
                assert not all_over(engine), "killed in the middle"
                until(lambda: all_over(engine), what="the second worker ends the run")

        [run] = runs_of(engine, "taken")
        assert (run["id"], run["state"]) == (run_id, "succeeded")
        assert 0 < before < pages(), "the second went on where the first stopped"
        sandbox.control("latency", {"ms": 0})
        pull(engine, "calm")
        assert rows_of(engine, "taken") == rows_of(engine, "calm")
        assert out_of_balance(engine, "taken") == []
        issues = [line for line in ledgers_of(engine, "taken") if line["stream"] == "issues"]
        assert [line["stored"] - line["unchanged"] for line in issues] == [400], "nothing is stored twice"


def test_every_slot_of_a_schedule_runs_once_although_two_nodes_tick(
    engine: Engine, env: dict[str, str], log: Path
) -> None:
    with running("jira-cloud", issues=50) as sandbox:
        names = [f"every-minute-{number}" for number in range(3)]
        configure(engine, *(block(sandbox, name, schedule="* * * * *") for name in names))
        # As if both nodes had been off for an hour: the newest of the missed slots is due at once.
        with engine.begin() as connection:
            connection.execute(text("UPDATE source SET updated_at = updated_at - interval '1 hour'"))

        def slots(name: str) -> list[datetime]:
            return [run["slot"] for run in runs_of(engine, name)]

        with (
            started("up", "--port", "18211", env=env, log=log),
            started("up", "--port", "18261", env=env, log=log),
        ):
            until(
                lambda: all(len(slots(name)) >= 2 for name in names) and all_over(engine),
                within_s=150,
                what="two slots of every source have run",
            )

        for name in names:
            ran = slots(name)
            assert all(slot.second == 0 and slot.microsecond == 0 for slot in ran), "the time before jitter"
            assert all(later - earlier == timedelta(minutes=1) for earlier, later in pairwise(ran))
            assert ran[0] >= datetime.now(UTC) - timedelta(minutes=8), "of the missed slots only the newest"
            assert {run["state"] for run in runs_of(engine, name)} == {"succeeded"}
    assert "Traceback" not in log.read_text()
