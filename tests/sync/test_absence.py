from datetime import datetime, timedelta
from time import process_time
from typing import Any

import pytest
from sqlalchemy import Engine

from connectors.base import Absence, Fate
from sync.questions import NoSuchQuestion, accept
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.store import ask, outcome

DAY = timedelta(days=1)


def tracker(count: int = 7, **more: Any) -> FakeTracker:
    return FakeTracker({"APO": [issue(number) for number in range(1, count + 1)]}, **more)


def absences(engine: Engine) -> list[tuple[Any, ...]]:
    rows = ask(
        engine,
        "SELECT external_id, fate, says, found_by, settled_at IS NOT NULL AS settled, ended_at IS NOT NULL AS ended"
        " FROM absence ORDER BY id",
    )
    return [tuple(row.values()) for row in rows]


def standing(engine: Engine) -> list[dict[str, Any]]:
    return ask(engine, "SELECT * FROM question WHERE settled_at IS NULL ORDER BY id")


def buried(engine: Engine) -> list[str]:
    return [
        row["external_id"]
        for row in ask(
            engine, "SELECT external_id FROM work_item WHERE deleted_at IS NOT NULL ORDER BY external_id"
        )
    ]


def test_a_record_that_a_whole_reading_no_longer_lists_is_buried_with_its_fate_and_evidence(
    engine: Engine,
) -> None:
    configure(engine)
    source = tracker(3, counts=True, fates={"3": Absence(Fate.ARCHIVED, "the archive lists it")})
    run_once(engine, source)
    del source.issues["APO"][2]

    run_id, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert state == "succeeded"
    assert ask(engine, "SELECT fate FROM work_item WHERE deleted_at IS NOT NULL") == [{"fate": "archived"}]
    assert absences(engine) == [("3", "archived", "the archive lists it", "reading", True, False)]
    assert outcome(engine, run_id).ledger["issues"]["deleted"] == 1


def test_a_record_that_returns_loses_its_tombstone_and_keeps_the_history_of_its_absence(
    engine: Engine,
) -> None:
    configure(engine)
    source = tracker(3)
    run_once(engine, source)
    gone = source.issues["APO"].pop()
    run_once(engine, source, full=True, at=T0 + DAY)
    source.issues["APO"].append(gone)

    run_once(engine, source, full=True, at=T0 + 2 * DAY)

    assert buried(engine) == []
    assert ask(engine, "SELECT fate FROM work_item WHERE external_id = '3'") == [{"fate": None}]
    [row] = ask(engine, "SELECT found_at, ended_at, fate FROM absence")
    assert (row["found_at"], row["ended_at"], row["fate"]) == (T0 + DAY, T0 + 2 * DAY, "deleted")


def test_lost_access_sets_no_tombstone_and_is_said_as_a_warning(engine: Engine) -> None:
    configure(engine)
    lost = {"3": Absence(Fate.ACCESS_LOST, "403 for its project")}
    source = tracker(3, counts=True, fates=lost)
    run_once(engine, source)
    gone = source.issues["APO"].pop()

    run_id, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert state == "succeeded"
    assert buried(engine) == []
    assert ask(engine, "SELECT fate FROM work_item WHERE external_id = '3'") == [{"fate": "access_lost"}]
    assert "1 record is out of sight of this account (403 for its project)" in outcome(engine, run_id).words
    source.issues["APO"].append(gone)
    run_once(engine, source, full=True, at=T0 + 2 * DAY)
    assert ask(engine, "SELECT fate FROM work_item WHERE external_id = '3'") == [{"fate": None}]
    assert absences(engine)[0][5], "the time out of sight is over and stays on record"


def test_sight_lost_and_then_a_deletion_are_two_times_of_absence(engine: Engine) -> None:
    configure(engine)
    source = tracker(3, counts=True, fates={"3": Absence(Fate.ACCESS_LOST, "403")})
    run_once(engine, source)
    source.issues["APO"].pop()
    run_once(engine, source, census=True, at=T0 + DAY)
    source.fates["3"] = Absence(Fate.DELETED, "in the recycle bin")

    run_once(engine, source, full=True, census=True, at=T0 + 2 * DAY)

    assert [(row[1], row[4], row[5]) for row in absences(engine)] == [
        ("access_lost", True, True),
        ("deleted", True, False),
    ]
    assert buried(engine) == ["3"]


def test_what_is_there_after_all_is_not_suspected_any_longer(engine: Engine) -> None:
    configure(engine)
    source = tracker(3, counts=True)
    run_once(engine, source)
    source.hidden = {"3"}  # the search index lags behind

    run_once(engine, source, full=True, at=T0 + DAY)

    assert source.asked_fates == ["3"]
    assert buried(engine) == []
    assert absences(engine) == []


def test_too_much_at_once_is_held_and_asked_about(engine: Engine) -> None:
    configure(engine)
    source = tracker(40, counts=True)
    run_once(engine, source)
    del source.issues["APO"][20:]

    run_id, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert state == "partial"
    assert buried(engine) == []
    [question] = standing(engine)
    said = "issues of APO: 20 of 40 records would vanish at once; of 20 that were asked about: 20 deleted"
    assert question["says"].startswith(said)
    assert f"muster accept fake {question['id']} --by NAME" in outcome(engine, run_id).error
    assert ask(engine, "SELECT count(*) AS n FROM absence WHERE question_id = :q", q=question["id"]) == [
        {"n": 20}
    ]


def test_an_accepted_question_has_the_next_run_bury_them_and_stays_on_record(engine: Engine) -> None:
    configure(engine)
    source = tracker(40, counts=True)
    run_once(engine, source)
    del source.issues["APO"][20:]
    run_once(engine, source, full=True, at=T0 + DAY)
    [question] = standing(engine)

    then = accept(engine, "fake", question["id"], by="Ada", because="phase 2 was cancelled", now=T0 + DAY)
    _, state = run_once(engine, source, at=T0 + 2 * DAY)

    assert then == "the next run takes these 20 records for gone"
    assert state == "succeeded"
    assert len(buried(engine)) == 20
    [answered] = ask(engine, "SELECT accepted_by, because, settled_at IS NOT NULL AS done FROM question")
    assert answered == {"accepted_by": "Ada", "because": "phase 2 was cancelled", "done": True}


def test_an_answer_stands_until_the_source_can_be_asked_and_it_is_done(engine: Engine) -> None:
    configure(engine)
    source = tracker(40, counts=True)
    run_once(engine, source)
    del source.issues["APO"][20:]
    run_once(engine, source, full=True, at=T0 + DAY)
    [question] = standing(engine)
    accept(engine, "fake", question["id"], by="Ada", because="phase 2 was cancelled", now=T0 + DAY)
    source.mute = True
    _, state = run_once(engine, source, at=T0 + 2 * DAY)
    assert (state, buried(engine), [each["accepted_by"] for each in standing(engine)]) == (
        "partial",
        [],
        ["Ada"],
    )
    source.mute = False

    _, state = run_once(engine, source, at=T0 + 3 * DAY)

    assert (state, len(buried(engine)), standing(engine)) == ("succeeded", 20, [])


@pytest.mark.slow
def test_many_accepted_records_are_settled_in_time_that_grows_as_they_do(engine: Engine) -> None:
    configure(engine)

    def seconds(count: int, at: datetime) -> float:
        before = len(buried(engine))
        source = tracker(count + 1, page_size=8001)
        run_once(engine, source, full=True, at=at)
        del source.issues["APO"][1:]
        run_once(engine, source, full=True, at=at + DAY)
        [question] = standing(engine)
        accept(engine, "fake", question["id"], by="Ada", because="phase 2 was cancelled", now=at + DAY)
        began = process_time()
        run_once(engine, source, at=at + 2 * DAY)
        taken = process_time() - began
        assert len(buried(engine)) == max(count, before)
        return taken

    few, many = seconds(1000, T0), seconds(8000, T0 + 3 * DAY)
    assert many < 24 * few  # 8 times as many; each compared with each takes 64 times as long


def test_a_question_goes_by_itself_when_the_records_are_back(engine: Engine) -> None:
    configure(engine)
    source = tracker(40)
    run_once(engine, source)
    kept = list(source.issues["APO"])
    del source.issues["APO"][5:]
    run_once(engine, source, full=True, at=T0 + DAY)
    assert len(standing(engine)) == 1
    source.issues["APO"] = kept

    _, state = run_once(engine, source, full=True, at=T0 + 2 * DAY)

    assert state == "succeeded"
    assert (standing(engine), absences(engine)) == ([], [])


def test_a_whole_slice_out_of_sight_is_not_asked_about_but_shown_as_such(engine: Engine) -> None:
    configure(engine)
    source = tracker(30, counts=True)
    source.fates = {str(n): Absence(Fate.ACCESS_LOST, "403 for project APO") for n in range(1, 31)}
    run_once(engine, source)
    source.issues["APO"] = []

    run_id, _ = run_once(engine, source, full=True, at=T0 + DAY)

    assert (buried(engine), standing(engine)) == ([], [])
    assert "30 records are out of sight of this account (403 for project APO" in outcome(engine, run_id).words
    assert len(source.asked_fates) == 20, "a sample is enough"


def test_everything_of_a_stream_asks_however_little_it_is(engine: Engine) -> None:
    configure(engine)
    source = tracker(2)
    run_once(engine, source)
    source.issues["APO"] = []

    _, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert (state, buried(engine), len(standing(engine))) == ("partial", [], 1)


def test_many_small_slices_are_braked_together(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker(
        {f"P{n}": [issue(n * 10 + k, project=str(n)) for k in range(1, 6)] for n in range(1, 9)}
    )
    run_once(engine, source)
    for found in source.issues.values():
        del found[3:]

    _, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert (state, buried(engine)) == ("partial", [])
    [question] = standing(engine)
    assert question["says"].startswith("issues: 16 of 40 records would vanish at once")


def test_the_brake_can_be_set_for_a_source(engine: Engine) -> None:
    configure(engine, brake={"share": 0.9, "least": 10})
    source = tracker(40)
    run_once(engine, source)
    del source.issues["APO"][20:]

    _, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert (state, len(buried(engine))) == ("succeeded", 20)


def test_an_answer_needs_a_name_a_reason_and_an_open_question(engine: Engine) -> None:
    configure(engine)

    with pytest.raises(ValueError, match="who accepts it and why"):
        accept(engine, "fake", 1, by=" ", because="x", now=T0)
    with pytest.raises(NoSuchQuestion, match="none is open"):
        accept(engine, "fake", 1, by="Ada", because="x", now=T0)


def test_a_project_that_is_no_longer_listed_leaves_its_items_out_of_sight(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(1)], "B": [issue(2, project="2")]}, counts=True)
    run_once(engine, source)
    del source.issues["B"]

    run_id, _ = run_once(engine, source, at=T0 + DAY)

    assert buried(engine) == []
    assert ask(engine, "SELECT external_id FROM work_item WHERE fate = 'access_lost'") == [
        {"external_id": "2"}
    ]
    assert "B is no longer listed to this account" in outcome(engine, run_id).words


def test_what_is_out_of_sight_and_then_taken_out_of_the_configuration_is_out_of_scope(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(1)], "B": [issue(2, project="2")]}, counts=True)
    run_once(engine, source)
    del source.issues["B"]
    run_once(engine, source, at=T0 + DAY)
    configure(engine, projects=["A"])

    _, state = run_once(engine, source, at=T0 + 2 * DAY)

    assert (state, buried(engine)) == ("succeeded", ["2"])
    assert [(row[1], row[5]) for row in absences(engine)] == [("access_lost", True), ("out_of_scope", False)]


def test_a_suspicion_that_a_crash_left_is_settled_by_the_next_run(engine: Engine) -> None:
    configure(engine)
    source = tracker(9)
    run_once(engine, source)
    del source.issues["APO"][4]
    source.issues["SLOW"] = [issue(90 + n) for n in range(30)]
    source.fail_after = source.pages_served + 4
    source.failure = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run_once(engine, source, full=True, at=T0 + DAY)
    source.fail_after = None

    run_once(engine, source, at=T0 + 2 * DAY)

    assert buried(engine) == ["5"]


def test_a_failed_full_run_is_carried_on_by_the_next_which_finds_its_deletions(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"A": [issue(n) for n in range(1, 10)]})
    run_once(engine, source)
    del source.issues["A"][8]
    source.fail_after = source.pages_served + 1
    run_once(engine, source, full=True, at=T0 + DAY)
    source.fail_after = None

    run_id, state = run_once(engine, source, at=T0 + 2 * DAY)

    assert state == "succeeded"
    assert ask(engine, "SELECT mode FROM run WHERE id = :run", run=run_id) == [{"mode": "full"}]
    assert buried(engine) == ["9"]
    later, _ = run_once(engine, source, at=T0 + 3 * DAY)
    assert ask(engine, "SELECT mode FROM run WHERE id = :run", run=later) == [{"mode": "incremental"}]


def test_what_comes_by_another_slice_belongs_to_it_from_then_on(engine: Engine) -> None:
    configure(engine)
    both = [issue(1), issue(2)]
    run_once(engine, FakeTracker({"APO": both}))
    run_once(engine, FakeTracker({"QUERY": both}), full=True)
    assert ask(engine, "SELECT count(*) FROM work_item WHERE deleted_at IS NULL") == [{"count": 2}]

    run_once(engine, FakeTracker({"QUERY": [issue(1)]}), full=True)

    assert ask(engine, "SELECT external_id FROM work_item WHERE deleted_at IS NOT NULL") == [
        {"external_id": "2"}
    ]
