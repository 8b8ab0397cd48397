"""What a source no longer shows: marked with the time of detection and the reason, never removed."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Fate
from sync.tables import has

_AT_ONCE: Final = 5_000


def alive(table: str, name: str) -> str:
    """Return the condition that the row called `name` counts as there."""
    return f"{name}.{_marks(table)[1]}"


def bury(
    connection: Connection,
    table: str,
    source_id: int,
    external_ids: Collection[str],
    now: datetime,
    *,
    fate: Fate = Fate.DELETED,
) -> int:
    """Mark these records as gone; returns how many were still there."""
    mark, there = _marks(table)
    found = connection.execute(
        text(
            f"UPDATE {table} SET {mark}, fate = :fate WHERE source_id = :source AND {there}"
            " AND external_id = ANY(:ids)"
        ),
        {"source": source_id, "ids": list(external_ids), "now": now, "fate": fate.value},
    )
    return found.rowcount


def lose_sight(connection: Connection, table: str, source_id: int, external_ids: Collection[str]) -> int:
    """Mark these records as out of sight; they count on as they last were. Returns how many."""
    found = connection.execute(
        text(
            f"UPDATE {table} SET fate = :fate WHERE source_id = :source AND {_marks(table)[1]}"
            " AND external_id = ANY(:ids)"
        ),
        {"source": source_id, "ids": list(external_ids), "fate": Fate.ACCESS_LOST.value},
    )
    return found.rowcount


def slice_ids(connection: Connection, table: str, source_id: int, stream: str, slice_: str) -> set[str]:
    """Return the ids of all that counts as there and was last read in this slice."""
    return set(each_id(connection, table, source_id, stream, slice_))


def each_id(connection: Connection, table: str, source_id: int, stream: str, slice_: str) -> Iterator[str]:
    """Yield what `slice_ids` returns, a few thousand at a time: a slice may hold a million."""
    # In two steps: a new table has no statistics yet, and a join would look up each row's page by itself.
    pages = connection.scalars(
        text("SELECT id FROM raw_page WHERE source_id = :source AND stream = :stream AND slice = :slice"),
        {"source": source_id, "stream": stream, "slice": slice_},
    ).all()
    known = connection.scalars(
        text(
            f"SELECT external_id FROM {table} WHERE source_id = :source AND {_marks(table)[1]}"
            " AND raw_page_id = ANY(:pages)"
        ).execution_options(yield_per=_AT_ONCE),
        {"source": source_id, "pages": list(pages)},
    )
    yield from known


def count_by_slice(connection: Connection, table: str, source_id: int, stream: str) -> dict[str, int]:
    """Return how many records count as there in each slice of a stream."""
    rows = connection.execute(
        text(
            f"SELECT p.slice, count(*) FROM {table} AS r JOIN raw_page AS p ON p.id = r.raw_page_id"
            f" WHERE r.source_id = :source AND {alive(table, 'r')} AND p.source_id = :source"
            " AND p.stream = :stream GROUP BY p.slice"
        ),
        {"source": source_id, "stream": stream},
    )
    return {row[0]: row[1] for row in rows}


def _marks(table: str) -> tuple[str, str]:
    """Return what marks a record as gone, and what says that it is not."""
    if has(table, "known_to"):
        return "known_to = :now, deleted = true", "known_to IS NULL"
    if has(table, "deleted_at"):
        return "deleted_at = :now", "deleted_at IS NULL"
    return "active = false", "active IS DISTINCT FROM false"  # people stay known when their account goes
