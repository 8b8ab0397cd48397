from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from sync.questions import accept
from sync.registry import utc_now
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.sandbox_sources import block, pull
from tests.support.sandbox_sources import configure as apply_sandbox
from tests.support.sandboxes import running
from tests.support.store import ask

DAY = timedelta(days=1)


def fates(engine: Engine) -> dict[str, str | None]:
    return {
        row["external_id"]: row["fate"]
        for row in ask(engine, "SELECT external_id, fate FROM work_item ORDER BY external_id")
    }


@pytest.mark.parametrize("whole", [True, False])
def test_what_came_by_a_slice_that_is_taken_out_is_out_of_scope(engine: Engine, *, whole: bool) -> None:
    configure(engine)
    source = FakeTracker(
        {"*": [issue(1), issue(2, project="2")]}, positions=False, full_listing=whole, said_extra=None
    )
    run_once(engine, source)
    configure(engine, projects=["A"])
    source.issues = {"A": [issue(1)]}

    _, state = run_once(engine, source, at=T0 + DAY)

    assert (state, fates(engine)) == ("succeeded", {"1": None, "2": "out_of_scope"})
    run_once(engine, source, at=T0 + 2 * DAY)
    assert ask(engine, "SELECT count(*) AS n FROM absence") == [{"n": 1}]


def test_nothing_is_taken_for_gone_that_may_be_in_a_slice_that_could_not_be_read(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"*": [issue(1), issue(2, project="2")]}, positions=False)
    run_once(engine, source)
    configure(engine, projects=["A", "B"])
    source.issues = {"A": [issue(1)], "B": [issue(2, project="2")]}
    source.broken = {"B": "it is locked"}
    run_once(engine, source, at=T0 + DAY)
    assert fates(engine) == {"1": None, "2": None}
    source.broken = {}

    run_once(engine, source, at=T0 + 2 * DAY)

    assert fates(engine) == {"1": None, "2": None}


def test_a_slice_without_a_position_is_read_whole_by_every_run(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(1)]}, positions=False)
    run_once(engine, source)
    source.issues["A"] = [issue(1, summary="other")]

    run_once(engine, source, at=T0 + DAY)

    assert ask(engine, "SELECT title FROM work_item") == [{"title": "other"}]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jira-cloud", "ado"])
def test_projects_and_iterations_that_are_taken_out_of_the_configuration_go_with_it(
    engine: Engine, kind: str
) -> None:
    with running(kind, issues=40) if kind == "jira-cloud" else running(kind) as sandbox:
        apply_sandbox(engine, block(sandbox, "trial", projects=["*"]))
        pull(engine, "trial")
        before = scopes(engine)
        names = [row["key"] if kind == "jira-cloud" else row["name"] for row in before][:1]
        apply_sandbox(engine, block(sandbox, "trial", projects=names))

        _, state = pull(engine, "trial")
        if state == "partial":  # most of the iterations went: asked about
            for question in ask(
                engine, "SELECT id FROM question WHERE settled_at IS NULL AND accepted_by IS NULL"
            ):
                accept(engine, "trial", question["id"], by="Ada", because="only one is ours", now=utc_now())
            _, state = pull(engine, "trial")
        assert state == "succeeded"

    left = [row for row in scopes(engine) if row["deleted_at"] is None]
    assert len(before) > 1
    assert left == before[:1]
    iterations = ask(engine, "SELECT scope_external_id AS scope FROM iteration WHERE deleted_at IS NULL")
    assert {row["scope"] for row in iterations} <= {left[0]["external_id"], None}


def scopes(engine: Engine) -> list[dict[str, Any]]:
    return ask(engine, "SELECT external_id, key, name, deleted_at FROM scope ORDER BY external_id")
