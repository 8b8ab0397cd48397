"""What settles conflicts, as known at an instant: people's words, standing rules, and whose names are whose."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.identity.settling import Rule, Word, fitting
from sync.identity.written import NOBODY, WrittenNames, written_names

_STOOD: Final = (
    "at <= CAST(:known_at AS timestamptz) AND (ended_at IS NULL OR ended_at > CAST(:known_at AS timestamptz))"
)


@dataclass(frozen=True, slots=True)
class Settling:
    """What stood at one instant."""

    words: Mapping[tuple[UUID, str], Word] = field(default_factory=dict)
    rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    programmes: Mapping[UUID, Sequence[str]] = field(default_factory=dict)  # the project's own first
    names: WrittenNames = NOBODY

    def rules_for(self, project: UUID, attribute: str) -> list[Rule]:
        """Return the rules that may settle this, the narrowest first."""
        given = self.rules.get(attribute)
        return fitting(given, project, self.programmes.get(project, ())) if given else []


NOTHING_SETTLED: Final = Settling()


def standing(session: Session, known_at: datetime) -> Settling:
    """Read what stood at an instant."""
    asked = {"known_at": known_at}
    words = session.execute(
        text(
            "SELECT DISTINCT ON (project_id, attribute) project_id, attribute, id, claim_id, said, by, at, because"
            f" FROM settlement WHERE {_STOOD} ORDER BY project_id, attribute, id DESC"
        ),
        asked,
    )
    rules: dict[str, list[Rule]] = defaultdict(list)
    for row in session.execute(
        text(
            "SELECT id, attribute, project_id, programme, prefer, by, because"
            f" FROM settling_rule WHERE {_STOOD} ORDER BY id"
        ),
        asked,
    ):
        rules[row.attribute].append(Rule(*row))
    of_programmes = any(rule.programme is not None for each in rules.values() for rule in each)
    return Settling(
        {
            (row.project_id, row.attribute): Word(
                row.id,
                row.claim_id,
                {int(s): int(c) for s, c in row.said.items()},
                row.by,
                row.at,
                row.because,
            )
            for row in words
        },
        rules,
        programmes_by_project(session) if of_programmes else {},
        written_names(session, known_at=known_at),
    )


def programmes_by_project(session: Session) -> dict[UUID, Sequence[str]]:
    """Return the programmes of every project that is in one, its own first."""
    rows = session.execute(
        text(
            "SELECT of.project_id, array_agg(g.name ORDER BY of.position) FROM"
            " (SELECT project_id, programme_id, position FROM programme_project UNION ALL"
            " SELECT p.id, p.programme_id, 0 FROM project p WHERE p.programme_id IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM programme_project m WHERE m.project_id = p.id)) AS of"
            " JOIN programme g ON g.id = of.programme_id GROUP BY of.project_id"
        )
    )
    return {row[0]: tuple(row[1]) for row in rows}
