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
    programmes: Mapping[UUID, str | None] = field(default_factory=dict)
    names: WrittenNames = NOBODY

    def rules_for(self, project: UUID, attribute: str) -> list[Rule]:
        """Return the rules that may settle this, the narrowest first."""
        given = self.rules.get(attribute)
        return fitting(given, project, self.programmes.get(project)) if given else []


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
    programmes: dict[UUID, str | None] = {}
    if any(rule.programme is not None for each in rules.values() for rule in each):
        programmes = dict(
            session.execute(
                text("SELECT p.id, g.name FROM project p LEFT JOIN programme g ON g.id = p.programme_id")
            ).all()
        )
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
        programmes,
        written_names(session, known_at=known_at),
    )
