"""The times a cron expression names."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from config.document import named_days

_LOOK_BACK: Final = timedelta(days=40)  # a monthly slot is still found
_LOOK_AHEAD: Final = timedelta(days=40)
# Within these a look ahead and back stays in the calendar, in which schedules repeat.
_FIRST: Final = datetime(1970, 2, 1, tzinfo=UTC)  # cron expressions are of no earlier years
_LAST: Final = datetime(9998, 1, 1, tzinfo=UTC)
_MOST_SLOTS: Final = 400  # looked at: a schedule of every few minutes repeats within them


def newest_slot(schedule: str, zone: str, *, after: datetime, now: datetime) -> datetime | None:
    """Return the newest time of a cron expression in (after, now] in UTC, or None when none was due.

    Args:
        schedule: Five cron fields, in `zone`.
        zone: IANA name. A time that daylight saving skips runs at the next one that exists; one that it
            repeats runs once.
        after: The slot last run, or when the source was configured.
        now: The present instant.
    """
    trigger = CronTrigger.from_crontab(named_days(schedule), timezone=ZoneInfo(zone))
    after, now = max(after, _FIRST), min(now, _LAST)
    last = after.astimezone(ZoneInfo(zone))
    found: datetime | None = None
    previous: datetime | None = None
    start = max(after, max(now, _FIRST) - _LOOK_BACK)
    while True:
        moment = trigger.get_next_fire_time(previous, start if previous is None else previous)
        if moment is None or moment > now:
            return None if found is None else found.astimezone(UTC)
        if moment > after and moment.replace(tzinfo=None) != last.replace(tzinfo=None):
            found = last = moment
        previous = moment


def longest_gap(schedule: str, zone: str, *, now: datetime) -> timedelta | None:
    """Return the longest time between two slots in the weeks to come; None where there are not two.

    Args:
        schedule: Five cron fields, in `zone`.
        zone: IANA name.
        now: From when on to look.
    """
    trigger = CronTrigger.from_crontab(named_days(schedule), timezone=ZoneInfo(zone))
    now = min(max(now, _FIRST), _LAST)
    longest: timedelta | None = None
    before = trigger.get_next_fire_time(None, now)
    for _ in range(_MOST_SLOTS):
        if before is None or before > now + _LOOK_AHEAD:
            break
        moment = trigger.get_next_fire_time(before, before)
        if moment is None:
            break
        # In absolute time: the night the clocks change is an hour longer or shorter.
        gap = moment.astimezone(UTC) - before.astimezone(UTC)
        longest = gap if longest is None else max(longest, gap)
        before = moment
    return longest


def next_slots(schedule: str, zone: str, *, now: datetime, count: int) -> list[datetime]:
    """Return the next times of a cron expression after now, in its time zone; none of one that does not hold.

    Args:
        schedule: Five cron fields, in `zone`.
        zone: IANA name.
        now: The present instant.
        count: How many at most.
    """
    try:
        trigger = CronTrigger.from_crontab(named_days(schedule), timezone=ZoneInfo(zone))
    except ValueError:
        return []
    found: list[datetime] = []
    while len(found) < count:
        moment = trigger.get_next_fire_time(found[-1] if found else None, found[-1] if found else now)
        if moment is None:
            break
        found.append(moment)
    return found
