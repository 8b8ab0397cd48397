"""Derived: the rows that a claim was computed from, where it is no cell or field of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from model.status.phased import month_end
from sync.facts_sql import THERE
from sync.portfolio_versions import zones_at

LISTED: Final = 20  # rows that are listed of one claim
_KNOWN: Final = "v.known_from <= :then AND (v.known_to IS NULL OR v.known_to > :then) AND " + THERE.format(
    "v"
)
_OF: Final = "v.project_id = :project AND v.source_id = :source"
# Milestones that are due in the month go before those that were looked at and are not.
_MILESTONES: Final = (
    f"SELECT v.id, v.name AS name, v.locator FROM milestone v WHERE {_OF} AND {_KNOWN}"
    " AND v.baseline IS NOT NULL AND v.state IS DISTINCT FROM 'dropped'"
    " ORDER BY v.baseline BETWEEN :first AND :last DESC, v.id"
)
_COSTS: Final = (
    "SELECT v.id, concat_ws(' ', v.category, v.kind, to_char(v.period, 'YYYY-MM')) AS name, v.locator"
    f" FROM cost_line v WHERE {_OF} AND {_KNOWN} AND v.amount IS NOT NULL AND v.kind = :kind ORDER BY v.id"
)
_BENEFITS: Final = (
    f"SELECT v.id, concat_ws(' ', v.benefit_id, v.title) AS name, v.locator FROM benefit v WHERE {_OF}"
    f" AND {_KNOWN} AND v.unit IS NULL AND v.target IS NOT NULL ORDER BY v.id"
)
# Items are kept as last read: those that are counted now, whatever was counted then.
_ITEMS: Final = (
    "SELECT w.id, concat_ws(': ', w.key, w.status) AS name, w.key AS locator FROM scope s JOIN work_item w"
    " ON w.source_id = s.source_id AND w.scope_external_id = s.external_id WHERE s.project_id = :project"
    " AND s.kind <> 'register_row' AND s.deleted_at IS NULL AND w.deleted_at IS NULL"
    " AND w.hub_type NOT IN ('initiative', 'epic', 'feature', 'milestone')"
    " AND w.status_category IN ('todo', 'doing', 'done') ORDER BY w.status_category = 'done', w.id"
)
_MONEY: Final = {"budget": "baseline", "actual_cost": "actual", "forecast_cost": "forecast"}
_STATEMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "percent_complete": ("work_item", _ITEMS),
    "milestones_due": ("milestone", _MILESTONES),
    "milestones_met": ("milestone", _MILESTONES),
    **dict.fromkeys(_MONEY, ("cost_line", _COSTS)),
    "benefit_target": ("benefit", _BENEFITS),
    "benefit_forecast": ("benefit", _BENEFITS),
}
# Attribute -> the table of the rows its claims may be computed from.
COMPUTED_FROM: Final[Mapping[str, str]] = {name: table for name, (table, _) in _STATEMENTS.items()}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim that may have been derived: of what, by which source, since when, and the place it names."""

    id: int
    project_id: UUID
    source_id: int
    attribute: str
    known_from: datetime
    locator: str | None
    raw_page_id: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> "Claimed":
        """Take it from a row of `claim`."""
        return cls(
            row.id, row.project_id, row.source_id, row.attribute, row.known_from, row.locator, row.raw_page_id
        )


@dataclass(frozen=True, slots=True)
class Derived:
    """The first rows of those a claim was computed from, and how many more there are."""

    records: tuple[dict[str, Any], ...]
    more: int = 0


def derived_from(session: Session, claims: Iterable[Claimed]) -> dict[int, Derived]:
    """Return by claim the rows it was computed from; a claim that was read off one place is left out."""
    found: dict[int, Derived] = {}
    asked = [claim for claim in claims if _derived(claim)]
    zones = zones_at(session, {claim.known_from for claim in asked})
    for claim in asked:
        table, statement = _STATEMENTS[claim.attribute]
        day = claim.known_from.astimezone(ZoneInfo(zones[claim.known_from])).date().replace(day=1)
        rows = session.execute(
            text(f"SELECT l.*, count(*) OVER () AS together FROM ({statement}) AS l LIMIT {LISTED}"),
            {
                "project": claim.project_id, "source": claim.source_id, "then": claim.known_from,
                "first": day, "last": month_end(day), "kind": _MONEY.get(claim.attribute),
            },
        ).all()  # fmt: skip
        records = tuple(
            {"entity": table, "id": row.id, "name": row.name, "locator": row.locator} for row in rows
        )
        found[claim.id] = Derived(records, rows[0].together - len(rows) if rows else 0)
    return found


def _derived(claim: Claimed) -> bool:
    """Say whether a claim is one of several rows: it names no page, or the first place and how many more."""
    if claim.attribute not in _STATEMENTS:
        return False
    return claim.raw_page_id is None or " more" in (claim.locator or "")
