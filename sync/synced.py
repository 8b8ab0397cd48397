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
    clocks = {(row.as_of, row.known_at) for row in rows}
    found = session.execute(
        text(
            "WITH asked AS (SELECT a.as_of, a.known_at, greatest(a.known_at, (SELECT max(c.known_at) FROM"
            " consolidation c WHERE c.ended AND c.as_of = a.as_of AND (CAST(:known_at AS timestamptz) IS NULL"
            " OR c.known_at <= CAST(:known_at AS timestamptz)))) AS at"
            " FROM unnest(CAST(:days AS date[]), CAST(:instants AS timestamptz[])) AS a(as_of, known_at)),"
            " ended AS (SELECT i.at, s.name, max(r.finished_at) AS finished FROM (SELECT DISTINCT at FROM asked) AS i"
            " JOIN run r ON r.finished_at <= i.at AND r.state IN ('succeeded', 'partial') AND NOT r.cut_short"
            " JOIN source s ON s.id = r.source_id GROUP BY i.at, s.name)"
            " SELECT a.as_of, a.known_at, array_agg(e.name), array_agg(e.finished) FROM asked a"
            " JOIN ended e ON e.at = a.at GROUP BY a.as_of, a.known_at"
        ),
        {
            "days": [day for day, _ in clocks],
            "instants": [instant for _, instant in clocks],
            "known_at": known_at,
        },
    )
    return {(day, at): dict(zip(names, ends, strict=True)) for day, at, names, ends in found}


def with_synced(sources: Collection[Mapping[str, Any]], read: Mapping[str, datetime]) -> list[dict[str, Any]]:
    """Return a document's sources, each with when it had last been read; None: never to its end."""
    return [
        {**each, "synced_at": instant_text(read.get(each["name"])) or each.get("synced_at")}
        for each in sources
    ]
