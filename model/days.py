"""Days and instants at the calendar's ends, where trackers keep "no date" and people "no end"."""

from datetime import UTC, date, datetime, timedelta, tzinfo


def moved(day: date, by: timedelta) -> date:
    """Return a day so much later or earlier, as far as the calendar goes."""
    try:
        return day + by
    except OverflowError:
        return date.min if by < timedelta(0) else date.max


def begin_of(day: date, zone: tzinfo) -> datetime | None:
    """Return when a day begins in a time zone, in UTC; None where UTC has no date for that."""
    try:
        return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    except OverflowError:
        return None


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """Return an instant in a time zone; in its own where that has no date for it."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at
