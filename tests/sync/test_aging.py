"""Lists that a run leaves as an earlier one read them: it says so, and what changed in them is found in time."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from connectors.base import Traffic
from connectors.jira.boards import Sprints
from connectors.jira.config import JiraConfig
from connectors.jira.site import Site
from sync.registry import utc_now
from sync.run import execute_run, start_run
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import Sandbox, running
from tests.support.store import Outcome, ask, outcome

ANCHOR: Final = date(2026, 11, 22)
LISTS: Final = {"users", "sprints", "versions"}


@pytest.fixture(scope="module")
def tracker() -> Iterator[Sandbox]:
    with running("jira-cloud", anchor=ANCHOR, issues=60) as sandbox:
        yield sandbox


def at(engine: Engine, now: datetime, *, full: bool = False, census: bool = False) -> Outcome:
    """Run at an instant."""
    run = start_run(engine, "tracker", full=full, now=now, census=census)
    assert run is not None
    assert execute_run(engine, run, clock=lambda: now) == "succeeded"
    return outcome(engine, run)


def kept(engine: Engine, run: Outcome) -> dict[str, datetime]:
    [row] = ask(engine, "SELECT kept, requests FROM run WHERE id = :run", run=run.run_id)
    return {stream: datetime.fromisoformat(instant) for stream, instant in row["kept"].items()}


def begun(engine: Engine, tracker: Sandbox, **options: Any) -> datetime:
    """Configure the source, read it in full, and say when that was."""
    configure(engine, block(tracker, name="tracker", projects=["LA", "LB"], **options))
    now = utc_now()
    at(engine, now, full=True)
    return now


def test_a_run_soon_after_leaves_the_lists_and_says_since_when_they_stand(
    engine: Engine, tracker: Sandbox
) -> None:
    first = begun(engine, tracker)
    soon = at(engine, first + timedelta(minutes=5))
    assert kept(engine, soon) == dict.fromkeys(LISTS, first)
    assert LISTS.isdisjoint(soon.ledger)  # not read is no line, and no line of zeros
    again = at(engine, first + timedelta(minutes=10))
    assert kept(engine, again) == dict.fromkeys(LISTS, first)
    later = at(engine, first + timedelta(minutes=61))
    assert kept(engine, later) == {}
    assert set(later.ledger) >= LISTS


def test_full_runs_and_counts_of_all_ids_read_everything(engine: Engine, tracker: Sandbox) -> None:
    first = begun(engine, tracker)
    for run in (
        at(engine, first + timedelta(minutes=1), full=True),
        at(engine, first + timedelta(minutes=2), census=True),
    ):
        assert kept(engine, run) == {}
        assert set(run.ledger) >= LISTS


def test_no_age_reads_them_in_every_run(engine: Engine, tracker: Sandbox) -> None:
    first = begun(engine, tracker, lists_minutes=0)
    assert set(at(engine, first + timedelta(seconds=5)).ledger) >= LISTS


def test_a_clock_put_back_is_no_reason_to_leave_them(engine: Engine, tracker: Sandbox) -> None:
    first = begun(engine, tracker)
    assert kept(engine, at(engine, first - timedelta(minutes=5))) == {}


def test_what_could_not_be_read_is_read_again_whatever_its_age(engine: Engine, tracker: Sandbox) -> None:
    first = begun(engine, tracker)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rejected_record (run_id, source_id, stream, slice, kind, locator, reason, rejected_at)"
                " SELECT id, source_id, 'sprints', '', 'record', 'board 5', 'not to be seen', :now FROM run"
            ),
            {"now": first},
        )
        connection.execute(
            text("DELETE FROM cursor WHERE stream = 'versions' AND slice = (SELECT min(slice) FROM cursor"
                 " WHERE stream = 'versions')")
        )  # fmt: skip
    run = at(engine, first + timedelta(minutes=5))
    assert set(kept(engine, run)) == {"users"}
    assert {"sprints", "versions"} <= set(run.ledger)


def test_a_sprint_and_a_status_renamed_meanwhile_reach_their_issues_when_the_hour_is_over(
    engine: Engine, tracker: Sandbox
) -> None:
    first = begun(engine, tracker, history_repair_days=0)
    [sprint] = ask(engine, "SELECT min(external_id) AS id FROM work_item_iteration")
    tracker.control("edit", {"do": "rename_sprint", "id": int(sprint["id"]), "name": "Renamed meanwhile"})
    tracker.control("edit", {"do": "set_status", "id": "3", "name": "Under way"})

    def names(table: str, column: str) -> set[str]:
        return {row["name"] for row in ask(engine, f"SELECT DISTINCT {column} AS name FROM {table}")}

    at(engine, first + timedelta(minutes=30))
    assert "Renamed meanwhile" not in names("iteration", "name")
    at(engine, first + timedelta(minutes=61))
    assert "Renamed meanwhile" in names("iteration", "name")
    # Issues are read beside the lists: what they did not learn in that run a run that leaves the lists hands on.
    assert "sprints" in kept(engine, at(engine, first + timedelta(minutes=62)))
    assert "Renamed meanwhile" in names("work_item_iteration", "name")
    assert "Under way" in names("work_item", "status")


def test_a_change_that_did_not_reach_its_issues_yet_is_handed_on_by_a_run_that_leaves_the_list() -> None:
    now = utc_now()
    config = JiraConfig.model_validate(
        {"base_url": "https://jira.example.com", "auth": {"type": "pat", "token": "t"}}
    )
    site = Site(config, source="j", traffic=Traffic(), transport=None, connections=1, clock=lambda: now)
    seen = now - timedelta(minutes=9)
    cursor = {"marks": {"7": "abcd"}, "changed": {"7": seen.isoformat()}}
    assert Sprints(site).keep({"": cursor})
    assert site.changed.sprints == {"7": seen}
    assert not Sprints(site).keep({})
    site.close()
