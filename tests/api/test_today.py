"""The day it is where the portfolio is, and what goes by it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from api.finding_queue import counts, filters_now
from sync.today import quarter, today
from tests.support.findings import found_portfolio

NOON = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_it_is_tomorrow_already_where_the_portfolio_is(engine: Engine) -> None:
    with engine.connect() as connection:
        assert today(connection, NOON) == date(2026, 11, 22)  # no portfolio yet: in UTC
    found_portfolio(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE portfolio SET timezone = 'Pacific/Auckland'"))
        assert today(connection, NOON) == date(2026, 11, 23)


def test_findings_are_as_old_as_the_portfolios_days(engine: Engine) -> None:
    found_portfolio(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE portfolio SET timezone = 'Pacific/Auckland'"))
        # An hour before the twenty-third begins in Auckland, which is before noon in UTC.
        connection.execute(text("UPDATE finding SET opened_at = '2026-11-22 10:00+00'"))
    with Session(engine) as session:
        early, late = (filters_now(session, NOON + timedelta(hours=hours), older_than=1) for hours in (-2, 0))
        assert counts(session, "severity", early, None) == []
        assert counts(session, "severity", late, None) != []
        assert {row["older_than"] for row in counts(session, "age", late, None)} == {0}


@pytest.mark.parametrize("zone", [0, 330, 345, 525, -210])  # minutes from UTC
def test_no_day_of_any_zone_begins_within_a_quarter(zone: int) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC) - timedelta(minutes=zone)
    assert quarter(midnight - timedelta(seconds=1)) != quarter(midnight)
