"""Today: the day it is where the portfolio is; what somebody calls overdue or a week old goes by it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text


def zone_of(connection: Connection) -> str:
    """Return the portfolio's time zone as it is now; UTC before there is a portfolio."""
    found = connection.execute(
        text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1")
    ).scalar_one_or_none()
    return found or "UTC"


def today(connection: Connection, now: datetime) -> date:
    """Return the day it is in the portfolio's time zone."""
    return now.astimezone(ZoneInfo(zone_of(connection))).date()


def quarter(now: datetime) -> str:
    """Return the quarter of an hour: no zone's day begins within one, so that it stands for the day in an ETag."""
    return f"{now:%Y%m%d%H}{now.minute // 15}"
