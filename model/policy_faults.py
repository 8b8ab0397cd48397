"""What is wrong with a policy that reads well: colours nobody could ever see, days and names that clash."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from model.declaration import Declaration, InvalidDeclaration, Path, in_words
from model.policies import TIERS
from model.policy import Limits, Policy, Tolerance, merged

DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource", "quality")
_MOST_SCORE: Final = 25  # of a risk: probability 5 x impact 5
_MOST: Final = 100  # health, data quality

# Amber, then red: the second must be farther along.
_RISING: Final = (
    (("schedule", "amber_pct"), ("schedule", "red_pct")),
    (("schedule", "amber_days"), ("schedule", "red_days")),
    (("cost", "amber_pct"), ("cost", "red_pct")),
    (("milestones", "amber_slope"), ("milestones", "red_slope")),
    (("scope", "amber_uncontrolled_pct"), ("scope", "red_uncontrolled_pct")),
    (("scope", "amber_churn_pct"), ("scope", "red_churn_pct")),
    (("risk", "high_score"), ("risk", "critical_score")),
)
_FALLING: Final = (
    (("earned_value", "amber_index"), ("earned_value", "red_index")),
    (("benefit", "amber_pct"), ("benefit", "red_pct")),
    (("risk", "amber_cover"), ("risk", "red_cover")),
    (("overall", "amber_health"), ("overall", "red_health")),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: the places it shows at, of which the first that a file holds is named."""

    paths: tuple[Path, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Names:
    """The portfolios, programmes and projects there are; None: nobody knows them, so none is unknown."""

    portfolio: Collection[str] | None = None
    programme: Collection[str] | None = None
    project: Collection[str] | None = None

    def of(self, kind: str) -> Collection[str] | None:
        """Return those of a kind."""
        return {"portfolio": self.portfolio, "programme": self.programme, "project": self.project}[kind]


def read_policy(text: str, where: str, names: Names | None = None) -> Policy:
    """Read a policy's YAML strictly.

    Raises:
        InvalidDeclaration: With every complaint, each with its line and field.
    """
    written = Declaration(text, where)
    _layers_read(written)
    policy = written.as_(Policy)
    found = [*faults(policy), *unknown_names(policy, names or Names())]
    if found:
        raise InvalidDeclaration([_complaint(written, fault) for fault in found])
    return policy


def _complaint(written: Declaration, fault: Fault) -> str:
    path = next((path for path in fault.paths if _holds(written.data, path)), fault.paths[0])
    return written.complaint(_named(path), fault.says)


def _named(path: Path) -> Path:
    """Name a tier as a key: `tiers.2`, for it is no place in a list."""
    return tuple(
        str(step) if number == 1 and path[0] == "tiers" else step for number, step in enumerate(path)
    )


def _holds(data: Any, path: Path) -> bool:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _layers_read(written: Declaration) -> None:
    """Hold each tier and tolerance to the limits' own form, so that what is misspelt in one has its line.

    Raises:
        InvalidDeclaration: With every complaint.
    """
    data = written.data
    base = data.get("limits")
    try:
        whole = Limits.model_validate(base).model_dump()
    except ValidationError:
        return  # the document's own complaints say more
    found = []
    for path, changes in _overlays(data):
        try:
            Limits.model_validate(merged(whole, changes))
        except ValidationError as error:
            found += [
                written.complaint(_named((*path, *each["loc"])), in_words(each)) for each in error.errors()
            ]
    if found:
        raise InvalidDeclaration(found)


def _overlays(data: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Go through what is laid over the limits, of a document that may be of any form."""
    tiers, tolerances = data.get("tiers"), data.get("tolerances")
    for tier, changes in tiers.items() if isinstance(tiers, Mapping) else ():
        if isinstance(changes, Mapping):
            yield ("tiers", tier), changes
    for number, each in enumerate(tolerances if isinstance(tolerances, list) else ()):
        changes = each.get("limits") if isinstance(each, Mapping) else None
        if isinstance(changes, Mapping):
            yield ("tolerances", number, "limits"), changes


def faults(policy: Policy) -> list[Fault]:
    """Return what is wrong with a policy by itself, the limits without a tier first."""
    found = [
        Fault(tuple(("limits", *path) for path in paths), says) for paths, says in of_limits(policy.limits)
    ]
    known = {fault.says for fault in found}

    def laid(at: Path, limits: Limits, suffix: str = "") -> None:
        for paths, says in of_limits(limits):
            if says not in known:
                found.append(Fault(tuple((*at, *path) for path in paths), says + suffix))

    for tier in policy.tiers:
        if tier not in TIERS:
            there = ", ".join(map(str, TIERS))
            found.append(
                Fault((("tiers", tier),), f"there is no tier {tier}; there are {there}, 1 the largest")
            )
        laid(("tiers", tier), policy.laid(tier))
    for number in range(len(policy.tolerances)):
        at = ("tolerances", number, "limits")
        before = len(found)
        laid(at, policy.laid(None, (number,)))
        for tier in policy.tiers if len(found) == before else ():
            laid(at, policy.laid(tier, (number,)), f" (with tier {tier})")
    return found + list(_clashing(policy))


def _clashing(policy: Policy) -> Iterator[Fault]:
    """Find tolerances of one thing that hold on the same day, and those that never do."""
    for number, each in enumerate(policy.tolerances):
        kind, name = each.of
        if (each.ends is not None and each.ends < policy.effective_from) or (
            each.begins is not None and policy.effective_to is not None and each.begins > policy.effective_to
        ):
            says = f"this tolerance of {name} never holds: it lies outside the days of {policy.label}"
            yield Fault((("tolerances", number),), says)
        for other in policy.tolerances[:number]:
            if other.of == each.of and _meet(other, each):
                says = (
                    f"{kind} {name} has another tolerance on the same days; end one before the other begins"
                )
                yield Fault((("tolerances", number),), says)
                break


def _meet(one: Tolerance, other: Tolerance) -> bool:
    """Say whether there is a day on which both hold."""
    starts = [each.begins for each in (one, other) if each.begins is not None]
    ends = [each.ends for each in (one, other) if each.ends is not None]
    return not starts or not ends or max(starts) <= min(ends)


def unknown_names(policy: Policy, names: Names) -> list[Fault]:
    """Find tolerances of what does not exist."""
    found = []
    for number, each in enumerate(policy.tolerances):
        kind, name = each.of
        there = names.of(kind)
        if there is not None and name not in there:
            some = ", ".join(sorted(there)[:10]) or "none yet"
            found.append(
                Fault((("tolerances", number, kind),), f"there is no {kind} {name!r}; there are {some}")
            )
    return found


def of_limits(limits: Limits) -> list[tuple[tuple[Path, ...], str]]:
    """Return what is wrong with limits: where it shows, and what, in words."""
    return [
        *_pairs(limits), *_scores(limits), *_overall(limits), *_behaviour(limits),
    ]  # fmt: skip


def _value(limits: Limits, path: Path) -> Any:
    block, name = path
    return getattr(getattr(limits, str(block)), str(name))


def _pairs(limits: Limits) -> Iterator[tuple[tuple[Path, ...], str]]:
    for pairs, sign in ((_RISING, 1), (_FALLING, -1)):
        for amber, red in pairs:
            first, second = _value(limits, amber), _value(limits, red)
            if sign * first < sign * second:
                continue
            names = f"{amber[0]}: {amber[1]} {first:g} is not before {red[1]} {second:g}"
            yield (amber, red), f"{names}, so amber would never be shown"


def _scores(limits: Limits) -> Iterator[tuple[tuple[Path, ...], str]]:
    risk = limits.risk
    if risk.medium_score >= risk.high_score:
        says = f"risk: medium_score {risk.medium_score:g} is not before high_score {risk.high_score:g}"
        yield (("risk", "medium_score"), ("risk", "high_score")), f"{says}, so no risk would ever be medium"
    if risk.matrix is None and risk.critical_score > _MOST_SCORE:
        says = f"risk: no score reaches critical_score {risk.critical_score:g}; the highest is {_MOST_SCORE}"
        yield (("risk", "critical_score"),), says
    if risk.matrix is not None:
        used = {risk.matrix.levels[word] for row in risk.matrix.cells.values() for word in row.values()}
        if not used & {"high", "critical"}:
            says = "no cell of the matrix means high or critical, so no risk would ever turn a colour"
            yield (("risk", "matrix", "cells"), ("risk", "matrix")), says
    if limits.cost.underspend_pct >= limits.cost.amber_pct:
        says = f"cost: underspend_pct {limits.cost.underspend_pct:g} is not under amber_pct"
        yield (("cost", "underspend_pct"), ("cost", "amber_pct")), says


def _overall(limits: Limits) -> Iterator[tuple[tuple[Path, ...], str]]:
    rules = limits.overall
    for name in sorted(set(rules.weights) - set(DIMENSIONS)):
        says = f"there is no dimension {name!r}; there are {', '.join(DIMENSIONS)}"
        yield (("overall", "weights", name), ("overall", "weights")), says
    if not sum(rules.weights.values()):
        yield (("overall", "weights"),), "no dimension has a weight, so every project would be grey"
    there = len(rules.weights)
    needed = {
        "min_dimensions": "so every project would be grey",
        "red_if_red": "so that would never happen",
        "amber_if_red": "so that would never happen",
        "amber_if_amber": "so that would never happen",
    }
    for name, then in needed.items():
        wanted = getattr(rules, name)
        if wanted > there:
            says = f"{name} asks for {wanted} dimensions and there are {there} with a weight, {then}"
            yield (("overall", name), ("overall", "weights")), says
    for name in ("min_data_quality", "red_health", "amber_health"):
        value = getattr(rules, name)
        if not 0 <= value <= _MOST:
            yield (("overall", name),), f"{name} is {value:g}; expected 0 to {_MOST}"


def _behaviour(limits: Limits) -> Iterator[tuple[tuple[Path, ...], str]]:
    rules = limits.behaviour
    if rules.flapping_changes >= rules.flapping_periods:
        says = (
            f"{rules.flapping_periods} periods have {rules.flapping_periods - 1} changes between them at most"
        )
        yield (
            (("behaviour", "flapping_changes"), ("behaviour", "flapping_periods"), ("behaviour",)),
            f"flapping_changes {rules.flapping_changes}: {says}, so nothing would ever flap",
        )
