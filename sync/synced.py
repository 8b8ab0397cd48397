"""When each source of a snapshot had last been read: kept apart from the snapshot, for reading alone is no news."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.json import instant_text

Synced = Mapping[tuple[date, datetime], Mapping[str, datetime]]  # (day, known at) -> by source


def synced(session: Session, rows: Collection[Row[Any]], known_at: datetime | None) -> Synced:
    """Return for each snapshot's clocks when the sources had been read by the day's last consolidation.

    Args:
        session: Read only.
        rows: Snapshots, with `as_of` and `known_at`.
        known_at: Leave out what became known later; None: nothing.
    """
    last: dict[date, datetime] = dict(
        session.execute(
            text(
                "SELECT as_of, max(known_at) FROM consolidation WHERE ended AND as_of = ANY(CAST(:days AS date[]))"
                " AND (CAST(:known_at AS timestamptz) IS NULL OR known_at <= CAST(:known_at AS timestamptz))"
                " GROUP BY as_of"
            ),
            {"days": list({row.as_of for row in rows}), "known_at": known_at},
        ).all()
    )
    by = {(row.as_of, row.known_at): max(row.known_at, last.get(row.as_of, row.known_at)) for row in rows}
    read = _read(session, set(by.values()))
    return {clocks: read.get(at, {}) for clocks, at in by.items()}


def _read(session: Session, instants: Collection[datetime]) -> dict[datetime, dict[str, datetime]]:
    found: dict[datetime, dict[str, datetime]] = {}
    rows = session.execute(
        text(
            "SELECT i.at, s.name, max(r.finished_at) FROM unnest(CAST(:instants AS timestamptz[])) AS i(at)"
            " JOIN run r ON r.finished_at <= i.at AND r.state IN ('succeeded', 'partial') AND NOT r.cut_short"
            " JOIN source s ON s.id = r.source_id GROUP BY i.at, s.name"
        ),
        {"instants": list(instants)},
    )
    for at, source, finished in rows:
        found.setdefault(at, {})[source] = finished
    return found


def with_synced(sources: Collection[Mapping[str, Any]], read: Mapping[str, datetime]) -> list[dict[str, Any]]:
    """Return a document's sources, each with when it had last been read; None: never to its end."""
    return [
        {**each, "synced_at": instant_text(read.get(each["name"])) or each.get("synced_at")}
        for each in sources
    ]
