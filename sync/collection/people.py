"""Who is who for a project: the people its winning claims name, by role."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from model.collection.roles import PROJECT_ROLES
from sync.precedence import read_values

People = Mapping[str, str | None]  # name by role; None: nobody is on record


def people_of(connection: Connection, projects: Sequence[UUID] | None, now: datetime) -> dict[UUID, People]:
    """Return the manager and sponsor of each project, as its sources say now; of all projects for None."""
    with Session(connection) as session:
        found = read_values(session, as_of=now.date(), known_at=now, projects=projects)
    return {
        project: {
            role: values[attribute].value if attribute in values else None
            for role, attribute in PROJECT_ROLES.items()
        }
        for project, values in found.items()
    }


def nobody() -> People:
    """Return the people of a project that names none."""
    return dict.fromkeys(PROJECT_ROLES)
