"""Facts of what a project's office keeps: contracts, benefits, roles, utilisation, quality reviews, gate criteria."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from sync.facts_sql import KNOWN
from sync.record_rows import amended

TABLES: Final = ("contract", "benefit", "project_role", "utilisation", "quality_review", "gate_criterion")
_MONTHS: Final = 400  # days of weeks of utilisation that are looked at
# Since when every version of a role that nobody holds has said so.
_EMPTY_SINCE: Final = (
    ", CAST((SELECT min(w.known_from) FROM project_role w WHERE w.source_id = v.source_id"
    " AND w.external_id = v.external_id AND w.known_from > coalesce((SELECT max(x.known_from) FROM project_role x"
    " WHERE x.source_id = v.source_id AND x.external_id = v.external_id AND x.known_from <= v.known_from"
    " AND (x.holder IS NOT NULL OR x.deleted)), CAST('-infinity' AS timestamptz)))"
    " AT TIME ZONE CAST(:zone AS text) AS date) AS empty_since"
)

# A benefit of which nobody says in what it is counted is money of the portfolio's currency, as a cost line is.
_COUNTED_IN: Final = ", coalesce(v.unit, v.currency, CAST(:currency AS text)) AS counted_in"
_MORE: Final = {"project_role": _EMPTY_SINCE, "benefit": _COUNTED_IN}

Kept = Mapping[str, list[RowMapping]]


def register_of(session: Session, bound: Mapping[str, Any], currency: str) -> dict[UUID, Kept]:
    """Return each project's rows by table, as known at an instant; only tables that have any.

    `bound` has the portfolio's time zone, too.
    """
    found: dict[UUID, dict[str, list[RowMapping]]] = defaultdict(dict)
    for table in TABLES:
        more = _MORE.get(table, "")
        recent = f" AND v.week > CAST(:as_of AS date) - {_MONTHS}" if table == "utilisation" else ""
        rows = session.execute(
            text(
                f"{amended(table).format(more=more)} WHERE {KNOWN} AND v.amends_source_id IS NULL{recent}"
                " ORDER BY v.id"
            ),
            {**bound, "currency": currency},
        )
        for row in rows.mappings().all():
            found[row["project_id"]].setdefault(table, []).append(row)
    return dict(found)
