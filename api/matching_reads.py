"""Proposals, people, conflicts and settling rules as documents: for routes, pages and the command line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.orm import Session

from api.wire.answer import day, z
from model.identity.proposal import sureness
from model.identity.settling import preference_says
from model.tables import (
    ClaimConflict,
    Identity,
    MatchDecision,
    MatchProposal,
    Person,
    Project,
    SettlingRule,
    Source,
)

KIND_WORDS: Final = {
    "scope": "tracker project", "reference": "name in records", "project": "project", "person": "person",
    "account": "account", "name": "written name",
}  # fmt: skip

# What is counted over many rows of a source: what they are, and where the API lists them.
_COMPUTED: Final[Mapping[str, tuple[str, str, Mapping[str, str]]]] = {
    "percent_complete": ("work items", "work-items", {"deleted": "false"}),
    "milestones_due": ("milestones", "milestones", {}),
    "milestones_met": ("milestones", "milestones", {}),
}


def proposal_document(row: MatchProposal) -> dict[str, Any]:
    """Return a proposal with its reasons."""
    return {
        "id": row.id,
        "kind": row.kind,
        "subject": row.subject_says,
        "target": row.target_says,
        "target_id": str(row.target),
        "confidence": row.confidence,
        "sure": sureness(row.confidence),
        "reasons": row.reasons,
        "origin": row.origin,
        "state": row.state,
        "proposed_at": z(row.proposed_at),
        "changed_at": z(row.changed_at),
        "decided_at": z(row.decided_at),
        "decided_by": row.decided_by,
        "because": row.because,
    }


def proposal_detail(session: Session, row: MatchProposal) -> dict[str, Any]:
    """Return a proposal with every decision on it, the oldest first."""
    made = session.scalars(
        select(MatchDecision).where(MatchDecision.proposal_id == row.id).order_by(MatchDecision.id)
    )
    decisions = [
        {
            "act": each.act,
            "at": z(each.at),
            "by": each.by,
            "because": each.because,
            "confidence": each.confidence,
            "reasons": each.reasons,
        }
        for each in made
    ]
    return proposal_document(row) | {"decisions": decisions}


def people_documents(session: Session, people: Sequence[Person]) -> list[dict[str, Any]]:
    """Return people with their accounts and the written names that were confirmed to be theirs."""
    ids = [person.id for person in people]
    accounts: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = session.execute(
        select(Identity, Source.name)
        .join(Source, Source.id == Identity.source_id)
        .where(Identity.person_id.in_(ids))
        .order_by(Identity.id)
    )
    for identity, source in rows:
        if identity.person_id is not None:
            accounts[identity.person_id].append(
                {
                    "source": source,
                    "account": identity.external_id,
                    "name": identity.display_name,
                    "active": identity.active,
                    "matched_by": identity.matched_by,
                }
            )
    names: dict[UUID, list[str]] = defaultdict(list)
    written = select(MatchProposal.target, MatchProposal.subject).where(
        MatchProposal.kind == "name", MatchProposal.state == "confirmed", MatchProposal.target.in_(ids)
    )
    for person, name in session.execute(written.order_by(MatchProposal.subject)):
        names[person].append(name)
    return [
        {
            "id": str(person.id),
            "name": person.display_name,
            "accounts": accounts[person.id],
            "written": names[person.id],
            "same_as": None if person.same_as is None else str(person.same_as),
        }
        for person in people
    ]


def conflicts_query() -> Select[ClaimConflict, str]:
    """Return the query of conflicts with their project's key."""
    return select(ClaimConflict, Project.key).join(Project, Project.id == ClaimConflict.project_id)


def conflict_documents(session: Session, rows: Iterable[tuple[ClaimConflict, str]]) -> list[dict[str, Any]]:
    """Return conflicts with all that was said, the claim that counts first, each with its receipt.

    What Muster counted itself from many rows stands on no page: `computed` says from which, and where they are.
    """
    found = list(rows)
    claims = _claims(session, [claim for row, _ in found for claim in row.claims])
    words = _words(session, [row.project_id for row, _ in found])
    return [
        {
            "id": row.id,
            "project": key,
            "attribute": row.attribute,
            "settled_by": row.settled_by,
            "because": row.because,
            "claims": [
                claims[claim]
                | {"counts": place == 0, "computed": _computed(claims[claim], key, row.attribute)}
                for place, claim in enumerate(row.claims)
                if claim in claims
            ],
            "word": words.get((row.project_id, row.attribute)),
            "opened_at": z(row.opened_at),
            "changed_at": z(row.changed_at),
            "closed_at": z(row.closed_at),
            "closed_because": row.closed_because,
        }
        for row, key in found
    ]


def rules_query(*, ended: bool | None) -> Select[SettlingRule, str]:
    """Return the query of settling rules with their project's key: ended ones, standing ones, or (None) all."""
    query = select(SettlingRule, Project.key).outerjoin(Project, Project.id == SettlingRule.project_id)
    if ended is None:
        return query
    over = SettlingRule.ended_at.is_not(None)
    return query.where(over if ended else ~over)


def rule_documents(session: Session, *, ended: bool | None) -> list[dict[str, Any]]:
    """Return settling rules, the newest first."""
    rows = session.execute(rules_query(ended=ended).order_by(SettlingRule.id.desc()))
    return [rule_document(rule, key) for rule, key in rows]


def rule_document(rule: SettlingRule, key: str | None) -> dict[str, Any]:
    """Return a rule."""
    return {
        "id": rule.id,
        "attribute": rule.attribute,
        "project": key,
        "programme": rule.programme,
        "prefer": rule.prefer,
        "says": preference_says(rule.prefer),
        "by": rule.by,
        "at": z(rule.at),
        "because": rule.because,
        "ended_at": z(rule.ended_at),
        "ended_by": rule.ended_by,
        "ended_because": rule.ended_because,
    }


def open_counts(session: Session) -> dict[str, int]:
    """Count the open proposals by kind."""
    open_ = select(MatchProposal.kind, func.count()).where(MatchProposal.state == "open")
    return {row[0]: row[1] for row in session.execute(open_.group_by(MatchProposal.kind))}


def _claims(session: Session, ids: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    rows = session.execute(
        text(
            "SELECT c.*, s.name AS source FROM claim c JOIN source s ON s.id = c.source_id"
            " WHERE c.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(ids)},
    )
    return {row.id: _claim(row) for row in rows}


def _claim(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "value": row.value,
        "unit": row.unit,
        "valid_from": day(row.valid_from),
        "known_from": z(row.known_from),
        "raw": {
            "run": row.run_id,
            "page": row.raw_page_id,
            "position": row.raw_position,
            "locator": row.locator,
            "url": row.url,
            "sha256": row.sha256,
        },
    }


def _computed(claim: Mapping[str, Any], project: str, attribute: str) -> dict[str, Any] | None:
    """Return which rows a value was computed from; None for one that stands in a source as it is."""
    found = _COMPUTED.get(attribute)
    if found is None or claim["raw"]["page"] is not None or claim["raw"]["sha256"] is not None:
        return None
    label, route, narrow = found
    asked = urlencode({"project": project, "source": claim["source"], **narrow})
    key = quote(project, safe="")
    return {
        "from": label,
        "says": claim["raw"]["locator"],
        "rows": f"/api/v1/{route}?{asked}",
        "explained": f"/api/v1/projects/{key}/explain/{attribute}",
    }


def _words(session: Session, projects: Sequence[UUID]) -> Mapping[tuple[UUID, str], dict[str, Any]]:
    rows = session.execute(
        text(
            "SELECT project_id, attribute, claim_id, by, at, because FROM settlement WHERE ended_at IS NULL"
            " AND project_id = ANY(CAST(:projects AS uuid[])) ORDER BY id"
        ),
        {"projects": list(projects)},
    )
    return {
        (row.project_id, row.attribute): {
            "claim": row.claim_id, "by": row.by, "at": z(row.at), "because": row.because
        }
        for row in rows
    }  # fmt: skip
