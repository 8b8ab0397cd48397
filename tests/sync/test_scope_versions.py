from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from sync.questions import accept
from sync.scope_versions import explain
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.store import ask, outcome

DAY = timedelta(days=1)
FILTER = {"filter 10010": "project = APO"}


def tracker(**more: Any) -> FakeTracker:
    return FakeTracker({"APO": [issue(1)]}, scope=dict(FILTER), **more)


def mode(engine: Engine, run: int) -> str:
    return str(ask(engine, "SELECT mode FROM run WHERE id = :run", run=run)[0]["mode"])


def test_differences_are_said_in_words() -> None:
    assert explain({"a": "x", "b": "1", "gone": "z"}, {"a": "x", "b": "2", "new": "y"}) == [
        "b changed from “1” to “2”",
        "gone is gone; it was “z”",
        "new is new: “y”",
    ]


def test_a_scope_changed_in_the_tracker_is_explained_and_a_full_reading_offered(engine: Engine) -> None:
    configure(engine)
    source = tracker()
    run_once(engine, source)
    source.scope = {"filter 10010": "project = APO AND type = Epic"}

    run_id, state = run_once(engine, source, at=T0 + DAY)

    assert (state, mode(engine, run_id)) == ("succeeded", "incremental")
    words = outcome(engine, run_id).words
    assert "filter 10010 changed from “project = APO” to “project = APO AND type = Epic”" in words
    [question] = ask(engine, "SELECT id, if_accepted FROM question")
    assert question["if_accepted"] == "the next run reads again in full: issues, about 1 work items"
    assert len(ask(engine, "SELECT id FROM scope_version")) == 2

    accept(engine, "fake", question["id"], by="Ada", because="epics only since May", now=T0 + DAY)
    run_id, _ = run_once(engine, source, at=T0 + 2 * DAY)

    assert mode(engine, run_id) == "full"
    assert "Ada had everything read again: epics only since May" in outcome(engine, run_id).words
    later, _ = run_once(engine, source, at=T0 + 3 * DAY)
    assert mode(engine, later) == "incremental"
    assert ask(engine, "SELECT id FROM question WHERE settled_at IS NULL") == []


def test_a_part_that_could_not_be_asked_is_no_change(engine: Engine) -> None:
    configure(engine)
    source = tracker()
    run_once(engine, source)
    source.scope = {}

    run_once(engine, source, at=T0 + DAY)

    assert ask(engine, "SELECT id FROM question") == []


def test_a_source_may_be_read_again_without_being_asked(engine: Engine) -> None:
    configure(engine, on_scope_change="reread")
    source = tracker()
    run_once(engine, source)
    source.scope = {"filter 10010": "project = BOR"}

    run_id, _ = run_once(engine, source, at=T0 + DAY)

    assert mode(engine, run_id) == "full"
    assert "everything was read again" in outcome(engine, run_id).words


def test_a_changed_configuration_may_ask_first(engine: Engine) -> None:
    configure(engine, on_scope_change="ask")
    source = tracker()
    run_once(engine, source)
    configure(engine, on_scope_change="ask", projects=["APO"])

    run_id, _ = run_once(engine, source, at=T0 + DAY)

    assert mode(engine, run_id) == "incremental"
    [question] = ask(engine, "SELECT id, says FROM question")
    assert question["says"] == "its scope was changed in its configuration"
    accept(engine, "fake", question["id"], by="Ada", because="meant so", now=T0 + DAY)
    run_id, _ = run_once(engine, source, at=T0 + 2 * DAY)
    assert mode(engine, run_id) == "full"


@pytest.mark.parametrize("how", ["slice", "page", "listing"])
def test_a_slice_that_a_full_reading_could_not_read_is_read_whole_once_it_can_be(
    engine: Engine, how: str
) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(1)], "B": [issue(2, project="2")]})
    run_once(engine, source)
    configure(engine, projects=["A", "B"])
    source.issues["B"] = [issue(2, project="2", summary="renamed before the cursor")]
    if how == "slice":
        source.broken = {"B": "it is locked"}
    elif how == "page":
        source.poisoned = {"2"}
    else:
        source.unlisted = "its projects cannot be listed"
    first, state = run_once(engine, source, at=T0 + DAY)
    assert (state, mode(engine, first)) == ("partial", "full")
    source.broken, source.poisoned, source.unlisted = {}, set(), None

    second, state = run_once(engine, source, at=T0 + 2 * DAY)

    assert state == "succeeded"
    assert ask(engine, "SELECT title FROM work_item WHERE external_id = '2'") == [
        {"title": "renamed before the cursor"}
    ]
    if how != "listing":
        assert outcome(engine, second).ledger["issues"]["said"] == 1, "the other slice is not read again"
        assert mode(engine, second) == "incremental"


def test_a_scope_that_is_as_it_was_read_last_is_asked_about_no_more(engine: Engine) -> None:
    configure(engine)
    source = tracker()
    run_once(engine, source)
    source.scope = {"filter 10010": "project = BOR"}
    run_once(engine, source, at=T0 + DAY)
    source.scope = {"filter 10010": "project = CAS"}
    run_once(engine, source, at=T0 + 2 * DAY)
    [question] = ask(engine, "SELECT says FROM question WHERE settled_at IS NULL")
    assert question["says"].endswith("filter 10010 changed from “project = APO” to “project = CAS”")
    source.scope = dict(FILTER)

    run_id, state = run_once(engine, source, at=T0 + 3 * DAY)

    assert ask(engine, "SELECT id FROM question WHERE settled_at IS NULL") == []
    assert (state, mode(engine, run_id)) == ("succeeded", "incremental")
    assert "changed" not in outcome(engine, run_id).words
