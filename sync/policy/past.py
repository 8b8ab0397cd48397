"""A policy that begins in the past: what it would say of days that were published, which stay as they were."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from model.policy import Policy
from model.status.colour import Colour
from sync.json import dump_bytes
from sync.match import portfolio_of
from sync.policy.backtest import Replay, replay_size, stored_days
from sync.policy.kept import approved, policy_standing
from sync.policy.plan import coloured, plan

_STAYS: Final = (
    "what was published of these days stays as it was; from its approval on this policy is the one of these days:"
    " whoever works one out anew goes by it"
)


class TooMuchPast(ValueError):
    """There are more days of projects to colour again than were allowed; the message says how many."""


@dataclass(slots=True)
class _Turned:
    """One project's days that a policy would have coloured otherwise."""

    days: list[date] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)  # "AMBER to RED" -> days


def plan_whole(session: Session, policy: Policy, *, now: datetime) -> dict[str, Any]:
    """Return the plan of a policy, and where it begins in the past, in `history` its effect on that.

    `history` None: it begins today or later. It is part of the plan's hash.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    found = plan(session, policy, now=now)
    past = effect(session, policy, now=now)
    if past is not None:
        found["plan"] = hashlib.sha256(dump_bytes([found["plan"], past], canonical=True)).hexdigest()
    return found | {"history": past}


def within(session: Session, policy: Policy, *, now: datetime, most: int) -> None:
    """Look whether the past of a policy can be coloured again in a moment.

    Raises:
        TooMuchPast: There are more days of projects than `most`.
    """
    until = _until(session, policy, now)
    size = 0 if until is None else replay_size(session, policy.effective_from, until)
    if size > most:
        raise TooMuchPast(
            f"{policy.label} begins {policy.effective_from}: {size:,} days of projects would have to be coloured again,"
            f" here {most:,} at most; use `muster policy plan` and `apply`, which take any number"
        )


def effect(session: Session, policy: Policy, *, now: datetime) -> dict[str, Any] | None:
    """Say which published days a policy would have coloured otherwise; None where it begins today or later.

    Facts are those of each day as they were known then; what was in force then is replayed beside it, so that
    nothing but the policy makes a difference. Only days on which it would be in force are looked at.
    """
    until = _until(session, policy, now)
    if until is None:
        return None
    size = replay_size(session, policy.effective_from, until)
    before, after = Replay(), Replay()
    days: set[date] = set()
    turned: dict[str, _Turned] = {}
    for day, facts in stored_days(session, policy.effective_from, until):
        days.add(day.as_of)
        standing = policy_standing(session.connection(), day.as_of, day.known_at)
        for project in facts.projects:
            quality = day.stored[project.id][1]
            was = coloured(before.before(project), standing, facts, quality)
            would = coloured(after.before(project), policy, facts, quality)
            before.add(project, was, facts)
            after.add(project, would, facts)
            _count(turned, project.key, day.as_of, was.whole.colour, would.whole.colour)
    return _document(policy, until, size, days, turned)


def _until(session: Session, policy: Policy, now: datetime) -> date | None:
    """Return the last day before today on which it would be in force; None where it begins today or later."""
    today = now.astimezone(ZoneInfo(portfolio_of(session).timezone)).date()
    if policy.effective_from >= today:
        return None
    last = today - timedelta(days=1)
    if policy.effective_to is not None:
        last = min(last, policy.effective_to)
    later = [
        each.effective_from
        for each in approved(session.connection())
        if each.label != policy.label and each.effective_from > policy.effective_from
    ]
    return min([last, *(day - timedelta(days=1) for day in later)])


def _count(turned: dict[str, _Turned], key: str, day: date, was: Colour, would: Colour) -> None:
    if was is not would:
        found = turned.setdefault(key, _Turned())
        found.days.append(day)
        name = f"{was.value} to {would.value}"
        found.turns[name] = found.turns.get(name, 0) + 1


def _document(
    policy: Policy, until: date, size: int, days: set[date], turned: Mapping[str, _Turned]
) -> dict[str, Any]:
    otherwise = sum(len(each.days) for each in turned.values())
    told = f"of {size} published days of projects from {policy.effective_from} to {until} it would colour"
    return {
        "from": policy.effective_from.isoformat(),
        "to": until.isoformat(),
        "days": len(days),
        "project_days": size,
        "otherwise": otherwise,
        "projects": [
            {
                "project": key,
                "days": len(each.days),
                "first": min(each.days).isoformat(),
                "last": max(each.days).isoformat(),
                "turns": each.turns,
            }
            for key, each in sorted(turned.items())
        ],
        "says": f"{told} {otherwise} otherwise; {_STAYS}",
    }
