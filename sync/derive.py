"""Derive: what the rows of the model say of each project, source by source, before it becomes a claim."""

from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.bind import cell_locator
from sync.derive_baselines import plan_from_baselines
from sync.derive_records import (
    counts_from_milestones,
    finish_from_work,
    money_from_benefits,
    money_from_costs,
    progress_from_work,
)
from sync.facts_sql import CHOSEN
from sync.said import CLAIMED, Derivation, Said, Sayings, normalised

# A register with a column for a role says that nobody holds it where the cell is empty.
_ROLES: Final = ("manager", "sponsor")


def derive(session: Session, asked: Derivation) -> Sayings:
    """Read what every source of those asked for says, in a few statements for all projects.

    What a disabled source brought counts as before: it is no longer read, not unsaid.
    """
    found = Sayings()
    _from_register(session, asked, found)
    _from_own_scopes(session, asked, found)
    finish_from_work(session, asked, found)
    progress_from_work(session, asked, found)
    plan_from_baselines(session, asked, found)
    money_from_costs(session, asked, found)
    money_from_benefits(session, asked, found)
    counts_from_milestones(session, asked, found)
    return found


def _from_register(session: Session, asked: Derivation, found: Sayings) -> None:
    rows = session.execute(
        text(
            "SELECT s.project_id, s.source_id, s.attributes, s.locator, s.url, s.raw_page_id, s.raw_position"
            " FROM scope s WHERE s.kind = 'register_row'"
            " AND s.deleted_at IS NULL AND s.project_id IS NOT NULL"
            f" AND s.source_id = ANY(CAST(:sources AS bigint[])) AND {CHOSEN.format('s.project_id')}"
            " ORDER BY s.source_id, s.id"
        ),
        asked.bound(),
    )
    columns = role_columns(session)
    for project, source, attributes, locator, url, page, position in rows.all():
        reported = _reported_on(attributes)
        currency = (attributes.get("currency") or {}).get("value") or asked.currency
        for name in attributes.keys() & CLAIMED:
            given = attributes[name] or {}
            cell = cell_locator(locator, given.get("cell"))
            try:
                value = normalised(name, given.get("value"))
            except ValueError as error:
                found.warnings.append(f"{cell}: {name} {given.get('value')!r}: {error}")
                continue
            if value is not None:
                unit = CLAIMED[name].unit
                unit = currency if unit == "currency" else unit
                found.add(project, name, source, Said(value, unit, reported, page, position, cell, url))
        for role in _ROLES:
            if (source, role) in columns:
                found.add(project, role, source, Said(None, None, None, page, position, locator, url))


def role_columns(session: Session) -> set[tuple[int, str]]:
    """Return which sources' registers have a column for which role."""
    rows = session.execute(
        text(
            "SELECT DISTINCT s.source_id, r.role FROM scope s, unnest(CAST(:roles AS text[])) AS r(role)"
            " WHERE s.kind = 'register_row' AND s.deleted_at IS NULL AND s.project_id IS NOT NULL"
            " AND s.attributes ? r.role"
        ),
        {"roles": list(_ROLES)},
    )
    return {(source, role) for source, role in rows}


def _reported_on(attributes: dict[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str((attributes.get("reported_on") or {}).get("value"))[:10])
    except ValueError:
        return None


def _from_own_scopes(session: Session, asked: Derivation, found: Sayings) -> None:
    """Name and lead, where a tracker project is a project of its own."""
    rows = session.execute(
        text(
            "SELECT s.project_id, s.source_id, s.name, s.lead, s.raw_page_id, s.raw_position,"
            " coalesce(s.locator, s.key), s.url FROM scope s"
            " JOIN project p ON p.id = s.project_id WHERE p.origin = 'scope'"
            " AND s.deleted_at IS NULL AND s.source_id = ANY(CAST(:sources AS bigint[]))"
            f" AND {CHOSEN.format('s.project_id')} ORDER BY s.id"
        ),
        asked.bound(),
    )
    for project, source, name, lead, *where in rows:
        for attribute, value in (("name", name), ("manager", lead)):
            if value:
                page, position, locator, url = where
                at = f"{locator} {'name' if attribute == 'name' else 'lead'}"
                found.add(project, attribute, source, Said(value, None, None, page, position, at, url))
