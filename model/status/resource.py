"""F10: whether the people a project needs are there, and not overworked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from model.policy import Limits
from model.records import RoleFacts
from model.status.colour import Colour, Computed, Reason, counted, facts

RULE = "F10"


@dataclass(frozen=True, kw_only=True)
class Resource(Computed):
    """Key roles that are vacant, with the days they have been."""

    vacant: tuple[tuple[RoleFacts, int], ...] = ()


def resource(
    roles: Sequence[RoleFacts] | None,
    *,
    as_of: date,
    limits: Limits,
    utilisation_pct: Sequence[float] | None = None,
) -> Resource:
    """Colour the staffing; `utilisation_pct` is a figure a week, oldest first, None where nobody measures.

    RED: a role of the policy's list vacant for longer than its limit. AMBER: any key role vacant, or
    utilisation over the limit in each of the last weeks. Roles unknown, or one key role, is GREY, whatever
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
