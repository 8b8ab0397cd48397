"""Policies as documents: how a version stands, and a version whole."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from api.wire.answer import day, z
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
    """Say how versions stand, in which times each is in force, and until when: the end of the last of these.

    One that another was only promised some days within is in force again after them.
    """
    times = _in_force(versions)
    heads = []
    for each in versions:
        held = times.get(each.label, [(each.effective_from, each.effective_to)])
        heads.append(
            policy_head(each, standing)
            | {
                "holds": [{"from": day(first), "to": day(last)} for first, last in times.get(each.label, [])],
                "holds_until": day(held[-1][1]),
            }
        )
    return heads


def _in_force(versions: Sequence[Kept]) -> dict[str, list[tuple[date, date | None]]]:
    """Return when each approved version is in force: first and last days, None for no last one."""
    approved = [each for each in versions if each.state == APPROVED]
    begins = {each.effective_from for each in approved}
    begins |= {
        each.effective_to + timedelta(days=1)
        for each in approved
        if each.effective_to not in (None, date.max)
    }
    found: dict[str, list[tuple[date, date | None]]] = {}
    marks = sorted(begins)
    for first, following in zip(marks, [*marks[1:], None], strict=True):
        there = [
            each
            for each in approved
            if each.effective_from <= first and (each.effective_to is None or first <= each.effective_to)
        ]
        if not there:
            continue
        holding = max(there, key=lambda each: each.effective_from)
        mine = found.setdefault(holding.label, [])
        last = None if following is None else following - timedelta(days=1)
        if mine and mine[-1][1] == first - timedelta(days=1):
            mine[-1] = (mine[-1][0], last)
        else:
            mine.append((first, last))
    return found


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
