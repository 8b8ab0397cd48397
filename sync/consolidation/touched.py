"""Touched: what was written since the last consolidation, and the projects that it may concern."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.consolidation.inputs import Reach, inputs, matched, versions

_SETTING = "muster.consolidation"  # what the triggers read: who writes, or that nothing is to be put down


@dataclass(slots=True)
class Touched:
    """What was touched. `everything`: nobody can say which projects; `matching`: bindings may have changed."""

    projects: set[UUID] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)  # with work items that were written
    everything: bool = False
    matching: bool = False

    def joined(self, other: "Touched") -> "Touched":
        """Return both together."""
        return Touched(
            self.projects | other.projects,
            self.sources | other.sources,
            self.everything or other.everything,
            self.matching or other.matching,
        )


def name_writer(session: Session, name: str) -> None:
    """Let what is written from here on in this transaction be known as one consolidation's own."""
    session.execute(text("SELECT set_config(:setting, :name, true)"), {"setting": _SETTING, "name": name})


def keep_quiet(session: Session) -> None:
    """Let nothing be put down that is written from here on in this transaction: it follows from what was."""
    name_writer(session, "colouring")


def take(
    session: Session, known_at: datetime, readable: Collection[int], *, own: str | None = None
) -> Touched:
    """Return what was touched, and strike it off.

    What counts only from a later instant stays for a later consolidation, and so does what came from a
    source that this one cannot see to the end.

    Args:
        session: In a transaction.
        known_at: The consolidation's instant.
        readable: The sources whose rows it derives claims from, and that are not being read.
        own: Only what this consolidation has written itself; None: all that there is.
    """
    asked = {"known_at": known_at, "readable": list(readable), "own": own}
    stays = (
        "coalesce(t.counts_from > CAST(:known_at AS timestamptz), false)"
        " OR coalesce(t.source_id <> ALL(CAST(:readable AS bigint[])), false)"
    )
    rows = session.execute(
        text(
            f"WITH gone AS (DELETE FROM touched t WHERE (CAST(:own AS text) IS NULL OR t.by_run = :own)"
            f" AND NOT ({stays}) RETURNING t.*), here AS (SELECT * FROM gone UNION ALL SELECT t.* FROM touched t"
            f" WHERE (CAST(:own AS text) IS NULL OR t.by_run = :own) AND ({stays}))"
            " SELECT DISTINCT what, project_id, source_id, scope_external_id, item_external_id FROM here"
        ),
        asked,
    ).all()
    return _meant(session, rows)


def is_matching_touched(session: Session) -> bool:
    """Say whether anything was written that may change what belongs to which project; nothing is struck off."""
    found = session.execute(
        text("SELECT EXISTS (SELECT 1 FROM touched WHERE what = ANY(CAST(:matched AS text[])))"),
        {"matched": sorted(matched())},
    )
    return bool(found.scalar_one())


def _meant(session: Session, rows: Sequence[Row[tuple[str, UUID, int, str, str]]]) -> Touched:
    reach = inputs()
    found = Touched(matching=any(row.what in matched() for row in rows))
    found.everything = any(reach.get(row.what, Reach.EVERYTHING) is Reach.EVERYTHING for row in rows)
    # Without anything to go by, as where a table was emptied, it may be any project.
    found.everything |= any(
        row.project_id is None and row.source_id is None and reach.get(row.what) is not Reach.MATCHING
        for row in rows
    )
    found.projects = {row.project_id for row in rows if row.project_id is not None}
    found.sources = {row.source_id for row in rows if row.what == "work_item"}
    scopes = [row for row in rows if row.scope_external_id is not None]
    items = [row for row in rows if row.item_external_id is not None]
    found.projects |= _of_scopes(session, scopes) | _of_items(session, items)
    return found


def _of_scopes(session: Session, rows: Sequence[Row[tuple[str, UUID, int, str, str]]]) -> set[UUID]:
    found = session.execute(
        text(
            "SELECT DISTINCT s.project_id FROM scope s JOIN unnest(CAST(:sources AS bigint[]),"
            " CAST(:scopes AS text[])) AS w(source, scope) ON s.source_id = w.source AND s.external_id = w.scope"
            " WHERE s.project_id IS NOT NULL"
        ),
        {"sources": [row.source_id for row in rows], "scopes": [row.scope_external_id for row in rows]},
    )
    return set(found.scalars())


def _of_items(session: Session, rows: Sequence[Row[tuple[str, UUID, int, str, str]]]) -> set[UUID]:
    if not rows:
        return set()
    found = session.execute(
        text(
            "SELECT DISTINCT s.project_id FROM unnest(CAST(:sources AS bigint[]), CAST(:items AS text[])) AS w(source,"
            " item) JOIN work_item i ON i.source_id = w.source AND i.external_id = w.item JOIN scope s"
            " ON s.source_id = i.source_id AND s.external_id = i.scope_external_id WHERE s.project_id IS NOT NULL"
        ),
        {"sources": [row.source_id for row in rows], "items": [row.item_external_id for row in rows]},
    )
    return set(found.scalars())


def of_sources(session: Session, sources: Collection[int]) -> set[UUID]:
    """Return the projects of which some sources say anything."""
    if not sources:
        return set()
    tables = " UNION ".join(
        f"SELECT project_id FROM {name} WHERE source_id = ANY(CAST(:sources AS bigint[]))"
        for name in ("scope", "claim", *sorted(versions()))
    )
    found = session.execute(
        text(f"SELECT DISTINCT project_id FROM ({tables}) AS said WHERE project_id IS NOT NULL"),
        {"sources": list(sources)},
    )
    return set(found.scalars())


def being_fixed(session: Session) -> set[UUID]:
    """Return the projects with findings that somebody says are fixed: the next reading tells whether they are."""
    found = session.execute(
        text("SELECT DISTINCT project_id FROM finding WHERE closed_at IS NULL AND state = 'fixing'")
    )
    return set(found.scalars())
