"""Projects that go and scopes that change, through a real run: what is stored follows."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from sync.registry import utc_now
from sync.run import execute_run, start_run
from tests.support.jira_clients import ANCHOR
from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import Sandbox, running
from tests.support.store import ask


@pytest.fixture
def tracker() -> Iterator[Sandbox]:
    with running("jira-cloud", anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


def counted(engine: Engine, *, full: bool = False) -> str:
    """One run with a census."""
    run = start_run(engine, "jira", full=full, now=utc_now(), census=True)
    assert run is not None
    return execute_run(engine, run)


@pytest.mark.parametrize("state", ["trashed", "archived"])
def test_the_issues_of_a_project_that_is_gone_are_asked_about_and_not_called_out_of_sight(
    engine: Engine, tracker: Sandbox, state: str
) -> None:
    configure(engine, block(tracker, "jira", projects=["*"]))
    assert pull(engine, "jira")[1] == "succeeded"

    tracker.control("edit", {"do": "project_state", "key": "LB", "state": state})

    assert counted(engine) == "partial"
    [run] = ask(engine, "SELECT error FROM run ORDER BY id DESC LIMIT 1")
    assert "would vanish" in run["error"]
    assert "muster accept jira" in run["error"]
    assert ask(engine, "SELECT count(*) FROM work_item WHERE fate IS NOT NULL") == [{"count": 0}]


def test_a_deletion_after_a_change_of_scope_is_found(engine: Engine, tracker: Sandbox) -> None:
    configure(engine, block(tracker, "jira", projects=["LA"]))
    assert pull(engine, "jira")[1] == "succeeded"
    configure(engine, block(tracker, "jira", query="project = LA"))
    assert pull(engine, "jira")[1] == "succeeded"

    gone = tracker.control("edit", {"do": "delete", "key": "LA-1"})["id"]

    assert counted(engine, full=True) == "succeeded"
    assert ask(engine, "SELECT external_id, fate FROM work_item WHERE deleted_at IS NOT NULL") == [
        {"external_id": gone, "fate": "deleted"}
    ]


def test_a_slip_in_the_configuration_that_leaves_hardly_anything_is_asked_about(
    engine: Engine, tracker: Sandbox
) -> None:
    configure(engine, block(tracker, "jira", query="project IN (LA, LB)"))
    assert pull(engine, "jira")[1] == "succeeded"
    tracker_holds = ask(engine, "SELECT count(*) AS n FROM work_item")
    configure(engine, block(tracker, "jira", query="project = LA AND key = LA-1"))

    assert pull(engine, "jira")[1] == "partial"

    gone = ask(engine, "SELECT count(*) AS n FROM work_item WHERE fate IS NOT NULL")
    assert gone == [{"n": 0}]
    configure(engine, block(tracker, "jira", query="project IN (LA, LB)"))
    assert pull(engine, "jira")[1] == "succeeded"
    assert ask(engine, "SELECT count(*) AS n FROM work_item WHERE fate IS NULL") == tracker_holds
