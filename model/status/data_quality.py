"""F12: how good the data is, by dimension and in one score with a grade."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

Name = TypeVar("Name", bound=str)  # maps are invariant in their keys
RULE = "F12"
DIMENSIONS: Final = ("completeness", "validity", "timeliness", "consistency", "uniqueness", "accuracy")


@dataclass(frozen=True, slots=True)
class DataQuality:
    """A score of 0 to 100 and its grade over what was measured; None where nothing was."""

    score: float | None
    grade: str | None
    dimensions: Mapping[str, float]
    not_measured: tuple[str, ...]


def weigh(
    scores: Mapping[str, float | None], weights: Mapping[Name, float], grades: Mapping[str, float]
) -> DataQuality:
    """Join dimensions, each 0 to 1 or None: sum of weight x score / sum of weight, over those that were measured.

    Source: docs/status.md, rule F12.
    """
    measured: dict[Name, float] = {name: score for name in weights if (score := scores.get(name)) is not None}
    total = sum(weights[name] for name in measured)
    score = (
        100 * sum(weights[name] * value for name, value in measured.items()) / total if total > 0 else None
    )
    return DataQuality(
        score=score,
        grade=None if score is None else grade(score, grades),
        dimensions={str(name): value for name, value in measured.items()},
        not_measured=tuple(name for name in weights if name not in measured),
    )


def grade(score: float, grades: Mapping[str, float]) -> str:
    """Return the best grade that the score reaches; the last one where it reaches none."""
    falling = sorted(grades.items(), key=lambda entry: -entry[1])
    return next((name for name, least in falling if score >= least), falling[-1][0])


def inapplicable(
    stages: Mapping[str, Collection[str]],
    tiers: Mapping[str, Collection[int]],
    *,
    stage: str | None,
    tier: int | None,
) -> str:
    """Say why no template is asked of a project, and what to do; by template the stages and tiers it applies to."""
    if not tiers:
        return "no template is in force on this day, so the data quality cannot be measured: approve one"
    if tier is not None and not any(tier in each for each in tiers.values()):
        listed = ", ".join(f"{name}: {_slashed(each)}" for name, each in sorted(tiers.items()))
        return (
            f"no template applies to tier {tier} (tiers of {listed}), so the data quality cannot be measured:"
            " correct the tier, or let a template apply to it"
        )
    listed = ", ".join(
        f"{name}: {_slashed(each)}, {_slashed(tiers[name])}" for name, each in sorted(stages.items())
    )
    return (
        f"no template applies to stage {stage} in tier {tier} (stages and tiers of {listed}), so the data"
        " quality cannot be measured: correct the stage or the tier, or let a template apply to it"
    )


def _slashed(values: Collection[object]) -> str:
    return "/".join(map(str, values))


def freshness(age: float, fresh: float, grace: float, sensitivity: float = 1) -> float:
    """Score an age in days: 1 while fresh, falling to 0 at the end of the grace; without grace at once.

    Without days in which it is fresh that is timeliness as Ballou and others have it: (1 - age / volatility) to the
    power s, the grace being the volatility.
    """
    if age <= fresh:
        return 1.0
    return float(max(0.0, 1 - (age - fresh) / grace) ** sensitivity) if grace > 0 else 0.0
