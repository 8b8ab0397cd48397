"""Asking: what facts are read for, the same for whoever reads them."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sync.facts import Asked
from sync.portfolio import portfolio_at
from sync.sight import being_read


def asking(session: Session, projects: Sequence[UUID] | None, as_of: date, known_at: datetime) -> Asked:
    """Return what to read of some projects (None: all) on a day, as known at an instant.

    In the portfolio's zone and currency; of a source that was being read then, what was known before.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    portfolio = portfolio_at(session, as_of, known_at)
    return Asked(
        projects, as_of, known_at, portfolio.timezone, portfolio.currency, being_read(session, known_at)
    )
