"""What a source no longer has: marked with the time of detection, never removed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.base import Page
from model.base import Base


def bury(
    connection: Connection, table: str, source_id: int, external_ids: Collection[str], now: datetime
) -> int:
    """Mark these records as gone; returns how many were still there."""
    found = connection.execute(
        text(_statement(table, "external_id = ANY(:ids)")),
        {"source": source_id, "ids": list(external_ids), "now": now},
    )
    return found.rowcount


def bury_unseen(
    connection: Connection, table: str, source_id: int, page: Page, seen: Collection[str], now: datetime
) -> int:
    """Mark as gone what the slice once held and a whole reading of it no longer shows."""
    # In two steps: a new table has no statistics yet, and a join would look up each row's page by itself.
    pages = connection.scalars(
        text("SELECT id FROM raw_page WHERE source_id = :source AND stream = :stream AND slice = :slice"),
        {"source": source_id, "stream": page.stream, "slice": page.slice},
    ).all()
    known = connection.scalars(
        text(
            f"SELECT external_id FROM {table} WHERE source_id = :source AND {_marks(table)[1]}"
            " AND raw_page_id = ANY(:pages)"
        ),
        {"source": source_id, "pages": list(pages)},
    )
    gone = set(known) - set(seen)
    return bury(connection, table, source_id, gone, now) if gone else 0


def _statement(table: str, condition: str) -> str:
    mark, alive = _marks(table)
    return f"UPDATE {table} SET {mark} WHERE source_id = :source AND {alive} AND {condition}"


def _marks(table: str) -> tuple[str, str]:
    """Return what marks a record as gone, and what says that it is not."""
    columns = Base.metadata.tables[table].columns
    if "known_to" in columns:
        return "known_to = :now, deleted = true", "known_to IS NULL"
    if "deleted_at" in columns:
        return "deleted_at = :now", "deleted_at IS NULL"
    return "active = false", "active IS DISTINCT FROM false"  # people stay known when their account goes
