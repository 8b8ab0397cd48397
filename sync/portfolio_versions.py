"""Versions of a portfolio: each change that is applied holds from its day on, and is known from its instant."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, text

if TYPE_CHECKING:  # runs take nothing but a name from here
    from sqlalchemy.orm import Session

# The first version holds since ever, and was always known.
_EVER: Final = "DATE '0001-01-01', TIMESTAMPTZ '0001-01-01 00:00:00+00'"
# By which instant every change was known that is on record; null where nothing ever changed.
LAST_CHANGED: Final = (
    "(SELECT max(greatest(known_from, known_to)) FROM portfolio_version WHERE known_from > DATE '0002-01-01')"
)
_VERSIONED: Final = ("name", "timezone", "currency")


def zone_when(instant: str) -> str:
    """Return SQL for the time zone that days were in at an instant, which is SQL too."""
    return (
        "coalesce((SELECT v.timezone FROM portfolio_version v WHERE v.known_from <= "
        f"{instant} AND (v.known_to IS NULL OR v.known_to > {instant})"
        " ORDER BY v.portfolio_id, v.valid_from DESC LIMIT 1),"
        " (SELECT timezone FROM portfolio ORDER BY id LIMIT 1), 'UTC')"
    )


def zones_at(session: "Session", instants: Collection[datetime]) -> dict[datetime, str]:
    """Return the time zone that days were in at each of some instants."""
    if not instants:
        return {}
    rows = session.execute(
        text(f"SELECT i.at, {zone_when('i.at')} FROM unnest(CAST(:at AS timestamptz[])) AS i(at)"),
        {"at": list(instants)},
    )
    return {row[0]: row[1] for row in rows}


def keep_version(connection: Connection, before: RowMapping | None, key: str, *, now: datetime) -> None:
    """Put down what an applied portfolio is called and counted in from today on; nothing where that is as it was.

    A second change on one day takes the place of the first, which stays known until now.

    Args:
        connection: In the transaction that has written the portfolio.
        before: Its row as it was; None: it is new.
        key: The portfolio's.
        now: The clock.
    """
    row = connection.execute(
        text("SELECT id, name, timezone, currency FROM portfolio WHERE key = :key"), {"key": key}
    ).mappings().one()  # fmt: skip
    first = {name: (before or row)[name] for name in _VERSIONED} | {"id": row["id"]}
    connection.execute(
        text(
            "INSERT INTO portfolio_version (portfolio_id, name, timezone, currency, valid_from, known_from)"
            f" SELECT :id, :name, :timezone, :currency, {_EVER}"
            " WHERE NOT EXISTS (SELECT 1 FROM portfolio_version WHERE portfolio_id = :id)"
        ),
        first,
    )
    if before is None or all(before[name] == row[name] for name in _VERSIONED):
        return
    # The day is over when it is over by the clock that was in force.
    at = {"id": row["id"], "now": now, "day": now.astimezone(ZoneInfo(before["timezone"])).date()}
    connection.execute(
        text(
            "UPDATE portfolio_version SET known_to = :now WHERE portfolio_id = :id AND known_to IS NULL"
            " AND valid_from >= :day"
        ),
        at,
    )
    connection.execute(
        text(
            "INSERT INTO portfolio_version (portfolio_id, name, timezone, currency, valid_from, known_from)"
            " VALUES (:id, :name, :timezone, :currency, :day, :now)"
        ),
        {**at, **{name: row[name] for name in _VERSIONED}},
    )
