from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from sync.quarantine import MOST
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.store import ask, outcome

DAY = timedelta(days=1)


def rejects(engine: Engine) -> list[tuple[Any, ...]]:
    rows = ask(
        engine,
        "SELECT kind, locator, attempts, resolved_at IS NOT NULL AS done FROM rejected_record ORDER BY id",
    )
    return [tuple(row.values()) for row in rows]


def test_a_rejected_record_is_asked_for_again_although_the_cursor_has_passed_it(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1), issue(2, points="many")]}, counts=True)
    run_once(engine, source)
    run_once(engine, source, at=T0 + DAY)
    assert (source.asked_ids, rejects(engine)) == (["2"], [("record", "APO-2", 2, False)])
    source.issues["APO"][1] = issue(2, points=5)

    run_once(engine, source, at=T0 + 2 * DAY)

    assert rejects(engine) == [("record", "APO-2", 3, True)]
    assert ask(engine, "SELECT points FROM work_item WHERE external_id = '2'") == [{"points": 5.0}]


def test_a_stream_that_cannot_fetch_by_id_reads_the_slice_again(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1), issue(2, points="many")]})
    run_once(engine, source)
    source.issues["APO"][1] = issue(2, points=5)

    run_once(engine, source, at=T0 + DAY)

    assert [row[3] for row in rejects(engine)] == [True]


def test_a_reject_whose_record_is_gone_is_over(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1), issue(2, points="many")]}, counts=True)
    run_once(engine, source)
    source.issues["APO"].pop()

    run_once(engine, source, at=T0 + DAY)

    assert [row[3] for row in rejects(engine)] == [True]


def test_a_record_rejected_for_another_reason_stands_once(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(2, points="many")]}, counts=True)
    run_once(engine, source)
    source.issues["APO"] = [issue(2, points="lots")]

    run_once(engine, source, at=T0 + DAY)

    assert [row[3] for row in rejects(engine)] == [True, False]


def test_a_page_that_cannot_be_taken_apart_is_kept_and_what_comes_after_it_lands(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(n) for n in range(1, 10)]}, poisoned={"5"})

    run_id, state = run_once(engine, source)

    found = outcome(engine, run_id)
    assert state == "partial"
    assert "its records cannot be told apart" in found.error
    assert found.counts("issues") == (6, 3, 0)
    assert found.ledger["issues"]["said"] == 9
    assert ask(engine, "SELECT count(*) AS n FROM raw_page") == [{"n": 3}]
    assert rejects(engine) == [("page", "APO, GET fake", 1, False)]
    source.poisoned = set()

    _, state = run_once(engine, source, at=T0 + DAY)

    assert state == "succeeded"
    assert ask(engine, "SELECT count(*) AS n FROM work_item WHERE deleted_at IS NULL") == [{"n": 9}]
    assert rejects(engine)[0][3]


def test_a_slice_that_cannot_be_read_is_kept_with_its_reason_until_it_can(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"BAD": [issue(1)], "APO": [issue(2)]}, broken={"BAD": "no permission to browse"})
    run_once(engine, source)
    run_once(engine, source, at=T0 + DAY)
    assert rejects(engine) == [("slice", "BAD", 2, False)]
    source.broken = {}

    _, state = run_once(engine, source, at=T0 + 2 * DAY)

    assert (state, rejects(engine)) == ("succeeded", [("slice", "BAD", 2, True)])


def test_a_page_asked_for_by_id_that_cannot_be_taken_apart_stops_no_other(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(2, points="many"), issue(3, points="many")]}, counts=True)
    run_once(engine, source)
    source.issues["APO"] = [issue(2, points=5), issue(3, points=5)]
    source.poisoned = {"2"}

    run_id, state = run_once(engine, source, at=T0 + DAY)

    assert state == "partial"
    assert "APO: an answer is not of the shape" in outcome(engine, run_id).error
    assert [(row[1], row[3]) for row in rejects(engine)] == [("APO-2", False), ("APO-3", True)]
    source.poisoned = set()
    _, state = run_once(engine, source, at=T0 + 2 * DAY)
    assert (state, [row[3] for row in rejects(engine)]) == ("succeeded", [True, True])


def test_a_source_that_does_not_say_what_became_of_a_reject_stops_nothing(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1), issue(2, points="many")]}, counts=True)
    run_once(engine, source)
    source.issues["APO"].pop()
    source.mute = True

    run_id, state = run_once(engine, source, at=T0 + DAY)

    assert (state, [row[3] for row in rejects(engine)]) == ("partial", [False])
    assert "it does not answer" in outcome(engine, run_id).error


def test_rejects_that_cannot_be_asked_for_do_not_keep_others_from_their_turn(engine: Engine) -> None:
    configure(engine)
    lost = [issue(1000 + n, points="many") for n in range(MOST)]
    source = FakeTracker({"GONE": lost, "APO": [issue(1)]}, counts=True, page_size=MOST)
    run_once(engine, source)
    del source.issues["GONE"]
    source.issues["APO"].append(issue(2, points="many"))
    run_once(engine, source, at=T0 + DAY)
    source.issues["APO"][1] = issue(2, points=5)

    run_once(engine, source, at=T0 + 2 * DAY)

    assert ask(engine, "SELECT points FROM work_item WHERE external_id = '2'") == [{"points": 5.0}]


def test_rejects_of_a_slice_that_does_not_answer_go_behind_the_others(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"BAD": [issue(1, points="many")]}, counts=True)
    run_once(engine, source)
    source.issues["BAD"].pop()
    source.mute = True

    run_once(engine, source, at=T0 + DAY)

    assert ask(engine, "SELECT retried_at FROM rejected_record") == [{"retried_at": T0 + DAY}]


def test_a_stream_of_which_every_record_is_rejected_makes_the_run_partial_until_one_is_stored(
    engine: Engine,
) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1, points="many"), issue(2, points="few")]}, counts=True)

    first = run_once(engine, source)
    again = run_once(engine, source, at=T0 + DAY)

    assert (first[1], again[1]) == ("partial", "partial")
    said = (
        "fake: 2 of 2 issues were rejected and none was stored, most for: points (from fields.points): expected a"
        " number; see `muster rejects fake`, then mend the mapping or the source"
    )
    assert said in outcome(engine, first[0]).words
    source.issues["APO"][0] = issue(1, points=1)
    assert run_once(engine, source, at=T0 + 2 * DAY)[1] == "succeeded"
    assert run_once(engine, source, at=T0 + 3 * DAY)[1] == "succeeded", "the one that stays has been told of"


@pytest.mark.parametrize(
    ("rejected", "stored", "state"), [(10, 39, "partial"), (10, 40, "succeeded"), (9, 9, "succeeded")]
)
def test_more_than_a_fifth_of_a_streams_records_rejected_makes_the_run_partial(
    engine: Engine, rejected: int, stored: int, state: str
) -> None:
    configure(engine)
    bad = [issue(number, points="many") for number in range(rejected)]
    good = [issue(100 + number) for number in range(stored)]

    _, found = run_once(engine, FakeTracker({"APO": [*bad, *good]}, page_size=20))

    assert found == state
