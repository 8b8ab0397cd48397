"""Which policy holds for a project on a day, with which limits, and because of what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from model.policy import Limits, Policy, Tolerance, policy_on

TIERS: Final = (1, 2, 3)  # 1 is the largest; see the attribute `tier`
_ORDER: Final = ("portfolio", "programme", "project")  # the later is laid over the earlier


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project stands, as far as it decides on its limits.

    Of several programmes or portfolios the first is its own: what that one says goes over what the others say.
    """

    project: str | None = None
    tier: int | None = None
    programmes: tuple[str, ...] = ()
    portfolios: tuple[str, ...] = ()

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of one kind that a tolerance can be of, the most telling first."""
        if kind == "project":
            return () if self.project is None else (self.project,)
        return self.programmes if kind == "programme" else self.portfolios


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing that decided on a project's limits: the policy's tier, or a tolerance; `because` says why."""

    of: str  # tier, portfolio, programme, project
    name: str
    because: str | None = None
    begins: date | None = None
    ends: date | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, without what nobody said."""
        days = {"from": self.begins, "to": self.ends}
        said = {} if self.because is None else {"because": self.because}
        return (
            {"of": self.of, "name": self.name}
            | said
            | {name: day.isoformat() for name, day in days.items() if day is not None}
        )

    def says(self) -> str:
        """Say it in a few words: `programme Citizen services: agreed in October`."""
        return f"{self.of} {self.name}" + ("" if self.because is None else f": {self.because}")


@dataclass(frozen=True, slots=True)
class Holding:
    """The limits that hold for a project, and the layers that made them, the first laid first."""

    policy: Policy
    limits: Limits
    layers: tuple[Layer, ...]

    def to_json(self) -> dict[str, Any]:
        """Return which policy and layers they are, as receipts carry them."""
        return {"label": self.policy.label, "layers": [layer.to_json() for layer in self.layers]}


def holding(policy: Policy, place: Place, on: date) -> Holding:
    """Lay what holds for a project on a day over each other: limits, tier, portfolio, programme, project.

    A tier that the policy does not define changes nothing, and says so.
    """
    layers = [_tier(policy, place.tier)] if place.tier is not None else []
    chosen = _chosen(policy.tolerances, place, on)
    for number in chosen:
        each = policy.tolerances[number]
        layers.append(Layer(*each.of, each.because, each.begins, each.ends))
    return Holding(policy, policy.laid(place.tier, tuple(chosen)), tuple(layers))


def limits_for(policy: Policy, place: Place, on: date) -> Limits:
    """Return only the limits of `holding`."""
    return policy.laid(place.tier, tuple(_chosen(policy.tolerances, place, on)))


def _tier(policy: Policy, tier: int) -> Layer:
    if tier in policy.tiers:
        return Layer("tier", str(tier))
    return Layer("tier", str(tier), f"{policy.label} does not define it, so the limits without a tier hold")


def _chosen(tolerances: Sequence[Tolerance], place: Place, on: date) -> list[int]:
    """Return the numbers of the tolerances that hold, in the order they are laid."""
    if not tolerances:
        return []
    found: list[int] = []
    for kind in _ORDER:
        for name in reversed(place.names(kind)):
            found += [
                number for number, each in enumerate(tolerances) if each.of == (kind, name) and each.holds(on)
            ]
    return found


def in_force(policies: Iterable[Policy], on: date, *, otherwise: Policy) -> Policy:
    """Return the policy in force on a day; `otherwise` on days before the first of them."""
    return policy_on(policies, on) or otherwise


def overlap(new: Policy, others: Iterable[Policy]) -> tuple[str, str] | None:
    """Return the field of a policy that makes it overlap another, and what to do; None where none does.

    A policy without a last day holds until another begins; one with a last day was promised until then.
    """
    for each in others:
        if each.label == new.label:
            continue
        if each.effective_from == new.effective_from:
            return "effective_from", f"{each.label} begins on that day, too; give another day"
        first, second = sorted((each, new), key=lambda policy: policy.effective_from)
        if first.effective_to is None or first.effective_to < second.effective_from:
            continue
        if first is new:
            says = f"{each.label} begins on {each.effective_from}; end this one before, or leave its last day out"
            return "effective_to", says
        says = f"{each.label} is in force until {each.effective_to}; begin after that day"
        return "effective_from", says
    return None
