"""The ledger and the cursor of a run: written in the transaction of the page they speak of."""

from datetime import datetime

from sqlalchemy import Connection

from connectors.base import Page
from sync.json import dumps
from sync.normalise import Batch
from sync.reconcile import Balances, balances_json
from sync.store import execute


class ConcurrentPull(RuntimeError):
    """Another process moved the same cursor; this one stops and leaves the slice to it."""


def add_to_ledger(
    connection: Connection,
    run_id: int,
    page: Page,
    batch: Batch,
    *,
    unchanged: int,
    unreadable: int,
    controls: Balances,
) -> None:
    """Add a page's records to its stream's line: said, stored, rejected, filtered, and what it all adds up to.

    A stream of which one page came without the source's own count has none. `unreadable` are the records
    of a page that could not be taken apart.
    """
    execute(
        connection,
        "INSERT INTO run_stream AS t (run_id, stream, said, stored, unchanged, rejected, filtered,"
        " filters, controls) VALUES (%(run)s, %(stream)s, %(said)s, %(stored)s, %(unchanged)s, %(rejected)s,"
        " %(filtered)s, CAST(%(filters)s AS jsonb), CAST(%(controls)s AS jsonb))"
        " ON CONFLICT (run_id, stream) DO UPDATE SET said = t.said + excluded.said,"
        " stored = t.stored + excluded.stored, unchanged = t.unchanged + excluded.unchanged,"
        " rejected = t.rejected + excluded.rejected, filtered = t.filtered + excluded.filtered,"
        " controls = excluded.controls, filters = (SELECT coalesce(jsonb_object_agg(name, n), '{}')"
        " FROM (SELECT key AS name, sum(value::bigint) AS n FROM (SELECT * FROM jsonb_each_text(t.filters)"
        " UNION ALL SELECT * FROM jsonb_each_text(excluded.filters)) AS lines GROUP BY key) AS summed)",
        {
            "run": run_id,
            "stream": page.stream,
            "said": page.said,
            "stored": len(batch.ids),
            "unchanged": unchanged,
            "rejected": len(batch.rejected) + unreadable,
            "filtered": sum(batch.filtered.values()),
            "filters": dumps(dict(batch.filtered)),
            "controls": balances_json(controls),
        },
    )


def move_cursor(
    connection: Connection,
    source_id: int,
    run_id: int,
    page: Page,
    *,
    version: int,
    walk: int | None,
    now: datetime,
) -> None:
    """Move a slice's cursor to where the page ends, if it still stands at `version`.

    `walk` is the run in which the reading of the slice from its beginning began; None leaves it unknown.

    Raises:
        ConcurrentPull: It does not.
    """
    moved = execute(
        connection,
        "INSERT INTO cursor AS t (source_id, stream, slice, position, version, run_id, walk_run_id, updated_at)"
        " VALUES (%(source)s, %(stream)s, %(slice)s, CAST(%(position)s AS jsonb), %(version)s + 1, %(run)s,"
        " %(walk)s, %(now)s)"
        " ON CONFLICT (source_id, stream, slice) DO UPDATE SET position = excluded.position,"
        " version = excluded.version, run_id = excluded.run_id, walk_run_id = excluded.walk_run_id,"
        " updated_at = excluded.updated_at"
        " WHERE t.version = %(version)s",
        {
            "source": source_id,
            "stream": page.stream,
            "slice": page.slice,
            "position": dumps(page.cursor),
            "version": version,
            "walk": walk,
            "run": run_id,
            "now": now,
        },
    )
    if moved.rowcount != 1:
        raise ConcurrentPull(f"{page.stream} {page.slice}: another process is pulling this slice")
