"""Policies as documents: how a version stands, and a version whole."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from api.answer import day, z
from model.status.colour import plain
from sync.policy.kept import APPROVED, Kept


def policy_head(each: Kept, standing: str) -> dict[str, Any]:
    """Say how a version stands; `standing` is the label of the one in force today."""
    return {
        "policy": each.label,
        "name": each.name,
        "version": each.version,
        "state": each.state,
        "in_force": each.label == standing,
        "effective_from": day(each.effective_from),
        "effective_to": day(each.effective_to),
        "written_at": z(each.written_at),
        "written_by": each.written_by,
        "approved_at": z(each.approved_at),
        "approved_by": each.approved_by,
        "withdrawn_at": z(each.withdrawn_at),
        "withdrawn_by": each.withdrawn_by,
        "because": each.because,
        "sha256": each.sha256,
    }


def policy_heads(versions: Sequence[Kept], standing: str) -> list[dict[str, Any]]:
    """Say how versions stand, and until when each holds: its own last day, or the day before the next begins."""
    begins = sorted(each.effective_from for each in versions if each.state == APPROVED)
    heads = []
    for each in versions:
        after = (
            next((on for on in begins if on > each.effective_from), None) if each.state == APPROVED else None
        )
        ends = [on for on in (each.effective_to, after and after - timedelta(days=1)) if on is not None]
        heads.append(policy_head(each, standing) | {"holds_until": day(min(ends, default=None))})
    return heads


def policy_document(each: Kept, standing: str, *, everything: bool = True) -> dict[str, Any]:
    """Return a version whole; of what names projects nothing for whoever may not see every one."""
    policy = each.loaded()
    tolerances = [plain(one.model_dump(by_alias=True, exclude_none=True)) for one in policy.tolerances]
    return policy_head(each, standing) | {
        "title": policy.title,
        "limits": plain(policy.limits.model_dump()),
        "tiers": {str(tier): plain(changes) for tier, changes in policy.tiers.items()},
        "tolerances": tolerances if everything else None,
        "text": each.text if everything else None,
        "plan": each.plan if everything else None,
    }
