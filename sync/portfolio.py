"""Portfolio: its name, time zone and currency as they were on a day, by what was known at an instant."""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.match import NotConfigured, Portfolio


def portfolio_at(session: Session, as_of: date | None = None, known_at: datetime | None = None) -> Portfolio:
    """Read the portfolio as it was on a day, as known at an instant.

    Args:
        session: Read only.
        as_of: The day; None: as it is called and counted by now.
        known_at: What became known later is left out; None: nothing is.

    Raises:
        NotConfigured: None has been applied yet.
    """
    found = portfolio_if_any(session, as_of, known_at)
    if found is None:
        raise NotConfigured("no portfolio is configured: apply a configuration first (muster apply -f FILE)")
    return found


def portfolio_if_any(
    session: Session, as_of: date | None = None, known_at: datetime | None = None
) -> Portfolio | None:
    """Read the same; None where none has been applied yet."""
    row = session.execute(
        text(
            "SELECT p.id, p.key, coalesce(v.timezone, p.timezone), coalesce(v.currency, p.currency),"
            " coalesce(v.name, p.name) FROM (SELECT * FROM portfolio ORDER BY id LIMIT 1) AS p"
            " LEFT JOIN LATERAL (SELECT * FROM portfolio_version o WHERE o.portfolio_id = p.id"
            " AND CASE WHEN CAST(:known_at AS timestamptz) IS NULL THEN o.known_to IS NULL"
            " ELSE o.known_from <= CAST(:known_at AS timestamptz)"
            " AND (o.known_to IS NULL OR o.known_to > CAST(:known_at AS timestamptz)) END"
            " AND (CAST(:as_of AS date) IS NULL OR o.valid_from <= CAST(:as_of AS date))"
            " ORDER BY o.valid_from DESC LIMIT 1) AS v ON true"
        ),
        {"as_of": as_of, "known_at": known_at},
    ).one_or_none()
    return None if row is None else Portfolio(*row)
