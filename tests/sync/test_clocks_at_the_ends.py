"""Days and instants at the two ends of the calendar are answered, not an error."""

from datetime import UTC, date, datetime

import pytest

from api.pages.view import usual
from sync.changes import end_of
from sync.slots import longest_gap, newest_slot

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "UTC", "America/New_York"])
def test_the_first_and_the_last_day_there_is_have_an_end(zone: str) -> None:
    assert end_of(date.max, zone) <= LAST
    assert FIRST <= end_of(date.min, zone) < end_of(date(1, 1, 3), zone)
    assert end_of(date(2026, 11, 22), "Europe/London") == datetime(
        2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC
    )


def test_there_is_a_day_to_compare_the_first_day_with() -> None:
    assert usual([date(2026, 11, 22), date(2026, 11, 1)], date.min) == date(2026, 11, 1)
    assert usual([date(2026, 11, 22), date(2026, 11, 1)], date.max) == date(2026, 11, 22)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
@pytest.mark.parametrize("now", [FIRST, LAST])
def test_a_schedule_has_its_gap_at_the_ends_of_the_calendar(zone: str, now: datetime) -> None:
    gap = longest_gap("0 3 * * *", zone, now=now)
    assert gap is not None
    assert 23 <= gap.total_seconds() / 3600 <= 25
    assert newest_slot("0 3 * * *", zone, after=FIRST, now=FIRST) is None
