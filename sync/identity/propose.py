"""Propose: look for what may be one, and keep the proposals that an officer is to decide on.

Nothing is compared again until what it is found in changes. What was confirmed or refused stays as it is.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.identity.proposal import Proposal
from sync.identity.people_evidence import PeopleSeen, people_proposals, people_seen
from sync.identity.project_evidence import ProjectsSeen, project_proposals, projects_seen
from sync.json import dumps

_PROJECTS: Final = ("scope", "reference", "project")
_PEOPLE: Final = ("person", "name")


def proposals_of_projects(session: Session, known_at: datetime) -> Mapping[str, str]:
    """Bring the proposals about projects up to date; returns for each scope what it is likely to belong to."""
    seen = projects_seen(session)
    if _is_news(session, "projects", seen, known_at):
        _keep(session, _PROJECTS, project_proposals(seen), known_at)
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (subject) subject, target_says, confidence, id FROM match_proposal"
            " WHERE kind = 'scope' AND state = 'open' ORDER BY subject, confidence DESC, id"
        )
    )
    return {
        subject: f"it may belong to {says} ({round(sure * 100)} % sure): proposal {number}"
        for subject, says, sure, number in rows
    }


def proposals_of_people(session: Session, known_at: datetime) -> None:
    """Bring the proposals about people up to date."""
    seen = people_seen(session)
    if _is_news(session, "people", seen, known_at):
        _keep(session, _PEOPLE, people_proposals(session, seen), known_at)


def _is_news(session: Session, kind: str, seen: ProjectsSeen | PeopleSeen, known_at: datetime) -> bool:
    """Say whether there is anything to compare that was not compared before; a look back finds nothing new."""
    sha256 = hashlib.sha256(repr(seen).encode()).hexdigest()
    was = session.execute(
        text("SELECT sha256, at FROM match_scan WHERE kind = :kind"), {"kind": kind}
    ).one_or_none()
    if was is not None and (was.sha256 == sha256 or was.at > known_at):
        return False
    session.execute(
        text(
            "INSERT INTO match_scan (kind, sha256, at) VALUES (:kind, :sha256, :at)"
            " ON CONFLICT (kind) DO UPDATE SET sha256 = excluded.sha256, at = excluded.at"
        ),
        {"kind": kind, "sha256": sha256, "at": known_at},
    )
    return True


def _keep(
    session: Session, kinds: Collection[str], proposals: Iterable[Proposal], known_at: datetime
) -> None:
    """Write proposals down; those nothing speaks for any more are gone, unless somebody decided."""
    wanted = [each for each in proposals if each.worth_asking]
    if wanted:
        session.execute(
            text(
                "INSERT INTO match_proposal AS m (kind, subject, target, subject_says, target_says, origin,"
                " confidence, reasons, state, proposed_at, changed_at)"
                " SELECT w.kind, w.subject, w.target, w.subject_says, w.target_says, 'proposed', w.confidence,"
                " CAST(w.reasons AS jsonb), 'open', :at, :at"
                " FROM unnest(CAST(:kinds AS text[]), CAST(:subjects AS text[]), CAST(:targets AS uuid[]),"
                " CAST(:subjects_say AS text[]), CAST(:targets_say AS text[]), CAST(:confidences AS float8[]),"
                " CAST(:reasons AS text[])) AS w(kind, subject, target, subject_says, target_says, confidence,"
                " reasons)"
                " ON CONFLICT (kind, subject, target) DO UPDATE SET subject_says = excluded.subject_says,"
                " target_says = excluded.target_says, confidence = excluded.confidence,"
                " reasons = excluded.reasons, state = 'open', origin = 'proposed', changed_at = excluded.changed_at,"
                " proposed_at = CASE WHEN m.state = 'gone' THEN excluded.proposed_at ELSE m.proposed_at END"
                " WHERE m.state = 'gone' OR m.state = 'open' AND (m.reasons, m.subject_says, m.target_says)"
                " IS DISTINCT FROM (excluded.reasons, excluded.subject_says, excluded.target_says)"
            ),
            {"at": known_at, **_columns(wanted)},
        )
    session.execute(
        text(
            "UPDATE match_proposal m SET state = 'gone', changed_at = :at WHERE m.state = 'open'"
            " AND m.origin = 'proposed' AND m.kind = ANY(CAST(:scanned AS text[])) AND NOT EXISTS (SELECT 1"
            " FROM unnest(CAST(:kinds AS text[]), CAST(:subjects AS text[]), CAST(:targets AS uuid[]))"
            " AS w(kind, subject, target) WHERE (w.kind, w.subject, w.target) = (m.kind, m.subject, m.target))"
        ),
        {"at": known_at, "scanned": list(kinds), **_columns(wanted)},
    )


def _columns(wanted: Collection[Proposal]) -> dict[str, Any]:
    return {
        "kinds": [each.kind for each in wanted],
        "subjects": [each.subject for each in wanted],
        "targets": [each.target for each in wanted],
        "subjects_say": [each.subject_says for each in wanted],
        "targets_say": [each.target_says for each in wanted],
        "confidences": [each.confidence for each in wanted],
        "reasons": [dumps([reason.to_json() for reason in each.reasons]) for each in wanted],
    }
