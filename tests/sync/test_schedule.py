from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from config.document import named_days
from sync.schedule import write_due_slots
from sync.slots import longest_gap, newest_slot
from tests.support.fake_source import T0, configure

LONDON = "Europe/London"


def at(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def test_the_newest_slot_since_the_last_one_is_due() -> None:
    slot = newest_slot("0 2 * * *", LONDON, after=at("2026-11-20T02:00"), now=at("2026-11-22T12:00"))

    assert slot == at("2026-11-22T02:00")


def test_nothing_is_due_before_its_time() -> None:
    assert newest_slot("0 2 * * *", LONDON, after=at("2026-11-22T02:00"), now=at("2026-11-23T01:59")) is None


def test_a_schedule_is_in_the_portfolios_time_zone() -> None:
    slot = newest_slot(
        "0 2 * * *", "America/New_York", after=at("2026-07-01T00:00"), now=at("2026-07-01T12:00")
    )

    assert slot == at("2026-07-01T06:00")


def test_an_hour_that_daylight_saving_repeats_runs_once() -> None:
    after, schedule = at("2026-10-24T12:00"), "30 1 * * *"

    first = newest_slot(schedule, LONDON, after=after, now=at("2026-10-25T00:45"))

    assert first == at("2026-10-25T00:30")
    assert newest_slot(schedule, LONDON, after=first, now=at("2026-10-25T02:00")) is None


def test_an_hour_that_daylight_saving_skips_runs_all_the_same() -> None:
    slot = newest_slot("30 1 * * *", LONDON, after=at("2026-03-28T12:00"), now=at("2026-03-29T06:00"))

    assert slot is not None
    assert slot.date() == at("2026-03-29T00:00").date()


@given(hours=st.integers(min_value=1, max_value=24 * 60))
def test_however_long_all_was_off_the_newest_slot_is_less_than_a_day_old(hours: int) -> None:
    now = T0 + timedelta(hours=hours, minutes=30)

    slot = newest_slot("0 2 * * *", "UTC", after=T0, now=now)

    assert slot is None or timedelta(0) <= now - slot < timedelta(days=1)
    assert (slot is None) == (hours < 24)


def test_each_slot_gives_one_run_however_many_nodes_tick(engine: Engine) -> None:
    configure(engine)
    later = T0 + timedelta(days=2, hours=5)

    written = [write_due_slots(engine, later) for _ in range(3)]

    assert [len(runs) for runs in written] == [1, 0, 0]
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT slot FROM run")).all() == [
            later.replace(hour=2, minute=0, second=0, microsecond=0)
        ]


def test_a_disabled_source_has_no_slots(engine: Engine) -> None:
    configure(engine, enabled=False)

    assert write_due_slots(engine, T0 + timedelta(days=2)) == []


@pytest.mark.parametrize("schedule", ["0 3 * * *", "*/10 * * * *"])
def test_a_source_has_its_own_schedule(engine: Engine, schedule: str) -> None:
    configure(engine, schedule=schedule)

    assert len(write_due_slots(engine, T0 + timedelta(days=1, hours=5))) == 1


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [("0 2 * * *", 24), ("0 */6 * * *", 6), ("0 2 * * 1-5", 72), ("*/15 * * * *", 0.25)],
)
def test_the_longest_gap_of_a_schedule_is_found(schedule: str, hours: float) -> None:
    gap = longest_gap(schedule, "UTC", now=datetime(2026, 6, 3, 12, tzinfo=UTC))

    assert gap == timedelta(hours=hours)


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    gap = longest_gap("0 2 * * *", "Europe/London", now=datetime(2026, 10, 20, tzinfo=UTC))

    assert gap == timedelta(hours=25)


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("fri-mon", "fri,sat,sun,mon"),
        ("5-7", "fri,sat,sun"),
        ("*/2", "sun,tue,thu,sat"),
        ("1,3", "mon,wed"),
        ("*", "*"),
    ],
)
def test_weekdays_are_numbered_as_in_cron(field: str, days: str) -> None:
    assert named_days(f"0 2 * * {field}") == f"0 2 * * {days}"


def test_a_schedule_of_weekdays_leaves_the_weekend_out() -> None:
    monday_night = newest_slot("0 2 * * 1-5", "UTC", after=at("2026-11-20T03:00"), now=at("2026-11-23T01:00"))

    assert monday_night is None
    assert newest_slot("0 2 * * 1-5", "UTC", after=at("2026-11-20T03:00"), now=at("2026-11-23T03:00"))
