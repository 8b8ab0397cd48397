"""A replay of all stored pages gives the live model, however it came about; and a second one changes nothing."""

from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from sync.rawpage import pack
from sync.replay import NothingToReplay, Replayed, replay
from tests.support.fake_source import T0, FakeTracker, configure, fake_opener, issue, run_once
from tests.support.stored_model import empty, model_rows

LATER = T0 + timedelta(days=30)


def replayed(engine: Engine, tracker: FakeTracker, at: datetime = LATER) -> Replayed:
    return replay(engine, "fake", now=at, opener=fake_opener(tracker))


def test_a_replay_of_a_model_that_is_there_changes_nothing(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(n) for n in range(1, 6)]})
    run_once(engine, tracker)
    before = model_rows(engine, ids=True)

    done = replayed(engine, tracker)

    assert done.changes == 0
    assert done.rebuilt.records["issues"] == 5
    assert model_rows(engine, ids=True) == before


def test_a_replay_brings_an_emptied_model_back(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(n, points=n) for n in range(1, 6)], "B": [issue(9, project="10001")]})
    run_once(engine, tracker)
    tracker.issues["A"] = [issue(n, points=n + 1, minutes=10) for n in range(1, 5)]
    run_once(engine, tracker, full=True, at=T0 + timedelta(days=1))
    before = model_rows(engine)
    empty(engine)

    done = replayed(engine, tracker)

    assert done.tables["work_item"].added == 6
    assert model_rows(engine) == before


EDITS = st.lists(
    st.tuples(st.integers(1, 7), st.sampled_from(["edit", "delete", "add", "poison"]), st.integers(0, 90)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(EDITS, min_size=1, max_size=4))
def test_after_random_edits_and_runs_a_replay_into_an_empty_model_equals_the_live_one(
    engine: Engine, edits: list[list[tuple[int, str, int]]]
) -> None:
    empty(engine, everything=True)
    configure(engine)
    issues = {number: issue(number, points=1) for number in range(1, 6)}
    tracker = FakeTracker({"A": list(issues.values())}, page_size=4)
    run_once(engine, tracker)
    for day, changes in enumerate(edits, 1):
        for number, what, points in changes:
            if what == "delete":
                issues.pop(number, None)
            elif what == "poison" and number in issues:
                issues[number] = issue(number, minutes=day, points="many")
            elif what == "add" or number in issues:
                issues[number] = issue(number, minutes=day, points=points)
        tracker.issues["A"] = list(issues.values())
        run_once(engine, tracker, full=True, at=T0 + timedelta(days=day))
    live = model_rows(engine)
    standing = model_rows(engine, ids=True)

    assert replayed(engine, tracker).changes == 0
    assert model_rows(engine, ids=True) == standing
    empty(engine)
    replayed(engine, tracker)
    assert model_rows(engine) == live


def test_what_a_mapping_no_longer_gives_is_marked_and_comes_back_with_it(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1), issue(2)]})
    run_once(engine, tracker)
    filtered = FakeTracker({"A": [issue(1), {**issue(2), "filter": "a test item"}]})
    with engine.begin() as connection:  # the page as it would be read by a stricter reader
        body = orjson.dumps(filtered.issues["A"])
        was = connection.execute(text("SELECT body, parts FROM raw_page")).one()
        connection.execute(
            text(
                "UPDATE raw_page SET body = :body, parts = jsonb_set(parts, '{0,bytes}', to_jsonb(CAST(:n AS int)))"
            ),
            {"body": pack(body), "n": len(body)},
        )

    first = replayed(engine, tracker, LATER)
    with engine.begin() as connection:
        gone = connection.execute(
            text("SELECT external_id, fate FROM work_item WHERE deleted_at IS NOT NULL")
        ).all()
        connection.execute(
            text(
                "UPDATE raw_page SET body = :body, parts = jsonb_set(parts, '{0,bytes}', to_jsonb(CAST(:n AS int)))"
            ),
            {"body": was.body, "n": was.parts[0]["bytes"]},
        )
    second = replayed(engine, tracker, LATER + timedelta(days=1))

    assert first.tables["work_item"].removed == 1
    assert [tuple(row) for row in gone] == [("2", "out_of_scope")]
    assert second.tables["work_item"].back == 1


def test_a_changed_mapping_is_replayed_without_a_call(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1, points=3, effort=8)]})
    run_once(engine, tracker)
    served = tracker.pages_served
    configure(engine, mapping={"issues": {"points": "fields.effort"}})

    done = replayed(engine, tracker)

    assert done.tables["work_item"].changed == 1
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT points FROM work_item")) == 8.0
    assert tracker.pages_served == served


def test_a_record_that_the_mapping_now_rejects_keeps_what_it_had_and_is_reported(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1, points=3, effort="eight"), issue(2, points=1, effort=2)]})
    run_once(engine, tracker)
    configure(engine, mapping={"issues": {"points": "fields.effort"}})

    done = replayed(engine, tracker)

    assert list(done.rebuilt.rejected) == [("issues", "1")]
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT external_id, points, deleted_at FROM work_item ORDER BY 1")
        ).all()
        reason = connection.scalar(text("SELECT reason FROM rejected_record WHERE resolved_at IS NULL"))
    assert [(row[0], row[1], row[2]) for row in rows] == [("1", 3.0, None), ("2", 2.0, None)]
    assert "eight" in reason


def test_a_source_without_pages_says_what_to_do(engine: Engine) -> None:
    configure(engine)

    with pytest.raises(NothingToReplay, match="muster sync fake"):
        replayed(engine, FakeTracker({"A": []}))
