"""The ledger and the cursor of a run: written in the transaction of the page they speak of."""

from datetime import datetime

from sqlalchemy import Connection

from connectors.base import Page
from sync.json import dumps
from sync.normalise import Batch
from sync.store import execute


class ConcurrentPull(RuntimeError):
    """Another process moved the same cursor; this one stops and leaves the slice to it."""


def add_to_ledger(
    connection: Connection, run_id: int, page: Page, batch: Batch, *, unchanged: int, deleted: int
) -> None:
    """Add a page's records to its stream's line: said, stored, rejected, filtered, gone."""
    said = batch.records if page.said is None else page.said
    execute(
        connection,
        "INSERT INTO run_stream AS t (run_id, stream, said, stored, unchanged, rejected, filtered, deleted,"
        " filters) VALUES (%(run)s, %(stream)s, %(said)s, %(stored)s, %(unchanged)s, %(rejected)s, %(filtered)s,"
        " %(deleted)s, CAST(%(filters)s AS jsonb))"
        " ON CONFLICT (run_id, stream) DO UPDATE SET said = t.said + excluded.said,"
        " stored = t.stored + excluded.stored, unchanged = t.unchanged + excluded.unchanged,"
        " rejected = t.rejected + excluded.rejected, filtered = t.filtered + excluded.filtered,"
        " deleted = t.deleted + excluded.deleted, filters = (SELECT coalesce(jsonb_object_agg(name, n), '{}')"
        " FROM (SELECT key AS name, sum(value::bigint) AS n FROM (SELECT * FROM jsonb_each_text(t.filters)"
        " UNION ALL SELECT * FROM jsonb_each_text(excluded.filters)) AS lines GROUP BY key) AS summed)",
        {
            "run": run_id,
            "stream": page.stream,
            "said": said,
            "stored": len(batch.ids),
            "unchanged": unchanged,
            "rejected": len(batch.rejected),
            "filtered": sum(batch.filtered.values()),
            "deleted": deleted,
            "filters": dumps(dict(batch.filtered)),
        },
    )


def move_cursor(
    connection: Connection, source_id: int, run_id: int, page: Page, *, version: int, now: datetime
) -> None:
    """Move a slice's cursor to where the page ends, if it still stands at `version`.

    Raises:
        ConcurrentPull: It does not.
    """
    moved = execute(
        connection,
        "INSERT INTO cursor AS t (source_id, stream, slice, position, version, run_id, updated_at)"
        " VALUES (%(source)s, %(stream)s, %(slice)s, CAST(%(position)s AS jsonb), %(version)s + 1, %(run)s,"
        " %(now)s)"
        " ON CONFLICT (source_id, stream, slice) DO UPDATE SET position = excluded.position,"
        " version = excluded.version, run_id = excluded.run_id, updated_at = excluded.updated_at"
        " WHERE t.version = %(version)s",
        {
            "source": source_id,
            "stream": page.stream,
            "slice": page.slice,
            "position": dumps(page.cursor),
            "version": version,
            "run": run_id,
            "now": now,
        },
    )
    if moved.rowcount != 1:
        raise ConcurrentPull(f"{page.stream} {page.slice}: another process is pulling this slice")
