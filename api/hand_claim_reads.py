"""Claims by hand as documents: for the route and the page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.orm import aliased

from api.wire.answer import z
from model.tables import Claim, HandClaim, Project


def hand_claims_query() -> Select[*tuple[Any, ...]]:
    """Return every claim by hand with its project's key, its value and unit, and whether it was overtaken."""
    later = aliased(Claim)
    overtaken = exists().where(
        and_(
            later.project_id == Claim.project_id,
            later.attribute == Claim.attribute,
            later.source_id == Claim.source_id,
            later.id > Claim.id,
        )
    )
    return (
        select(HandClaim, Project.key, Claim.value, Claim.unit, overtaken.label("overtaken"))
        .join(Project, Project.id == HandClaim.project_id)
        .join(Claim, Claim.id == HandClaim.claim_id)
    )


def hand_claim_documents(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return them as the API shows them."""
    return [
        {
            "id": each.id,
            "project": key,
            "attribute": each.attribute,
            "value": value,
            "unit": unit,
            "instead": each.instead,
            "claim": each.claim_id,
            "at": z(each.at),
            "by": each.by,
            "because": each.because,
            "overtaken": overtaken and each.ended_at is None,
            "ended_at": z(each.ended_at),
            "ended_by": each.ended_by,
            "ended_because": each.ended_because,
        }
        for each, key, value, unit, overtaken in rows
    ]
