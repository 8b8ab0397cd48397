"""The days there are snapshots of."""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def snapshot_days(session: Session, known_at: datetime | None = None) -> list[date]:
    """Return the days there are snapshots of, the newest first, by one index probe a day.

    At an earlier instant those that were over or had begun by then.
    """
    found = session.scalars(
        text(
            """WITH RECURSIVE day(d) AS (
                   SELECT max(as_of) FROM snapshot
                   UNION ALL
                   SELECT (SELECT max(as_of) FROM snapshot WHERE as_of < d) FROM day WHERE d IS NOT NULL)
               SELECT d FROM day WHERE d IS NOT NULL LIMIT 120"""
        )
    )
    return [day for day in found if known_at is None or day <= known_at.date()]
