"""Where a project stands among tiers, programmes and portfolios: what decides on its limits."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from model.policies import Holding, Place, holding, limits_for
from model.policy import Limits, Policy
from sync.facts import ProjectFacts

_FEW: Final = 10


def place_of(project: ProjectFacts) -> Place:
    """Return where a project stands; what its sources say of its programme goes before where it is filed."""
    programmes = dict.fromkeys(each for each in (project.value("programme"), project.programme) if each)
    return Place(
        project.key,
        project.value("tier"),
        tuple(programmes),
        () if project.portfolio is None else (project.portfolio,),
    )


def limits_of(policy: Policy, project: ProjectFacts, on: date) -> Limits:
    """Return the limits that hold for a project on a day."""
    return limits_for(policy, place_of(project), on)


def holding_of(policy: Policy, project: ProjectFacts, on: date) -> Holding:
    """Return the same with the layers they were made of."""
    return holding(policy, place_of(project), on)


def undefined_tiers(policy: Policy, projects: Iterable[ProjectFacts]) -> list[str]:
    """Say, tier by tier, which projects are of one that the policy does not define."""
    by_tier: dict[int, list[str]] = {}
    for project in projects:
        tier = project.value("tier")
        if tier is not None and tier not in policy.tiers:
            by_tier.setdefault(tier, []).append(project.key)
    return [
        f"{policy.label} does not define tier {tier}: {', '.join(keys[:_FEW])}"
        f"{f' and {len(keys) - _FEW} more' if len(keys) > _FEW else ''} are held to the limits without a tier"
        for tier, keys in sorted(by_tier.items())
        if policy.tiers
    ]
