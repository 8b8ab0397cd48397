"""Snapshots: of each project the one that stands at two clocks, the days there are, and the instant that is told."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.json import instant_text
from sync.portfolio_versions import LAST_CHANGED, zone_when

_SEEN: Final = "(CAST(:visible AS text[]) IS NULL OR p.key = ANY(CAST(:visible AS text[])))"
# A project is there while it is led: on a day before that of its end, or as known before it.
_LED: Final = (
    "(p.closed_at IS NULL OR CAST(:known_at AS timestamptz) < p.closed_at OR CAST(:as_of AS date) <"
    f" CAST(p.closed_at AT TIME ZONE {zone_when('p.closed_at')} AS date))"
)

# What a list of projects goes by, without the reasons: a small part of what a snapshot holds.
IN_SHORT: Final = (
    "(SELECT jsonb_object_agg(e.key, CASE WHEN e.key = 'dimensions' THEN (SELECT jsonb_object_agg(d.key,"
    " jsonb_build_object('colour', d.value -> 'colour')) FROM jsonb_each(e.value) AS d) ELSE e.value END)"
    " FROM jsonb_each(document) AS e WHERE e.key IN ('key', 'name', 'programme', 'programmes', 'tier', 'stage',"
    " 'manager', 'overall', 'health', 'reported', 'watermelon', 'figures', 'data_quality', 'sources', 'report',"
    " 'dimensions')) AS document"
)


def snapshots_of(
    session: Session,
    as_of: date | None,
    known_at: datetime | None,
    visible: Collection[str] | None,
    *,
    columns: str = "document",
) -> Sequence[Row[Any]]:
    """Return of each project the newest snapshot that is not after the two clocks, with its id and key."""
    return session.execute(
        text(
            "SELECT p.id, p.key, s.* FROM project p CROSS JOIN LATERAL"
            f" (SELECT as_of, known_at, policy, {columns} FROM snapshot t WHERE t.project_id = p.id"
            " AND (CAST(:as_of AS date) IS NULL OR t.as_of <= CAST(:as_of AS date))"
            " AND (CAST(:known_at AS timestamptz) IS NULL OR t.known_at <= CAST(:known_at AS timestamptz))"
            " ORDER BY t.as_of DESC, t.known_at DESC LIMIT 1) AS s"
            f" WHERE {_SEEN} AND {_LED} ORDER BY p.key"
        ),
        {"as_of": as_of, "known_at": known_at, "visible": _listed(visible)},
    ).all()


def history(
    session: Session, known_at: datetime | None, visible: Collection[str] | None
) -> tuple[date | None, date | None]:
    """Return the first and the last day of which there is a snapshot."""
    day = (
        "(SELECT t.as_of FROM snapshot t WHERE t.project_id = p.id AND (CAST(:known_at AS timestamptz) IS NULL"
        " OR t.known_at <= CAST(:known_at AS timestamptz)) ORDER BY t.as_of {} LIMIT 1)"
    )
    row = session.execute(
        text(
            f"SELECT min({day.format('ASC')}), max({day.format('DESC')}) FROM project p WHERE {_SEEN}",
        ),
        {"known_at": known_at, "visible": _listed(visible)},
    ).one()
    return row[0], row[1]


def told_instant(
    session: Session, rows: Sequence[Row[Any]], visible: Collection[str] | None
) -> datetime | None:
    """Return an instant by which all was known that an answer without one rests on: asked again with it, it is equal.

    That is when its newest snapshot was known; or later, when its sources had last been read, a rate was stated,
    the portfolio changed or a project was closed.
    """
    if not rows:
        return None
    later: datetime | None = session.execute(
        text(
            "SELECT greatest((SELECT max(known_at) FROM consolidation WHERE ended"
            " AND as_of = ANY(CAST(:days AS date[]))),"
            f" (SELECT max(greatest(known_from, known_to)) FROM currency_rate), {LAST_CHANGED},"
            f" (SELECT max(closed_at) FROM project p WHERE {_SEEN}))"
        ),
        {"days": list({row.as_of for row in rows}), "visible": _listed(visible)},
    ).scalar_one()
    newest: datetime = max(row.known_at for row in rows)
    return newest if later is None else max(newest, later)


def too_early(session: Session, known_at: datetime | None, visible: Collection[str] | None) -> str | None:
    """Say that nothing was known at an instant, and since when something is; None otherwise."""
    if known_at is None:
        return None
    since: datetime | None = session.execute(
        text(
            "SELECT min(t.known_at) FROM snapshot t JOIN project p ON p.id = t.project_id"
            f" WHERE {_SEEN} HAVING min(t.known_at) > :known_at"
        ),
        {"known_at": known_at, "visible": _listed(visible)},
    ).scalar()
    if since is None:
        return None
    of = visible[0] if isinstance(visible, list) and len(visible) == 1 else "any project"
    said, first = instant_text(known_at), instant_text(since)
    return f"nothing of {of} was known at {said}: the first snapshot is known since {first}; ask known at that or later"


def _listed(visible: Collection[str] | None) -> list[str] | None:
    return None if visible is None else list(visible)
