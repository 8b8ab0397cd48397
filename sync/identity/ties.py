"""Ties: all that officers said of people, or of projects, as one net: of what is one, and of what is two.

A name, an account or a tracker's project stands in it beside the persons or projects themselves. So it is seen
when decisions of different kinds would contradict each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

PAIRED: Final = frozenset(["project", "person"])  # kinds that say of two of a sort that they are one
_FAMILIES: Final = (("project", "scope", "reference"), ("person", "account", "name"))
_TOLD: Final = "proposal {0.id}, {0.subject_says} and {0.target_says}, by {0.decided_by}"

Node = tuple[str, str]  # kind and what it is called there
Tie = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Ties:
    """Confirmed and refused pairs, each with how to say which decision it was."""

    confirmed: Mapping[Tie, str]
    refused: Mapping[Tie, str]
    held: Sequence[Tie]  # accounts that were parted from somebody, and whose each is meanwhile

    @staticmethod
    def pair(row: Row[Any]) -> Tie:
        """Return the two that a proposal is about."""
        whole = next(family[0] for family in _FAMILIES if row.kind in family)
        return (row.kind, row.subject), (whole, str(row.target))


def ties_of(connection: Connection, kind: str) -> Ties:
    """Read what was decided of all that a kind can have to do with."""
    family = next(family for family in _FAMILIES if kind in family)
    rows = connection.execute(
        text(
            "SELECT id, kind, subject, target, subject_says, target_says, decided_by, state FROM match_proposal"
            " WHERE kind = ANY(CAST(:kinds AS text[])) AND state IN ('confirmed', 'refused')"
            " ORDER BY decided_at, id"
        ),
        {"kinds": list(family)},
    ).all()
    decided: dict[str, dict[Tie, str]] = {"confirmed": {}, "refused": {}}
    for row in rows:
        decided[row.state][Ties.pair(row)] = _TOLD.format(row)
    return Ties(decided["confirmed"], decided["refused"], _held(connection) if kind == "person" else ())


def merged(connection: Connection) -> list[tuple[UUID, UUID]]:
    """Return the pairs of persons that were confirmed to be one, in the order of the decisions."""
    rows = connection.execute(
        text(
            "SELECT subject, target FROM match_proposal WHERE kind = 'person' AND state = 'confirmed'"
            " ORDER BY decided_at, id"
        )
    )
    return [(UUID(row.subject), row.target) for row in rows]


def _held(connection: Connection) -> list[Tie]:
    rows = connection.execute(
        text(
            "SELECT m.subject, i.person_id FROM match_proposal m"
            " JOIN identity i ON i.source_id || '/' || i.external_id = m.subject"
            " WHERE m.kind = 'account' AND m.state = 'refused' AND i.person_id IS NOT NULL ORDER BY m.id"
        )
    )
    return [(("account", row.subject), ("person", str(row.person_id))) for row in rows]
