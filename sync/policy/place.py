"""Where a project stands among tiers, programmes and portfolios: what decides on its limits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from model.membership import memberships
from model.policies import Holding, Place, holding, limits_for
from model.policy import Limits, Policy
from sync.facts import ProjectFacts

_FEW: Final = 10


def place_of(project: ProjectFacts) -> Place:
    """Return where a project stands; what its sources say of its programme goes before where it is filed."""
    said = [each.name for each in memberships(project.value("programme"))]
    programmes = dict.fromkeys(each for each in (*said, project.programme) if each)
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


def of_undefined_tiers(policy: Policy, projects: Iterable[ProjectFacts], found: dict[int, list[str]]) -> None:
    """Add the projects that are of a tier which the policy does not define, by tier; where it defines any."""
    for project in projects if policy.tiers else ():
        tier = project.value("tier")
        if tier is not None and tier not in policy.tiers:
            found.setdefault(tier, []).append(project.key)


def by_tier(tiers: Mapping[str, int]) -> dict[int, list[str]]:
    """Return the keys of projects by their tier."""
    found: dict[int, list[str]] = {}
    for key, tier in sorted(tiers.items()):
        found.setdefault(tier, []).append(key)
    return found


def said_of_tiers(policy: Policy, found: Mapping[int, Sequence[str]]) -> list[str]:
    """Say, tier by tier, which projects are of one that the policy does not define."""
    return [
        f"{policy.label} does not define tier {tier}: {', '.join(keys[:_FEW])}"
        f"{f' and {len(keys) - _FEW} more' if len(keys) > _FEW else ''} held to the limits without a tier"
        for tier, keys in sorted(found.items())
    ]
