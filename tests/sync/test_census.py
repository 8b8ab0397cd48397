from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from sync.census import is_due
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.store import ask, outcome

DAY = timedelta(days=1)


def tracker(count: int = 7, **more: Any) -> FakeTracker:
    found = [issue(number, minutes=-1) for number in range(1, count + 1)]
    return FakeTracker({"APO": found}, counts=True, **more)


def keys(engine: Engine) -> list[str]:
    return [
        row["external_id"]
        for row in ask(
            engine, "SELECT external_id FROM work_item WHERE deleted_at IS NULL ORDER BY external_id"
        )
    ]


def test_a_census_by_hand_finds_deletions_that_no_incremental_reading_shows(engine: Engine) -> None:
    configure(engine)
    source = tracker(4)
    run_once(engine, source)
    del source.issues["APO"][0]

    run_id, state = run_once(engine, source, at=T0 + DAY, census=True)

    assert (state, keys(engine)) == ("succeeded", ["2", "3", "4"])
    [row] = ask(engine, "SELECT listed, stored, absent, holes FROM census WHERE run_id = :run", run=run_id)
    assert row == {"listed": 3, "stored": 4, "absent": 1, "holes": 0}
    assert outcome(engine, run_id).ledger["issues"]["deleted"] == 1


def test_a_record_that_was_missed_is_fetched_and_said(engine: Engine) -> None:
    configure(engine)
    source = tracker(4, hidden={"2"})  # the search does not find it
    run_once(engine, source)
    assert keys(engine) == ["1", "3", "4"]

    run_id, state = run_once(engine, source, at=T0 + DAY, census=True)

    assert (state, keys(engine)) == ("succeeded", ["1", "2", "3", "4"])
    assert "1 issues had been missed by the ordinary readings" in outcome(engine, run_id).words
    [row] = ask(engine, "SELECT holes, fetched, missed FROM census WHERE run_id = :run", run=run_id)
    assert row == {"holes": 1, "fetched": 1, "missed": 1}


def test_a_record_that_is_listed_and_never_given_is_a_problem_of_the_run(engine: Engine) -> None:
    configure(engine)
    source = tracker(3)
    run_once(engine, source)
    given = list(source.issues["APO"])
    source.issues["APO"] = [*given, {**issue(9), "id": "9"}]
    source.hidden = {"9"}
    source.withheld = {"9"}

    run_id, state = run_once(engine, source, at=T0 + DAY, census=True)

    assert state == "partial"
    assert (
        "1 issues are listed by the source but not given when asked for: 9" in outcome(engine, run_id).error
    )


def test_a_hole_whose_page_cannot_be_taken_apart_leaves_the_others_filled(engine: Engine) -> None:
    configure(engine)
    source = tracker(4, hidden={"2", "3"})
    run_once(engine, source)
    source.poisoned = {"2"}

    run_id, state = run_once(engine, source, at=T0 + DAY, census=True)

    assert (state, keys(engine)) == ("partial", ["1", "3", "4"])
    assert "APO: an answer is not of the shape" in outcome(engine, run_id).error


def test_a_reject_of_another_stream_with_the_same_id_hides_no_hole(engine: Engine) -> None:
    configure(engine)
    source = tracker(3, hidden={"2"})
    run_id, _ = run_once(engine, source)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rejected_record (run_id, source_id, stream, slice, kind, external_id, locator, reason,"
                " rejected_at) SELECT id, source_id, 'versions', 'APO', 'record', '2', 'v2', 'no date', started_at"
                " FROM run WHERE id = :run"
            ),
            {"run": run_id},
        )

    run_once(engine, source, at=T0 + DAY, census=True)

    assert keys(engine) == ["1", "2", "3"]


def test_a_census_asks_the_store_as_often_for_many_slices_as_for_few_what_it_knows(engine: Engine) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    configure(engine)
    source = FakeTracker({f"P{n}": [issue(n, project=str(n))] for n in range(1, 13)}, counts=True)
    run_once(engine, source)
    asked.clear()

    run_once(engine, source, at=T0 + DAY, census=True)

    assert len([each for each in asked if "SELECT external_id FROM rejected_record" in each]) == 1
    assert ask(engine, "SELECT sum(holes) AS n FROM census") == [{"n": 0}]


def test_a_census_that_lists_less_than_it_counts_buries_nothing(engine: Engine) -> None:
    configure(engine)
    source = tracker(4)
    run_once(engine, source)
    del source.issues["APO"][0]
    source.census_said = 4

    run_id, state = run_once(engine, source, at=T0 + DAY, census=True)

    assert (state, len(keys(engine))) == ("partial", 4)
    assert "counts 4 records of issues and lists only 3" in outcome(engine, run_id).error


def test_a_record_that_moved_to_another_slice_is_not_suspected(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(1), issue(2)], "B": [issue(3, project="2")]}, counts=True)
    run_once(engine, source)
    source.issues["B"].append(source.issues["A"].pop())

    run_once(engine, source, at=T0 + DAY, census=True)

    assert keys(engine) == ["1", "2", "3"]
    assert ask(engine, "SELECT * FROM absence") == []


def test_a_filtered_record_is_no_hole(engine: Engine) -> None:
    configure(engine)
    source = tracker(2)
    source.issues["APO"].append({**issue(3), "filter": "out of scope"})
    run_once(engine, source)

    run_id, state = run_once(engine, source, at=T0 + DAY, census=True)

    assert (state, outcome(engine, run_id).error) == ("succeeded", "")


@pytest.mark.parametrize(
    ("wanted", "after", "due"),
    [
        (None, 6 * DAY, False),
        (None, 7 * DAY, True),
        (1, 20 * DAY / 24, True),
        (0, 400 * DAY, False),
        ("0 4 * * 0", 6 * DAY, False),  # T0 is a Monday, 02:00
        ("0 4 * * 0", 6 * DAY + DAY / 8, True),
    ],
)
def test_a_census_is_due_by_days_or_by_a_schedule(
    engine: Engine,
    wanted: int | str | None,
    after: timedelta,
    due: bool,  # noqa: FBT001  (what is expected)
) -> None:
    configure(engine)
    [source] = ask(engine, "SELECT id FROM source")

    with engine.connect() as connection:
        assert is_due(connection, source["id"], wanted, T0 + after) is due


def test_a_due_census_runs_with_the_next_run_and_then_not_again(engine: Engine) -> None:
    configure(engine)
    source = tracker(2)
    run_once(engine, source)
    run_once(engine, source, at=T0 + 7 * DAY)
    run_once(engine, source, at=T0 + 8 * DAY)

    assert ask(engine, "SELECT count(*) AS n FROM census") == [{"n": 1}]
