"""Working days by rules of holidays, and the days and instants of a cycle."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import shipped
from config.calendar import NoSuchCalendar, calendar
from model.collection.calendar import Calendar, easter, load
from model.collection.cycle import (
    BadPeriod,
    days_of,
    due_periods,
    first_day,
    next_period,
    period_of,
    previous_period,
    starts,
)
from model.declaration import InvalidDeclaration
from model.template.language import Cadence

ENGLAND = load(shipped.text("calendars", "uk-england"), "uk-england.yaml")
MONTHLY = Cadence(
    every="month",
    period_end="last_day",
    open="period_end - P2D",
    due="period_end + 5WD",
    calendar="uk-england",
)
DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31))


# gov.uk/bank-holidays, the years with something out of the ordinary.
@pytest.mark.parametrize(
    ("year", "holidays"),
    [
        (2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
        (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
        (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
        (2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
        (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        (2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
    ],
)
def test_england_is_free_on_the_days_it_was_or_will_be(year: int, holidays: str) -> None:
    found = [f"{day:%m-%d}" for day in ENGLAND.holidays_of(year) if not ENGLAND.is_free(day)]
    assert found == holidays.split()


@pytest.mark.parametrize(
    ("year", "day"), [(1818, "03-22"), (1943, "04-25"), (2000, "04-23"), (2025, "04-20"), (2038, "04-25")]
)
def test_easter_is_when_it_is(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def test_a_holiday_of_the_next_year_can_be_kept_in_this_one() -> None:
    federal = load(shipped.text("calendars", "us-federal"), "us-federal.yaml")
    assert federal.holidays_of(2021)[date(2021, 12, 31)] == "New Year's Day (in lieu)"
    assert not federal.is_worked(date(2021, 12, 31))
    assert date(2022, 1, 1) not in federal.holidays_of(2022)


@given(day=DAYS, count=st.integers(1, 60))
def test_counting_working_days_there_and_back_comes_home(day: date, count: int) -> None:
    there = ENGLAND.after(day, count)
    assert ENGLAND.is_worked(there)
    between = [day + timedelta(days=n) for n in range(1, (there - day).days + 1)]
    assert sum(ENGLAND.is_worked(each) for each in between) == count
    assert ENGLAND.after(there, -count) <= ENGLAND.worked_on_or_before(day)


@given(day=DAYS, every=st.sampled_from(["week", "month", "quarter"]))
def test_every_day_is_in_one_period_and_periods_follow_one_another(day: date, every: str) -> None:
    period = period_of(every, day)
    days = days_of(Cadence(every=every), period, ENGLAND, "UTC")  # type: ignore[arg-type]
    assert first_day(period) <= day <= days.period_end
    assert period_of(every, days.period_end + timedelta(days=1)) == next_period(period)
    assert previous_period(next_period(period)) == period


def test_five_working_days_after_december_go_round_the_new_year() -> None:
    days = days_of(MONTHLY, "2025-12", ENGLAND, "Europe/London")
    assert (days.opens, days.due) == (
        date(2025, 12, 29),
        date(2026, 1, 8),
    )  # the 1st is a holiday, the 3rd and 4th free


def test_the_last_working_day_ends_a_period_where_the_template_says_so() -> None:
    cadence = Cadence(every="month", period_end="last_working_day")
    assert days_of(cadence, "2026-05", ENGLAND, "UTC").period_end == date(2026, 5, 29)


@pytest.mark.parametrize(
    ("zone", "period", "due_at"),
    [
        ("Europe/London", "2026-03", datetime(2026, 4, 9, 23, 0, tzinfo=UTC)),  # summer time since 29 March
        ("Europe/London", "2026-10", datetime(2026, 11, 7, 0, 0, tzinfo=UTC)),  # winter time since 25 October
        ("America/New_York", "2026-10", datetime(2026, 11, 7, 5, 0, tzinfo=UTC)),
        ("Pacific/Kiritimati", "2026-10", datetime(2026, 11, 6, 10, 0, tzinfo=UTC)),
    ],
)
def test_the_deadline_is_the_end_of_the_day_where_the_clocks_are(
    zone: str, period: str, due_at: datetime
) -> None:
    assert days_of(MONTHLY, period, ENGLAND, zone).due_at == due_at


def test_a_day_begins_also_where_midnight_is_left_out() -> None:
    # Clocks in Santiago go from 23:59:59 on Saturday to 01:00 on Sunday 6 September 2026.
    assert starts(date(2026, 9, 6), "America/Santiago") == datetime(2026, 9, 6, 4, 0, tzinfo=UTC)
    assert starts(date(2026, 9, 7), "America/Santiago") - starts(
        date(2026, 9, 6), "America/Santiago"
    ) == timedelta(hours=23)


@pytest.mark.parametrize(
    ("period", "says"),
    [
        ("2026-13", "is no period"), ("2026", "is no period"), ("26-10", "is no period"), ("2026-W54", "is no period"),
        ("2026-W53", "is a week"), ("2025-W53", "has no week 53"), ("0000-10", "is no period"),
        ("2026-Q4", "is a quarter"),
        ("", "is no period"), ("2026-10\n", "is no period"),
    ],
)  # fmt: skip
def test_what_is_no_period_of_the_template_is_refused(period: str, says: str) -> None:
    with pytest.raises(BadPeriod, match=says):
        days_of(MONTHLY, period, ENGLAND, "UTC")


def test_a_time_zone_nobody_knows_is_refused() -> None:
    for zone in ("Europe/Londn", "../etc/passwd", ""):
        with pytest.raises(BadPeriod, match="no time zone"):
            days_of(MONTHLY, "2026-10", ENGLAND, zone)


def test_a_cycle_due_before_it_opens_is_refused() -> None:
    cadence = Cadence(every="month", open="period_end + P9D", due="period_end + P2D")
    with pytest.raises(BadPeriod, match="before it opens"):
        days_of(cadence, "2026-10", ENGLAND, "UTC")


@pytest.mark.parametrize(
    ("day", "periods"),
    [
        ("2026-10-28", []), ("2026-10-29", ["2026-10"]), ("2026-11-06", ["2026-10"]), ("2026-11-07", []),
        ("2026-11-28", ["2026-11"]),
    ],
)  # fmt: skip
def test_a_period_is_asked_for_while_its_window_is_open(day: str, periods: list[str]) -> None:
    assert due_periods(MONTHLY, date.fromisoformat(day), ENGLAND, "UTC") == periods


def test_what_is_kept_all_the_time_is_never_asked_for_by_the_clock() -> None:
    assert due_periods(Cadence(every="continuous"), date(2026, 10, 30), ENGLAND, "UTC") == []


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("id: x\ntitle: X\nfree: [saturday, funday]\n", r"cal.yaml:3:18: free\[1\]"),
        ('id: x\ntitle: X\nholidays:\n  - {name: A, on: "13-40"}\n', "expected a month and day"),
        ('id: x\ntitle: X\nholidays:\n  - {name: A, on: "01-01", easter: 1}\n', "give one of"),
        ("id: x\ntitle: X\nfree: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]\n", "no day"),
    ],
)  # fmt: skip
def test_a_calendar_that_makes_no_sense_says_where(written: str, says: str) -> None:
    with pytest.raises(InvalidDeclaration, match=says):
        load(written, "cal.yaml")


def test_an_office_keeps_calendars_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "uk-england.yaml").write_text(
        "id: uk-england\ntitle: Ours\nholidays: [{name: Founders, on: '03-03'}]\n"
    )
    assert calendar("uk-england", folder).title == "Ours"
    assert isinstance(calendar("germany", folder), Calendar)
    with pytest.raises(NoSuchCalendar, match=r"germany, uk-england.*Put one of your own into"):
        calendar("atlantis", folder)
    with pytest.raises(NoSuchCalendar):
        calendar("../uk-england", folder)


@pytest.mark.parametrize("name", shipped.names("calendars"))
def test_the_shipped_calendars_are_named_as_their_files(name: str) -> None:
    assert load(shipped.text("calendars", name), name).id == name
