"""Follow: let a decision count at once instead of with the next sync."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from sync.consolidate import LOCK, consolidate


def follow(engine: Engine, now: datetime, projects: Collection[UUID] | None = None) -> bool:
    """Consolidate as of today, or leave it to whoever is doing that just now; returns whether it was done.

    Nobody should wait for a consolidation of the whole portfolio with a page open: one that begins after the
    decision sees it anyway.
    """
    with engine.connect() as connection:
        zone = connection.scalar(text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1"))
        free = connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if zone is None or not free:
        return False
    consolidate(engine, as_of=now.astimezone(ZoneInfo(zone)).date(), known_at=now, projects=projects)
    return True
