"""The log of who changed what: written with the change, only ever added to, and a change of it shows."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from model.audit import NOTHING_BEFORE, Anchor, Way
from sync.accounts import NewAccount, add_account, disable
from sync.audit import Cause, caused_by, record, record_alone
from sync.audit_log import head, verify
from sync.sessions import NewSession, begin_in
from sync.store import unit_of_work


def _write(engine: Engine, *names: str) -> None:
    for name in names:
        record_alone(engine, "source.added", f"source {name}", {"kind": "jira"})


def _record_and_fail(engine: Engine) -> None:
    with unit_of_work(engine) as connection:
        record(connection, "source.added", "source b")
        connection.execute(text("SELECT 1 / 0"))


def _tamper(engine: Engine, statement: str) -> None:
    """As somebody does who owns the database, and so can go round its triggers."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_an_event_says_who_how_what_and_whereto(engine: Engine) -> None:
    with caused_by(Cause(Way.API, "office", "192.0.2.7")), unit_of_work(engine) as connection:
        record(connection, "source.changed", "source jira", {"was": "a", "now": "b"}, by="Ada")
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM audit_event")).one()
    assert (row.seq, row.actor, row.way, row.address) == (1, "office", "api", "192.0.2.7")
    assert (row.action, row.subject) == ("source.changed", "source jira")
    assert row.detail == {"was": "a", "now": "b", "by": "Ada"}
    assert row.prev == NOTHING_BEFORE
    assert verify(engine).faults == ()


def test_what_no_request_and_no_command_brought_about_is_the_clocks(engine: Engine) -> None:
    _write(engine, "a")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT actor, way FROM audit_event")).one() == ("muster", "clock")


def test_a_list_that_is_too_long_says_that_it_goes_on(engine: Engine) -> None:
    said = {"many": list(range(250)), "named": {f"n{each:03}": each for each in range(201)}, "few": [1, 2]}
    record_alone(engine, "source.added", "source a", said)
    with engine.connect() as connection:
        detail = connection.execute(text("SELECT detail FROM audit_event")).scalar_one()
    assert (len(detail["many"]), detail["many"][-1]) == (201, "and 50 more")
    assert detail["named"]["…"] == "and 1 more"
    assert detail["few"] == [1, 2]


def test_an_account_that_is_shut_ends_each_of_its_sessions_in_the_log(engine: Engine) -> None:
    at = datetime.now(UTC)
    with unit_of_work(engine) as connection:
        number = add_account(connection, NewAccount("leaver"), at=at)
        for each in "ab":
            begin_in(
                connection, NewSession(each * 64, "password", at + timedelta(days=1), account=number), at=at
            )
        disable(connection, number, at=at)
    with engine.connect() as connection:
        query = text("SELECT subject, detail ->> 'why' FROM audit_event WHERE action = 'session.ended'")
        assert [tuple(row) for row in connection.execute(query)] == [
            ("account leaver", "the account was shut")
        ] * 2


def test_an_event_is_gone_with_the_change_it_was_written_with(engine: Engine) -> None:
    _write(engine, "a")
    with pytest.raises(DBAPIError):
        _record_and_fail(engine)
    _write(engine, "c")
    checked = verify(engine)
    assert (checked.events, checked.faults) == (2, ())


def test_an_action_nobody_listed_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"source\.eaten"):
        record_alone(engine, "source.eaten", "source a")


def test_secrets_are_starred_and_what_json_cannot_hold_is_written_otherwise(engine: Engine) -> None:
    detail = {
        "api_token": "hunter2hunter2",
        "sent": "Authorization: Bearer abcdefghijkl",
        "nested": [{"password": "x" * 12, "at": datetime(2026, 1, 2, tzinfo=UTC)}],
        "odd": "a\x00b\ud800",
        "share": 0.1,
        "endless": float("inf"),
        "long": "y" * 5_000,
        "keys": {"b", "a"},
    }
    record_alone(engine, "source.added", "source \x00", detail)
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT detail FROM audit_event"))
    assert found["api_token"] == found["nested"][0]["password"] == "***"
    assert "abcdefghijkl" not in str(found)
    assert found["nested"][0]["at"] == "2026-01-02T00:00:00+00:00"
    assert found["odd"] == "a\N{REPLACEMENT CHARACTER}b?"
    assert (found["share"], found["endless"], found["keys"]) == ("0.1", None, ["a", "b"])
    assert len(found["long"]) == 2_000
    assert verify(engine).faults == ()


def test_the_database_refuses_to_change_what_is_written(engine: Engine) -> None:
    _write(engine, "a")
    for statement in (
        "UPDATE audit_event SET actor = 'somebody else'",
        "UPDATE audit_event SET seq = seq + 1",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
    ):
        with pytest.raises(DBAPIError, match="only ever added to"), engine.begin() as connection:
            connection.execute(text(statement))


def test_transactions_at_once_make_one_chain_and_wait_for_nothing_but_each_others_commit(
    engine: Engine,
) -> None:
    with unit_of_work(engine) as slow:
        record(slow, "source.added", "source slow")
        writers = [threading.Thread(target=_write, args=(engine, *"abcde")) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(timeout=30)
        assert not any(writer.is_alive() for writer in writers)
    checked = verify(engine)
    assert (checked.events, checked.faults) == (21, ())
    with engine.connect() as connection:
        assert (
            connection.scalar(text("SELECT subject FROM audit_event ORDER BY seq DESC LIMIT 1"))
            == "source slow"
        )


def test_every_way_of_tampering_shows(engine: Engine) -> None:
    _write(engine, *"abcdef")
    anchor = head(engine)
    assert anchor is not None
    assert anchor.seq == 6
    assert verify(engine, anchor).faults == ()

    _tamper(engine, "UPDATE audit_event SET actor = 'somebody else' WHERE seq = 2")
    assert any("event 2 says something else" in fault for fault in verify(engine).faults)
    _tamper(engine, "UPDATE audit_event SET actor = 'muster' WHERE seq = 2")
    assert verify(engine, anchor).faults == ()

    _tamper(engine, "UPDATE audit_event SET detail = '{}', digest = repeat('a', 64) WHERE seq = 2")
    assert verify(engine).faults != ()
    _tamper(engine, "DELETE FROM audit_event WHERE seq IN (2, 3)")
    assert verify(engine).faults == ("events 2 to 3 missing: taken out before event 4",)


def test_a_cut_tail_shows_by_an_anchor_and_only_by_one(engine: Engine) -> None:
    _write(engine, *"abc")
    anchor = head(engine)
    _tamper(engine, "DELETE FROM audit_event WHERE seq = 3")
    assert verify(engine).faults == ()
    assert verify(engine, anchor).faults == ("event 3 of the anchor is missing: the log ends at 2",)

    _write(engine, "another")
    assert verify(engine, anchor).faults == ("event 3 is not the one of which the anchor was taken",)


def test_a_log_written_anew_from_some_event_on_does_not_fit_the_anchor(engine: Engine) -> None:
    _write(engine, *"abc")
    anchor = head(engine)
    _tamper(engine, "DELETE FROM audit_event WHERE seq > 1")
    _write(engine, *"xyz")
    assert verify(engine).faults == ()
    assert verify(engine, anchor).faults == ("event 3 is not the one of which the anchor was taken",)


def test_an_event_put_in_past_the_chain_shows(engine: Engine) -> None:
    _write(engine, "a")
    _tamper(
        engine,
        "INSERT INTO audit_event (at, actor, way, action, subject, detail, digest)"
        " VALUES (now(), 'x', 'page', 'source.added', 'source x', '{}', 'none')",
    )
    assert any("has no place" in fault for fault in verify(engine).faults)


def test_an_anchor_is_read_as_it_is_printed() -> None:
    anchor = Anchor(7, "ab" * 32)
    assert Anchor.read(f" {anchor}\n") == anchor
    for wrong in ("", "7", "7:xyz", f"-1:{'ab' * 32}", f"7:{'AB' * 32}"):
        with pytest.raises(ValueError, match="no anchor"):
            Anchor.read(wrong)


def test_a_log_nobody_wrote_to_is_whole(engine: Engine) -> None:
    assert (verify(engine).events, verify(engine).faults, head(engine)) == (0, (), None)
