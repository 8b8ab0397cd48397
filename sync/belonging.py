"""Belonging: which programmes a project belongs to, as its sources say, and as it is filed."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.membership import Membership, memberships
from sync.facts import ProjectFacts

Belongs = tuple[Membership, ...]


def belongs_to(project: ProjectFacts) -> Belongs:
    """Return a project's programmes, its own first; where no source names one, the one it is filed under."""
    filed = () if project.programme is None else (Membership(project.programme),)
    return memberships(project.value("programme")) or filed


def names_of(project: ProjectFacts) -> tuple[str, ...]:
    """Return the names of a project's programmes, its own first."""
    return tuple(each.name for each in belongs_to(project))


def write_memberships(
    session: Session, wanted: Mapping[UUID, Belongs], programmes: Mapping[str, int]
) -> None:
    """Make the given projects' programmes those wanted; `programmes` are the ids by name."""
    rows = [
        (project, programmes[each.name], position, each.share, each.critical)
        for project, belongs in wanted.items()
        for position, each in enumerate(belongs)
    ]
    session.execute(
        text(
            "WITH wanted AS (SELECT * FROM unnest(CAST(:projects AS uuid[]), CAST(:programmes AS bigint[]),"
            " CAST(:positions AS bigint[]), CAST(:shares AS numeric[]), CAST(:critical AS boolean[]))"
            " AS w(project_id, programme_id, position, share, critical)), gone AS (DELETE FROM programme_project p"
            " WHERE p.project_id = ANY(CAST(:all AS uuid[])) AND NOT EXISTS (SELECT 1 FROM wanted w"
            " WHERE (w.project_id, w.programme_id) = (p.project_id, p.programme_id)))"
            " INSERT INTO programme_project AS p (project_id, programme_id, position, share, critical)"
            " SELECT * FROM wanted ON CONFLICT (project_id, programme_id) DO UPDATE SET"
            " position = excluded.position, share = excluded.share, critical = excluded.critical"
            " WHERE (p.position, p.share, p.critical) IS DISTINCT FROM"
            " (excluded.position, excluded.share, excluded.critical)"
        ),
        {
            "all": list(wanted),
            "projects": [row[0] for row in rows],
            "programmes": [row[1] for row in rows],
            "positions": [row[2] for row in rows],
            "shares": [row[3] for row in rows],
            "critical": [row[4] for row in rows],
        },
    )
