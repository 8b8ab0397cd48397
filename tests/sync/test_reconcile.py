from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, text

from sync.freshness import freshness
from sync.questions import accept
from tests.support.fake_source import T0, FakeTracker, configure, issue, run_once
from tests.support.store import ask, outcome

DAY = timedelta(days=1)


def tracker(*points: Any, **more: Any) -> FakeTracker:
    found = [issue(number, points=each) for number, each in enumerate(points, 1)]
    return FakeTracker({"APO": found}, **more)


def controls(engine: Engine, run: int) -> dict[str, Any]:
    [row] = ask(engine, "SELECT controls FROM run_stream WHERE run_id = :run", run=run)
    found: dict[str, Any] = row["controls"]["points"]
    return found


def test_a_source_without_a_count_of_its_own_says_none(engine: Engine) -> None:
    configure(engine)

    run_id, state = run_once(engine, tracker(1, said_extra=None))

    assert state == "succeeded"
    assert outcome(engine, run_id).ledger["issues"]["said"] is None


def test_points_are_added_up_apart_from_the_mapping(engine: Engine) -> None:
    configure(engine)

    run_id, state = run_once(engine, tracker(3, 0.5, None, 0.1))

    found = controls(engine, run_id)
    assert state == "succeeded"
    assert (found["raw"], found["mapped"], found["written"], found["uncontrolled"]) == (
        "3.6",
        "3.6",
        "3.6",
        0,
    )


def test_a_mapping_that_alters_numbers_is_a_problem_of_the_run(engine: Engine) -> None:
    configure(
        engine, mapping={"issues": {"points": {"path": "fields.points", "transform": "hours_from_seconds"}}}
    )

    run_id, state = run_once(engine, tracker(3600, 7200))

    assert state == "partial"
    said = "points of issues: the records as they came add up to 10800, as they were mapped to 3 (e.g. APO-1, APO-2)"
    assert said in outcome(engine, run_id).error


def test_a_source_s_own_total_is_held_against_its_records(engine: Engine) -> None:
    configure(engine)
    source = tracker(3, 5, controls={"points": Decimal(9)})

    run_id, state = run_once(engine, source)

    assert state == "partial"
    said = "points of issues: the source's own total is 9, its records add up to 8"
    assert said in outcome(engine, run_id).error


def test_what_was_changed_behind_the_run_s_back_shows_against_the_store(engine: Engine) -> None:
    configure(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN NEW.points = NEW.points + 1; RETURN NEW; END $$"
            )
        )
        connection.execute(
            text("CREATE TRIGGER spoil BEFORE INSERT ON work_item FOR EACH ROW EXECUTE FUNCTION spoil()")
        )

    run_id, state = run_once(engine, tracker(3, 5))

    assert state == "partial"
    assert (
        "records that add up to 8 were written, the store holds 10 of them" in outcome(engine, run_id).error
    )


def test_an_imbalance_is_accepted_by_name_until_it_is_off_by_another_amount(engine: Engine) -> None:
    configure(engine)
    source = tracker(3, 5, said_extra=1)
    run_once(engine, source)
    [question] = ask(engine, "SELECT id FROM question")
    accept(engine, "fake", question["id"], by="Ada", because="one is a draft", now=T0)

    run_id, state = run_once(engine, source, full=True, at=T0 + DAY)

    assert state == "succeeded"
    assert "off" not in outcome(engine, run_id).error
    assert "accepted by Ada: one is a draft" in outcome(engine, run_id).words
    source.said_extra = 2
    _, state = run_once(engine, source, full=True, at=T0 + 2 * DAY)
    assert state == "partial"
    source.said_extra = 0
    _, state = run_once(engine, source, full=True, at=T0 + 3 * DAY)
    assert state == "succeeded"
    assert ask(engine, "SELECT id FROM question WHERE settled_at IS NULL") == []


def test_a_source_is_overdue_by_its_own_span_or_by_its_schedule(engine: Engine) -> None:
    configure(engine, schedule="0 2 * * 1-5")
    run_once(engine, tracker(1))

    def late(hours: float) -> bool:
        with engine.connect() as connection:
            [found] = freshness(connection, now=T0 + timedelta(hours=hours)).values()
            return found.overdue

    assert [late(73), late(75)] == [False, True], "over a weekend three days pass without a slot"
    configure(engine, schedule="0 2 * * 1-5", fresh_within="26h")
    assert [late(26), late(26.1)] == [False, True]
