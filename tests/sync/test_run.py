from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from connectors.errors import AccessDenied
from sync.rawpage import open_body
from sync.run import start_run
from tests.support.fake_source import T0, FakeTracker, carry_on, configure, issue, run_once


def ask(engine: Engine, query: str, **values: Any) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) if len(row) > 1 else row[0] for row in connection.execute(text(query), values)]


def ledger(engine: Engine, run_id: int) -> dict[str, Any]:
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM run_stream WHERE run_id = :run"), {"run": run_id}
        ).mappings().one()  # fmt: skip
        return dict(row)


def tracker(count: int = 7, **more: Any) -> FakeTracker:
    return FakeTracker({"APO": [issue(number) for number in range(1, count + 1)]}, **more)


def test_a_run_stores_every_record_with_its_page_its_history_and_a_balanced_ledger(engine: Engine) -> None:
    configure(engine)

    run_id, state = run_once(engine, tracker())

    assert state == "succeeded"
    assert ask(engine, "SELECT count(*), count(DISTINCT raw_page_id) FROM work_item") == [(7, 3)]
    assert ask(engine, "SELECT count(*) FROM transition") == [7]
    line = ledger(engine, run_id)
    assert line["said"] == line["stored"] + line["rejected"] + line["filtered"] == 7


def test_a_stored_page_opens_to_the_bytes_that_were_fetched(engine: Engine) -> None:
    configure(engine)
    run_once(engine, tracker(2))

    [(body, parts)] = ask(engine, "SELECT body, parts FROM raw_page")
    [part] = open_body(body, parts)

    assert part.request == "GET fake"
    assert part.body.startswith(b'[{"id":"1"')


def test_reading_the_same_records_again_writes_no_row(engine: Engine) -> None:
    configure(engine)
    run_once(engine, tracker())

    run_id, _ = run_once(engine, tracker(), full=True, at=T0 + timedelta(days=1))

    assert ledger(engine, run_id)["unchanged"] == 7
    assert ask(engine, "SELECT count(*) FROM work_item WHERE run_id = :run", run=run_id) == [0]


def test_an_incremental_run_goes_on_from_the_cursor(engine: Engine) -> None:
    configure(engine)
    source = tracker(3)
    run_once(engine, source)
    source.issues["APO"].append(issue(4))

    run_id, _ = run_once(engine, source, at=T0 + timedelta(days=1))

    assert ledger(engine, run_id)["stored"] == 1
    assert ask(engine, "SELECT count(*) FROM work_item") == [4]


def test_a_record_that_cannot_be_mapped_is_rejected_with_its_reason_and_the_page_lands(
    engine: Engine,
) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1), issue(2, points="many"), issue(3)]})

    run_id, state = run_once(engine, source)

    assert state == "succeeded"
    assert ledger(engine, run_id)["rejected"] == 1
    assert ask(engine, "SELECT locator, reason FROM rejected_record") == [
        ("APO-2", "points (from fields.points): 'many': expected a number")
    ]
    assert ask(engine, "SELECT key FROM work_item ORDER BY key") == ["APO-1", "APO-3"]


def test_a_rejection_is_resolved_when_the_record_can_be_read(engine: Engine) -> None:
    configure(engine)
    run_once(engine, FakeTracker({"APO": [issue(1, points="many")]}))

    run_once(engine, FakeTracker({"APO": [issue(1, points=3)]}), full=True, at=T0 + timedelta(days=1))

    assert ask(engine, "SELECT resolved_at IS NOT NULL FROM rejected_record") == [True]


def test_a_filtered_record_counts_under_its_rule(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1), {**issue(2), "filter": "out of scope"}]})

    run_id, _ = run_once(engine, source)

    line = ledger(engine, run_id)
    assert (line["said"], line["stored"], line["filtered"]) == (2, 1, 1)
    assert line["filters"] == {"out of scope": 1}


def test_a_source_that_says_more_than_it_gives_leaves_the_ledger_unbalanced(engine: Engine) -> None:
    configure(engine)

    run_id, state = run_once(engine, tracker(2, said_extra=1))

    assert state == "partial"
    [error] = ask(engine, "SELECT error FROM run WHERE id = :run", run=run_id)
    assert error.startswith("fake: the ledger of issues does not balance: the source said 3, stored 2")
    line = ledger(engine, run_id)
    assert line["said"] - line["stored"] - line["rejected"] - line["filtered"] == 1


def test_what_a_whole_reading_no_longer_shows_gets_a_tombstone_and_comes_back_if_shown_again(
    engine: Engine,
) -> None:
    configure(engine)
    run_once(engine, tracker(3))
    later = T0 + timedelta(days=1)

    run_id, _ = run_once(engine, tracker(2), full=True, at=later)

    assert ask(engine, "SELECT key, deleted_at FROM work_item WHERE deleted_at IS NOT NULL") == [
        ("APO-3", later)
    ]
    assert ledger(engine, run_id)["deleted"] == 1
    run_once(engine, tracker(3), full=True, at=later + timedelta(days=1))
    assert ask(engine, "SELECT count(*) FROM work_item WHERE deleted_at IS NOT NULL") == [0]


def test_one_bad_project_does_not_stop_the_others(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"BAD": [issue(1)], "APO": [issue(2)]}, broken={"BAD": "no permission to browse"})

    run_id, state = run_once(engine, source)

    assert state == "partial"
    assert ask(engine, "SELECT key FROM work_item") == ["APO-2"]
    assert ask(engine, "SELECT error FROM run WHERE id = :run", run=run_id) == [
        "fake: BAD: no permission to browse"
    ]


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_a_run_cut_off_anywhere_is_carried_on_to_the_same_result(engine: Engine, pages: int) -> None:
    configure(engine)
    source = tracker(7, fail_after=pages, failure=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_once(engine, source, full=True)
    [run_id] = ask(engine, "SELECT id FROM run")
    with engine.begin() as connection:  # as a killed process leaves it
        connection.execute(text("UPDATE run SET state = 'running'"))
    source.fail_after = None

    state = carry_on(engine, source, run_id)

    assert state == "succeeded"
    assert ask(engine, "SELECT count(*) FROM work_item") == [7]
    assert ask(engine, "SELECT count(*) FROM transition") == [7]
    assert ledger(engine, run_id)["stored"] == 7


def test_refused_credentials_fail_the_run_in_words(engine: Engine) -> None:
    configure(engine)
    failure = AccessDenied("the token was refused; make a new one", source="fake")

    run_id, state = run_once(engine, tracker(fail_after=1, failure=failure))

    assert state == "failed"
    assert ask(engine, "SELECT error FROM run WHERE id = :run", run=run_id) == [
        "fake: the token was refused; make a new one"
    ]
    assert ask(engine, "SELECT count(*) FROM work_item") == [3], "what was landed stays"


class _DiskFull(Exception):
    sqlstate = "53100"


def test_a_full_disk_fails_the_run_in_words_and_the_next_run_continues(engine: Engine) -> None:
    configure(engine)
    full = OperationalError("COPY", {}, _DiskFull("could not extend file"))
    source = tracker(7, fail_after=1, failure=full)
    run_id, state = run_once(engine, source)
    [error] = ask(engine, "SELECT error FROM run WHERE id = :run", run=run_id)
    assert (state, error.split(";")[0]) == ("failed", "the database's disk is full")
    source.fail_after = None

    run_once(engine, source, at=T0 + timedelta(hours=1))

    assert ask(engine, "SELECT count(*) FROM work_item") == [7]


def test_a_nul_character_in_a_title_is_dropped_rather_than_the_page(engine: Engine) -> None:
    configure(engine)

    run_once(engine, FakeTracker({"APO": [issue(1, summary="be\x00fore")]}))

    assert ask(engine, "SELECT title FROM work_item") == ["before"]


def test_of_an_item_that_comes_by_two_slices_the_newer_state_stands(engine: Engine) -> None:
    configure(engine)
    moved = {"APO": [issue(1, minutes=10, summary="newer")], "BEE": [issue(1, minutes=5, summary="older")]}

    run_once(engine, FakeTracker(moved))

    assert ask(engine, "SELECT title FROM work_item") == ["newer"]


def test_an_edit_dated_before_what_is_stored_is_not_lost(engine: Engine) -> None:
    configure(engine)
    run_once(engine, FakeTracker({"APO": [issue(1, minutes=10, summary="before the clock was put back")]}))

    run_once(engine, FakeTracker({"APO": [issue(1, minutes=5, summary="after")]}), full=True)

    assert ask(engine, "SELECT title FROM work_item") == ["after"]


def test_removed_history_rows_do_not_linger(engine: Engine) -> None:
    configure(engine)
    two = {**issue(1), "transitions": [["1:0", T0.isoformat(), "Doing"], ["1:1", T0.isoformat(), "Done"]]}
    run_once(engine, FakeTracker({"APO": [two]}))

    run_once(engine, FakeTracker({"APO": [issue(1)]}), full=True)

    assert ask(engine, "SELECT external_id FROM transition") == ["1:0"]


def test_a_full_run_that_was_cut_off_still_finds_what_is_gone(engine: Engine) -> None:
    configure(engine)
    source = tracker(9)
    run_once(engine, source)
    del source.issues["APO"][4]
    source.fail_after = source.pages_served + 2
    source.failure = KeyboardInterrupt()
    run_id = start_run(engine, "fake", full=True, now=T0 + timedelta(days=1))
    assert run_id is not None
    with pytest.raises(KeyboardInterrupt):
        carry_on(engine, source, run_id, at=T0 + timedelta(days=1))
    # The process was killed before it could close the run.
    with engine.begin() as connection:
        connection.execute(text("UPDATE run SET state = 'running' WHERE id = :run"), {"run": run_id})
    source.fail_after = None

    assert carry_on(engine, source, run_id, at=T0 + timedelta(days=1)) == "succeeded"

    assert ask(engine, "SELECT external_id FROM work_item WHERE deleted_at IS NOT NULL") == ["5"]
    line = ledger(engine, run_id)
    assert (line["said"], line["stored"], line["deleted"]) == (8, 8, 1)


def test_a_run_that_goes_on_where_another_run_stopped_calls_nothing_gone_that_the_other_saw(
    engine: Engine,
) -> None:
    configure(engine)
    source = tracker(9, fail_after=2)
    run_once(engine, source)
    source.fail_after = None

    _, state = run_once(engine, source, at=T0 + timedelta(hours=1))

    assert state == "succeeded"
    assert ask(engine, "SELECT count(*) FROM work_item WHERE deleted_at IS NULL") == [9]


def test_a_changed_mapping_reaches_what_is_stored_already_without_a_call(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1, size=3)]})
    run_once(engine, source)
    configure(engine, mapping={"issues": {"points": "fields.size"}})
    with engine.begin() as connection:  # as a source that was asked for this field from the beginning
        connection.execute(text("UPDATE run SET asked = asked || '[\"size\"]'"))

    run_id, _ = run_once(engine, source, at=T0 + timedelta(days=1))

    assert ask(engine, "SELECT points FROM work_item") == [3.0]
    assert ask(engine, "SELECT mode FROM run WHERE id = :run", run=run_id) == ["incremental"]
    assert ask(engine, "SELECT warnings ->> 0 FROM run WHERE id = :run", run=run_id) == [
        "its mapping was changed: 1 stored pages were read again by it, 1 records are not what they were"
    ]


def test_a_mapping_that_needs_more_than_was_asked_for_is_read_in_full(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1, size=3)]})
    run_once(engine, source)
    configure(engine, mapping={"issues": {"points": "fields.size"}})

    run_id, _ = run_once(engine, source, at=T0 + timedelta(days=1))

    assert ask(engine, "SELECT points FROM work_item") == [3.0]
    assert ask(engine, "SELECT mode FROM run WHERE id = :run", run=run_id) == ["full"]
    assert ask(engine, "SELECT warnings ->> 0 FROM run WHERE id = :run", run=run_id) == [
        "its mapping or scope was changed since the last run; everything was read again"
    ]


def test_a_changed_scope_is_read_in_full(engine: Engine) -> None:
    configure(engine)
    source = FakeTracker({"APO": [issue(1)]})
    run_once(engine, source)
    configure(engine, projects=["APO"])

    run_id, _ = run_once(engine, source, at=T0 + timedelta(days=1))

    assert ask(engine, "SELECT mode FROM run WHERE id = :run", run=run_id) == ["full"]


def test_a_stored_block_that_no_longer_holds_fails_the_run_in_words(engine: Engine) -> None:
    configure(engine)
    with engine.begin() as connection:
        connection.execute(text('UPDATE source SET config = config || \'{"schedule": "never"}\''))

    run_id, state = run_once(engine, tracker())

    assert state == "failed"
    assert ask(engine, "SELECT error FROM run WHERE id = :run", run=run_id) == [
        "a stored configuration no longer holds; apply the configuration file again"
    ]
