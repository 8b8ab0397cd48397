"""Keep the list of conflicts: what sources say differently of one thing, since when, and what settles it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.facts import Facts
from sync.json import dumps
from sync.precedence import Winning

_Key = tuple[UUID, str]
_GONE: Final = "the project is no longer led"


def keep_conflicts(session: Session, facts: Facts) -> tuple[int, int]:
    """Open, bring up to date and close conflicts of the projects in the facts; returns (opened, closed).

    A look back changes nothing: the list is of what is known now.
    """
    if _looks_back(session, facts.as_of, facts.known_at):
        return 0, 0
    wanted = {
        (project.id, attribute): found
        for project in facts.projects
        for attribute, found in project.values.items()
        if found.conflicting
    }
    there = {project.id: project.values for project in facts.projects}
    open_ = _open(session, list(there))
    new = [key for key in wanted if key not in open_]
    changed = [
        (open_[key].id, found)
        for key, found in wanted.items()
        if key in open_ and _differs(open_[key], found)
    ]
    over = [(row.id, _why_over(row, there[key[0]])) for key, row in open_.items() if key not in wanted]
    _insert(session, [(key, wanted[key]) for key in new], facts)
    _update(session, changed, facts)
    _close(session, over, facts)
    return len(new), len(over)


def close_conflicts_of_closed_projects(session: Session, as_of: date, known_at: datetime) -> None:
    """Close the conflicts of projects that are no longer led, unless this is a look back."""
    if not _looks_back(session, as_of, known_at):
        session.execute(
            text(
                "UPDATE claim_conflict c SET closed_at = :at, closed_because = :why WHERE c.closed_at IS NULL AND NOT"
                " EXISTS (SELECT 1 FROM project p WHERE p.id = c.project_id AND p.created_at <= :at"
                " AND (p.closed_at IS NULL OR p.closed_at > :at))"
            ),
            {"at": known_at, "why": _GONE},
        )


def _looks_back(session: Session, as_of: date, known_at: datetime) -> bool:
    later = session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM claim_conflict WHERE changed_at > :at OR closed_at > :at)"
            " OR EXISTS (SELECT 1 FROM snapshot WHERE as_of > :as_of)"
        ),
        {"at": known_at, "as_of": as_of},
    )
    return bool(later.scalar_one())


def _open(session: Session, projects: Sequence[UUID]) -> dict[_Key, Row[Any]]:
    rows = session.execute(
        text(
            "SELECT id, project_id, attribute, claims, settled_by, because FROM claim_conflict"
            " WHERE closed_at IS NULL AND project_id = ANY(CAST(:projects AS uuid[]))"
        ),
        {"projects": projects},
    )
    return {(row.project_id, row.attribute): row for row in rows}


def _differs(row: Row[Any], found: Winning) -> bool:
    return (row.claims, row.settled_by, row.because) != (
        [claim.id for claim in found.claims], found.settled_by, found.because,
    )  # fmt: skip


def _why_over(row: Row[Any], values: Mapping[str, Winning]) -> str:
    """Say why there is no conflict any more."""
    found = values.get(row.attribute)
    if found is None:
        return "no source says anything any more"
    if len(found.claims) == 1:
        return f"only {found.winner.source} says anything any more"
    if [claim.id for claim in found.claims] == row.claims:
        return "what they say was confirmed to mean the same"
    return f"{' and '.join(claim.source for claim in found.claims)} agree"


def _insert(session: Session, new: Sequence[tuple[_Key, Winning]], facts: Facts) -> None:
    if new:
        session.execute(
            text(
                "INSERT INTO claim_conflict (project_id, attribute, claims, settled_by, because, opened_at,"
                " changed_at) SELECT w.project, w.attribute, CAST(w.claims AS jsonb), w.settled_by, w.because,"
                " :at, :at FROM unnest(CAST(:projects AS uuid[]), CAST(:attributes AS text[]),"
                " CAST(:claims AS text[]), CAST(:settled AS text[]), CAST(:because AS text[]))"
                " AS w(project, attribute, claims, settled_by, because)"
            ),
            {
                "at": facts.known_at,
                "projects": [key[0] for key, _ in new],
                "attributes": [key[1] for key, _ in new],
                **_told([found for _, found in new]),
            },
        )


def _update(session: Session, changed: Sequence[tuple[int, Winning]], facts: Facts) -> None:
    if changed:
        session.execute(
            text(
                "UPDATE claim_conflict c SET claims = CAST(w.claims AS jsonb), settled_by = w.settled_by,"
                " because = w.because, changed_at = :at FROM unnest(CAST(:ids AS bigint[]),"
                " CAST(:claims AS text[]), CAST(:settled AS text[]), CAST(:because AS text[]))"
                " AS w(id, claims, settled_by, because) WHERE c.id = w.id"
            ),
            {
                "at": facts.known_at,
                "ids": [number for number, _ in changed],
                **_told([found for _, found in changed]),
            },
        )


def _told(found: Sequence[Winning]) -> dict[str, Any]:
    return {
        "claims": [dumps([claim.id for claim in each.claims]) for each in found],
        "settled": [each.settled_by for each in found],
        "because": [each.because for each in found],
    }


def _close(session: Session, over: Sequence[tuple[int, str]], facts: Facts) -> None:
    if over:
        session.execute(
            text(
                "UPDATE claim_conflict c SET closed_at = :at, closed_because = w.because"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:because AS text[])) AS w(id, because)"
                " WHERE c.id = w.id"
            ),
            {"at": facts.known_at, "ids": [row[0] for row in over], "because": [row[1] for row in over]},
        )
