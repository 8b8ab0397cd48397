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
    inside = (
        "external_id <> ALL(:ids) AND raw_page_id IN"
        " (SELECT id FROM raw_page WHERE source_id = :source AND stream = :stream AND slice = :slice)"
    )
    found = connection.execute(
        text(_statement(table, inside)),
        {"source": source_id, "ids": list(seen), "stream": page.stream, "slice": page.slice, "now": now},
    )
    return found.rowcount


def _statement(table: str, condition: str) -> str:
    columns = Base.metadata.tables[table].columns
    if "known_to" in columns:
        mark, alive = "known_to = :now, deleted = true", "known_to IS NULL"
    elif "deleted_at" in columns:
        mark, alive = "deleted_at = :now", "deleted_at IS NULL"
    else:  # people stay known when their account goes
        mark, alive = "active = false", "active IS DISTINCT FROM false"
    return f"UPDATE {table} SET {mark} WHERE source_id = :source AND {alive} AND {condition}"
