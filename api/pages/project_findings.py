"""What a project's page shows of the queue: its open findings, and disputes beside their values."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.finding_queue import dispute_document, finding_document, severity_key
from model.findings.moves import OPEN
from model.tables import Dispute, Finding

SHOWN: Final = 25


def open_findings(session: Session, project: UUID) -> dict[str, Any]:
    """Return the worst and oldest of a project's open findings, and how many there are; with those waived."""
    mine = (Finding.project_id == project, Finding.closed_at.is_(None))
    query = select(Finding).where(*mine, Finding.state.in_(OPEN)).order_by(severity_key()).limit(SHOWN)
    counted = session.execute(select(Finding.state, func.count()).where(*mine).group_by(Finding.state))
    counts = {row[0]: row[1] for row in counted}
    return {
        "rows": [finding_document(row, "") for row in session.scalars(query)],
        "total": sum(count for state, count in counts.items() if state in OPEN),
        "waived": counts.get("waived", 0),
    }


def disputes(session: Session, project: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return the disputes of a project's values that have not ended, by attribute."""
    query = select(Dispute).where(
        Dispute.project_id == project, Dispute.ended_at.is_(None), Dispute.attribute.is_not(None)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.scalars(query.order_by(Dispute.id)):
        found.setdefault(str(row.attribute), []).append(dispute_document(row, ""))
    return found
