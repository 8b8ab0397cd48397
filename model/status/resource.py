"""F10: whether the people a project needs are there, and not overworked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from model.policy import Limits
from model.records import RoleFacts, WeekFacts
from model.status.colour import Colour, Computed, Reason, counted, facts

RULE = "F10"
_WEEK: Final = timedelta(days=7)
_STALE: Final = timedelta(days=14)  # a last week that is older says nothing of today


@dataclass(frozen=True, kw_only=True)
class Resource(Computed):
    """Key roles that are vacant, with the days they have been."""

    vacant: tuple[tuple[RoleFacts, int], ...] = ()


def weekly_utilisation(known: Iterable[WeekFacts], *, as_of: date) -> dict[date, float] | None:
    """Return the utilisation in percent of the weeks without a gap up to the last one begun, by Monday, oldest first.

    Of a week with hours it is all hours booked over all hours there are; of one that has only percents their
    mean. A week in which neither is known ends the run, as a missing week does. None: nothing recent is known.
    """
    by_week: dict[date, list[WeekFacts]] = {}
    for each in known:
        if each.week <= as_of:
            by_week.setdefault(monday(each.week), []).append(each)
    shares = {week: share for week, teams in by_week.items() if (share := _share(teams)) is not None}
    last = max(shares, default=None)
    if last is None or as_of - last > _STALE:
        return None
    weeks: list[date] = []
    while last in shares:
        weeks.insert(0, last)
        last -= _WEEK
    return {week: shares[week] for week in weeks}


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _share(teams: Sequence[WeekFacts]) -> float | None:
    """Return one week's utilisation in percent; None where a team says neither hours nor percent that can be."""
    hours = [
        (each.booked, each.capacity)
        for each in teams
        if each.booked is not None and each.capacity is not None and min(each.booked, each.capacity) >= 0
    ]
    if len(hours) == len(teams):
        capacity = sum(there for _, there in hours)
        return 100 * sum(booked for booked, _ in hours) / capacity if capacity > 0 else None
    percents = [each.percent for each in teams if each.percent is not None and each.percent >= 0]
    return sum(percents) / len(percents) if len(percents) == len(teams) else None


def resource(
    roles: Sequence[RoleFacts] | None,
    *,
    as_of: date,
    limits: Limits,
    utilisation_pct: Sequence[float] | None = None,
) -> Resource:
    """Colour the staffing; `utilisation_pct` is a figure a week, oldest first, None where nobody measures.

    RED: a role of the policy's list vacant for longer than its limit. AMBER: any key role vacant, or
    utilisation over the limit in each of the last weeks. Roles unknown, or one key role unknown, is GREY, whatever
    the utilisation, unless that is amber. Source: docs/status.md, rule F10.
    """
    rules = limits.resource
    inputs = facts(as_of=as_of, roles=None if roles is None else len(roles), utilisation_pct=utilisation_pct)
    vacant = tuple(
        (role, (as_of - role.vacant_since).days)
        for role in roles or ()
        if role.key and role.vacant_since is not None and role.vacant_since <= as_of
    )
    red: list[Reason] = []
    amber: list[Reason] = []
    for role, days in vacant:
        said = f"{role.role} has been vacant for {counted(days, 'day')}" if days else f"{role.role} is vacant"
        grave = role.role in rules.red_roles and days > rules.red_vacant_days
        (red if grave else amber).append(Reason(RULE, said, facts(role=role.role, vacant_days=days)))
    weeks = list(utilisation_pct or ())[-rules.utilisation_weeks :]
    if len(weeks) == rules.utilisation_weeks and min(weeks) > rules.utilisation_pct:
        said = f"utilisation over {rules.utilisation_pct:g} % for {counted(len(weeks), 'week')}"
        amber.append(Reason(RULE, said, facts(utilisation_pct=weeks)))
    if red or amber:
        colour = Colour.RED if red else Colour.AMBER
        return Resource(colour=colour, reasons=(*red, *amber), inputs=inputs, vacant=vacant)
    if not roles:
        reason = Reason(RULE, "nobody says who holds the key roles", inputs)
        return Resource(colour=Colour.GREY, reasons=(reason,), inputs=inputs)
    if unknown := [role.role for role in roles if role.key and role.unknown]:
        reason = Reason(RULE, f"{' and '.join(unknown)} unknown", facts(unknown=unknown))
        return Resource(colour=Colour.GREY, reasons=(reason,), inputs=inputs)
    return Resource(
        colour=Colour.GREEN, reasons=(Reason(RULE, "all key roles are filled", inputs),), inputs=inputs
    )
