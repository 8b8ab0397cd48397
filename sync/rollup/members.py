"""Members: of each project what roll-ups go by, at the two clocks; a few values of a snapshot, not all of it."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from sync.json import instant_text
from sync.snapshots import snapshots_of, told_instant, too_early

_READ: Final = (
    "overall, health, watermelon, sha256, document -> 'name' AS name, document -> 'programme' AS programme,"
    " document -> 'programmes' AS programmes, document #> '{figures,budget}' AS budget,"
    " document #> '{figures,currency}' AS currency"
)


def standing_at(
    session: Session,
    as_of: date | None = None,
    known_at: datetime | None = None,
    visible: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return what `status_document` would, with so much of each project as a roll-up needs.

    Each project's `snapshot` says which one that is, with the hash of its document.
    """
    rows = snapshots_of(session, as_of, known_at, visible, columns=_READ)
    newest = max(rows, key=lambda row: (row.as_of, row.known_at), default=None)
    day = as_of or (None if newest is None else newest.as_of)
    return {
        "as_of": None if day is None else day.isoformat(),
        "known_at": instant_text(known_at or told_instant(session, rows, visible)),
        "policy": None if newest is None else newest.policy,
        "note": None if rows else too_early(session, known_at, visible),
        "projects": [
            {
                "key": row.key,
                "name": row.name,
                "programme": row.programme,
                "overall": row.overall,
                "health": row.health,
                "watermelon": row.watermelon,
                "figures": {"budget": row.budget, "currency": row.currency},
                "snapshot": {
                    "as_of": row.as_of.isoformat(),
                    "known_at": instant_text(row.known_at),
                    "policy": row.policy,
                    "sha256": row.sha256,
                },
            }
            | ({} if row.programmes is None else {"programmes": row.programmes})
            | ({} if newest is None or row.as_of == newest.as_of else {"as_of": row.as_of.isoformat()})
            for row in rows
        ],
    }
