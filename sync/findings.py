"""Keep findings: open what the templates newly find, close what is no longer so, keep the words current."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.facts import Facts
from sync.store import copy_rows


class FindingKey(NamedTuple):
    """What a finding is about: it stays the same finding while its words and its severity change."""

    project_id: UUID
    template: str
    record_ref: str
    rule: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A finding as the templates have it now."""

    key: FindingKey
    version: str
    severity: str
    says: str
    locator: str | None = None


def keep_findings(session: Session, facts: Facts, wanted: Iterable[Wanted]) -> tuple[int, int]:
    """Open what is new, close what is gone, keep the words of the rest current.

    Returns:
        How many were opened, and how many closed.
    """
    by_key = {each.key: each for each in wanted}
    rows = session.execute(
        text(
            "SELECT id, project_id, template, record_ref, rule, kind, says, severity FROM finding"
            " WHERE closed_at IS NULL AND project_id = ANY(CAST(:projects AS uuid[]))"
        ),
        {"projects": [project.id for project in facts.projects]},
    )
    standing = {FindingKey(row[1], row[2], row[3], row[4], row[5]): row for row in rows}
    gone = [row[0] for key, row in standing.items() if key not in by_key]
    new = [each for key, each in by_key.items() if key not in standing]
    reworded = [
        (standing[key][0], each.says, each.severity)
        for key, each in by_key.items()
        if key in standing and (standing[key][6], standing[key][7]) != (each.says, each.severity)
    ]
    _close(session, gone, facts.known_at)
    _reword(session, reworded)
    _open(session, new, facts.known_at)
    return len(new), len(gone)


def _close(session: Session, gone: list[int], at: datetime) -> None:
    if gone:
        session.execute(
            text("UPDATE finding SET closed_at = :at WHERE id = ANY(CAST(:ids AS bigint[]))"),
            {"at": at, "ids": gone},
        )


def _reword(session: Session, reworded: list[tuple[int, str, str]]) -> None:
    if reworded:
        session.execute(
            text(
                "UPDATE finding SET says = w.says, severity = w.severity FROM unnest(CAST(:ids AS bigint[]),"
                " CAST(:says AS text[]), CAST(:severities AS text[])) AS w(id, says, severity)"
                " WHERE finding.id = w.id"
            ),
            {
                "ids": [row[0] for row in reworded],
                "says": [row[1] for row in reworded],
                "severities": [row[2] for row in reworded],
            },
        )


def _open(session: Session, new: list[Wanted], at: datetime) -> None:
    columns = (
        "project_id", "template", "record_ref", "rule", "kind", "version", "severity", "says", "locator",
        "opened_at",
    )  # fmt: skip
    rows = [(*each.key, each.version, each.severity, each.says, each.locator, at) for each in new]
    copy_rows(session.connection(), "finding", columns, rows)
