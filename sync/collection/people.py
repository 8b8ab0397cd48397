"""Who is who for a project: the people its winning claims name, by role, and whose names are one person's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.collection.roles import PROJECT_ROLES, People, Same, same_person
from sync.identity.written import name_key, written_names
from sync.precedence import read_values
from sync.today import today

_KEYS: Final = text("SELECT id, key FROM project WHERE :every OR id = ANY(CAST(:chosen AS uuid[]))")
__all__ = ["People", "nobody", "people_of", "who_is_who"]


def people_of(connection: Connection, projects: Sequence[UUID] | None, now: datetime) -> dict[UUID, People]:
    """Return the manager and sponsor of each project, as its sources say now; of all projects for None."""
    with Session(connection) as session:
        found = read_values(session, as_of=today(connection, now), known_at=now, projects=projects)
        asked = {"every": projects is None, "chosen": list(projects or ())}
        keys: dict[UUID, str] = {row.id: row.key for row in session.execute(_KEYS, asked)}
    same = who_is_who(connection)
    return {
        project: People(
            {
                role: values[attribute].value if attribute in values else None
                for role, attribute in PROJECT_ROLES.items()
            },
            same,
            keys.get(project),
        )
        for project, values in {**{each: {} for each in projects or ()}, **found}.items()
    }


def nobody() -> People:
    """Return the people of a project that names none."""
    return People(dict.fromkeys(PROJECT_ROLES))


def who_is_who(on: Connection | Session) -> Same:
    """Return how to tell whether two names are one person's: the same words, or confirmed by an officer to be."""
    names = written_names(on)

    def same(one: str | None, other: str | None) -> bool:
        if not one or not other:
            return False
        known = bool(name_key(one)) and names.same(one, other)
        return known or same_person(one, other)

    return same
