"""Names as people wrote them, and the persons an officer confirmed them to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.identity.words import words_of

PERSON_ATTRIBUTES: Final = frozenset(["manager", "sponsor"])


@dataclass(frozen=True, slots=True)
class WrittenNames:
    """Which written names are one person's. A name nobody confirmed is nobody's but its own."""

    people: Mapping[str, UUID] = field(default_factory=dict)

    def person(self, name: str) -> UUID | None:
        """Return whose name it is; None where nobody confirmed that."""
        return self.people.get(name_key(name))

    def same(self, one: str, other: str) -> bool:
        """Say whether two names are the same words, or were confirmed to be one person's."""
        if name_key(one) == name_key(other):
            return True
        person = self.person(one)
        return person is not None and person == self.person(other)


NOBODY: Final = WrittenNames()


def name_key(name: str) -> str:
    """Return a written name without case, accents and punctuation."""
    return " ".join(words_of(name))


def written_names(on: Session | Connection, *, known_at: datetime | None = None) -> WrittenNames:
    """Read who is meant by written names: confirmed ones, and how trackers call the same persons.

    Persons who were confirmed to be one are one by every name that trackers show for them.

    A name that trackers show for several persons is nobody's unless an officer confirmed whose it is.
    """
    confirmed: dict[str, UUID] = dict(
        on.execute(
            text(
                "SELECT m.subject, coalesce(p.same_as, p.id) FROM match_proposal m JOIN person p ON p.id = m.target"
                " WHERE m.kind = 'name' AND m.state = 'confirmed'"
                " AND (CAST(:at AS timestamptz) IS NULL OR m.decided_at <= CAST(:at AS timestamptz))"
            ),
            {"at": known_at},
        ).all()
    )
    meant = set(confirmed.values()) | _merged(on, known_at)
    if not meant:
        return NOBODY
    shown: dict[str, set[UUID]] = {}
    rows = on.execute(
        text(
            "SELECT i.display_name, coalesce(p.same_as, p.id) FROM identity i JOIN person p ON p.id = i.person_id"
        )
    )
    for name, person in rows:
        shown.setdefault(name_key(name), set()).add(person)
    refused = _refused(on, known_at)
    of_theirs = {
        key: next(iter(whose))
        for key, whose in shown.items()
        if len(whose) == 1 and whose <= meant and (key, *whose) not in refused
    }
    return WrittenNames(of_theirs | confirmed)


def _refused(on: Session | Connection, known_at: datetime | None) -> frozenset[tuple[str, UUID]]:
    """Return the names that were said not to be a person's, though a tracker shows the person so."""
    rows = on.execute(
        text(
            "SELECT m.subject, coalesce(p.same_as, p.id) FROM match_proposal m JOIN person p ON p.id = m.target"
            " WHERE m.kind = 'name' AND m.state = 'refused'"
            " AND (CAST(:at AS timestamptz) IS NULL OR m.decided_at <= CAST(:at AS timestamptz))"
        ),
        {"at": known_at},
    )
    return frozenset((name, person) for name, person in rows)


def _merged(on: Session | Connection, known_at: datetime | None) -> set[UUID]:
    """Return who was confirmed to be several persons that trackers know."""
    rows = on.execute(
        text(
            "SELECT DISTINCT coalesce(p.same_as, p.id) FROM match_proposal m JOIN person p ON p.id = m.target"
            " WHERE m.kind = 'person' AND m.state = 'confirmed'"
            " AND (CAST(:at AS timestamptz) IS NULL OR m.decided_at <= CAST(:at AS timestamptz))"
        ),
        {"at": known_at},
    )
    return set(rows.scalars())
