"""Lists that an incremental run need not read again: they were read whole a short while ago, and well."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from connectors.base import Aging, Stream
from sync.json import dumps

Cursors = Mapping[str, dict[str, Any]]


def kept(
    connection: Connection,
    source_id: int,
    run_id: int,
    streams: Sequence[tuple[Stream, Cursors]],
    now: datetime,
) -> dict[str, datetime]:
    """Choose the streams that a run leaves as an earlier one read them, and write them down with that run's instant.

    A stream is read all the same where anything of it could not be, last time or before, where the run that
    read it was cut short, and where the stream itself says that it must be.
    """
    lasting = {each.name: each.lasts for each, _ in streams if isinstance(each, Aging)}
    read = _last_read(connection, source_id, now, lasting)
    left = {
        each.name: read[each.name]
        for each, cursors in streams
        if isinstance(each, Aging) and each.name in read and each.keep(cursors)
    }
    connection.execute(
        text("UPDATE run SET kept = CAST(:kept AS jsonb) WHERE id = :run"),
        {"run": run_id, "kept": dumps({name: at.isoformat() for name, at in left.items()})},
    )
    return left


def _last_read(
    connection: Connection, source_id: int, now: datetime, lasting: Mapping[str, timedelta]
) -> dict[str, datetime]:
    """Return when each stream was last read, where that is as recent as it may be."""
    oldest = max(lasting.values(), default=timedelta(0))
    if not oldest:
        return {}
    rows = connection.execute(
        text(
            "SELECT line.stream, max(run.started_at) FROM run JOIN run_stream AS line ON line.run_id = run.id"
            " WHERE run.source_id = :source AND run.started_at > :oldest AND run.state IN ('succeeded', 'partial')"
            " AND NOT run.cut_short AND line.stream = ANY(:streams)"
            " AND NOT EXISTS (SELECT 1 FROM rejected_record AS r WHERE r.source_id = :source"
            " AND r.stream = line.stream AND r.resolved_at IS NULL) GROUP BY line.stream"
        ),
        {"source": source_id, "oldest": now - oldest, "streams": list(lasting)},
    )
    return {stream: at for stream, at in rows if timedelta(0) <= now - at < lasting[stream]}
