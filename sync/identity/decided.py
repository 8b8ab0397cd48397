"""What officers decided: which scopes, references and projects are which project, and which are not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.identity.groups import groups


@dataclass(frozen=True, slots=True)
class Link:
    """A confirmed proposal: what it leads to, and how to say so."""

    target: UUID
    number: int
    by: str

    @property
    def says(self) -> str:
        """Say what bound it."""
        return f"proposal {self.number}, confirmed by {self.by}"


@dataclass(frozen=True, slots=True)
class Decided:
    """Confirmed links by subject, and refused pairs."""

    scopes: Mapping[str, Link] = field(default_factory=dict)
    references: Mapping[str, Link] = field(default_factory=dict)
    projects: Mapping[UUID, UUID] = field(default_factory=dict)  # project -> the one that stands for it
    apart: frozenset[tuple[str, UUID]] = frozenset()  # scope, project: not even by the same key

    def final(self, project: UUID) -> UUID:
        """Return the project that stands for one that was confirmed to be another's second self."""
        return self.projects.get(project, project)


NOTHING_DECIDED: Final = Decided()


def scope_subject(source_id: int, external_id: str) -> str:
    """Return how a proposal names a piece of a tracker."""
    return f"{source_id}/{external_id}"


def reference_subject(source_id: int, reference: str) -> str:
    """Return how a proposal names what a source's records call their project."""
    return f"{source_id}/{reference.strip().casefold()}"


def decided(on: Session | Connection) -> Decided:
    """Read what was decided about projects."""
    rows = on.execute(
        text(
            "SELECT kind, subject, target, state, id, coalesce(decided_by, '') FROM match_proposal"
            " WHERE state IN ('confirmed', 'refused') AND kind IN ('scope', 'reference', 'project') ORDER BY id"
        )
    ).all()
    links: dict[str, dict[str, Link]] = {"scope": {}, "reference": {}, "project": {}}
    apart: set[tuple[str, UUID]] = set()
    for kind, subject, target, state, number, by in rows:
        if state == "confirmed":
            links[kind][subject] = Link(target, number, by)
        elif kind == "scope":
            apart.add((subject, target))
    twins = groups((UUID(subject), link.target) for subject, link in links["project"].items())
    return Decided(links["scope"], links["reference"], twins, frozenset(apart))
