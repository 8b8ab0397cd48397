"""What records are made of: a record as templates check it, and a project asked for its records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from model.template.template import Template
from sync.facts import Facts, ProjectFacts
from sync.precedence import Values


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a value is from; `source` None: from Muster itself."""

    source: str | None
    locator: str | None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A record with what its template needs to know of it. `ref` is "" for the project's own record."""

    ref: str
    record: dict[str, Any]
    ages: dict[str, float | None]
    context: dict[str, Any]
    receipts: dict[str, Receipt] = field(default_factory=dict)
    locator: str | None = None

    @property
    def locators(self) -> Mapping[str, str | None]:
        """Return where each value was read."""
        return {name: receipt.locator for name, receipt in self.receipts.items()}


@dataclass(frozen=True, slots=True)
class Background:
    """What records are made of beside the facts, read once for all projects.

    `computed` is the colour per dimension and overall of each project, `before` its values at the end of
    the month before. `rows` are the records of each table by project, `costs` its money line by line; both
    only as far as the templates need them. `answered` says by which templates a project published something.
    """

    computed: Mapping[UUID, Mapping[str, str]]
    before: Mapping[UUID, Values] = field(default_factory=dict)
    score_changes: Mapping[tuple[int, str], int] = field(default_factory=dict)
    rows: Mapping[str, Mapping[UUID, Sequence[RowMapping]]] = field(default_factory=dict)
    costs: Mapping[UUID, Sequence[RowMapping]] = field(default_factory=dict)
    answered: Collection[tuple[UUID, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """One project asked for its records by one template.

    `period` is the one reported. `blank` asks also for records that nothing is on record of, as a
    submission begins with: the charter, the months of the plan, the criteria of a gate.
    """

    template: Template
    project: ProjectFacts
    facts: Facts
    background: Background
    period: str
    blank: bool = False

    @property
    def context(self) -> dict[str, Any]:
        """Return what the rules of every record of the project know."""
        return {
            "as_of": self.facts.as_of,
            "tier": self.project.value("tier"),
            "stage": self.project.value("stage"),
            "computed": dict(self.background.computed.get(self.project.id, {})),
        }

    def rows(self, table: str) -> Sequence[RowMapping]:
        """Return the project's records of a table."""
        return self.background.rows.get(table, {}).get(self.project.id, ())

    def source(self, row: RowMapping) -> str | None:
        """Return the name of the source whose word a row is."""
        found = self.facts.sources.get(row["source_id"])
        return None if found is None else found.name
