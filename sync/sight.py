"""What the status must say of its sources: what is out of sight or held back, and what is being read right now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.freshness import freshness


@dataclass(frozen=True, slots=True)
class Sight:
    """Work items of a project that its account can no longer see, and those that the brake holds.

    Both still count as they last were.
    """

    out_of_sight: int = 0
    held: int = 0


def being_read(session: Session, known_at: datetime) -> dict[int, datetime]:
    """Return the sources that a run was reading at an instant, with when it began.

    Half of what it brings was never true.
    """
    rows = session.execute(
        text(
            "SELECT source_id, min(started_at) FROM run WHERE started_at <= :known_at"
            " AND (state = 'running' OR finished_at > :known_at) GROUP BY source_id"
        ),
        {"known_at": known_at},
    )
    return {source: at for source, at in rows}  # noqa: C416  (a Row is no pair to mypy)


def sight(session: Session, known_at: datetime) -> dict[UUID, Sight]:
    """Return by project what is out of sight or held back, as known then."""
    rows = session.execute(
        text(
            "SELECT s.project_id, count(*) FILTER (WHERE a.fate = 'access_lost' AND a.settled_at <= :known_at) AS lost,"
            " count(*) FILTER (WHERE (a.settled_at IS NULL OR a.settled_at > :known_at)"
            " AND a.question_id IS NOT NULL) AS held"
            " FROM absence a JOIN work_item w ON w.source_id = a.source_id AND w.external_id = a.external_id"
            " JOIN scope s ON s.source_id = w.source_id AND s.external_id = w.scope_external_id"
            " WHERE a.entity = 'work_item' AND a.found_at <= :known_at AND s.project_id IS NOT NULL"
            " AND (a.ended_at IS NULL OR a.ended_at > :known_at) GROUP BY s.project_id"
        ),
        {"known_at": known_at},
    )
    return {project: Sight(lost, held) for project, lost, held in rows if lost or held}


def overdue(session: Session, now: datetime) -> frozenset[int]:
    """Return the sources that are overdue at an instant."""
    return frozenset(source for source, each in freshness(session, now=now).items() if each.overdue)


def flags_of(found: Sight | None, *, stale: bool) -> list[str]:
    """Return the flags of a project's document."""
    flags = []
    if stale:
        flags.append("stale_data")
    if found is not None and found.out_of_sight:
        flags.append("out_of_sight")
    if found is not None and found.held:
        flags.append("held_back")
    return flags


def told_of(found: Sight | None) -> Mapping[str, int]:
    """Return what a project's document says of records that are not to be seen; nothing where all are."""
    return {} if found is None else {"out_of_sight": found.out_of_sight, "held_back": found.held}
