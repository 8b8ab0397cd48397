"""F15 and F18: what colours and forecasts were worth, once the outcome is known."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating: how often it was given, how often it ended badly, and the chance of that it stands for.

    `implied` None: nobody said which; it is then not scored, but ranked all the same.
    """

    rating: str
    count: int
    adverse: int
    implied: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How ratings did against outcomes.

    `brier` is the mean squared error of the implied chances, `brier_base` that of always saying the base rate,
    `skill` 1 - their ratio: below 0 the ratings are worse than saying always the same. `auc` is the chance
    that of two cases, one adverse and one not, the adverse one was rated worse, ties half. Each is None where
    it is not defined.
    """

    count: int
    adverse: int
    base_rate: float | None
    brier: float | None
    brier_base: float | None
    skill: float | None
    auc: float | None


def calibration(ratings: Sequence[Rated]) -> Calibration:
    """Score ratings, given from the best to the worst. Source: docs/outcomes.md, rule F15.

    Raises:
        ValueError: A rating ended badly more often than it was given, or a chance is not one.
    """
    for each in ratings:
        if not 0 <= each.adverse <= each.count:
            raise ValueError(f"{each.rating}: {each.adverse} of {each.count} cannot have ended badly")
        if each.implied is not None and not 0 <= each.implied <= 1:
            raise ValueError(f"{each.rating}: {each.implied} is no chance from 0 to 1")
    count = sum(each.count for each in ratings)
    adverse = sum(each.adverse for each in ratings)
    base = adverse / count if count else None
    brier = _brier(ratings, count)
    spread = None if base is None else base * (1 - base)
    return Calibration(
        count=count,
        adverse=adverse,
        base_rate=base,
        brier=brier,
        brier_base=spread,
        skill=None if brier is None or not spread else 1 - brier / spread,
        auc=_auc(ratings, adverse, count - adverse),
    )


def _brier(ratings: Sequence[Rated], count: int) -> float | None:
    if not count or any(each.implied is None for each in ratings if each.count):
        return None
    total = 0.0
    for each in ratings:
        chance = each.implied or 0.0
        total += each.adverse * (1 - chance) ** 2 + (each.count - each.adverse) * chance**2
    return total / count


def _auc(ratings: Sequence[Rated], adverse: int, well: int) -> float | None:
    if not adverse or not well:
        return None
    better = 0  # cases that went well and were rated better
    won = 0.0
    for each in ratings:
        good = each.count - each.adverse
        won += each.adverse * (better + good / 2)
        better += good
    return won / (adverse * well)


def chances(ratings: Sequence[Rated]) -> dict[str, float | None]:
    """Set each rating's chance from history, never lower for a worse one (isotonic, by pooling neighbours).

    None for a rating that was never given. Ratings from the best to the worst. Source: docs/outcomes.md, rule F15.
    """
    pools: list[tuple[float, int, list[str]]] = []
    for each in ratings:
        if not each.count:
            continue
        pools.append((each.adverse, each.count, [each.rating]))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            adverse, count, names = pools.pop()
            pools[-1] = (pools[-1][0] + adverse, pools[-1][1] + count, pools[-1][2] + names)
    found: dict[str, float | None] = {each.rating: None for each in ratings}
    for adverse, count, names in pools:
        found |= dict.fromkeys(names, adverse / count)
    return found


def pinball(quantile: float, predicted: float, actual: float) -> float:
    """Score one quantile of a forecast; 0 is best. Source: docs/outcomes.md, rule F18."""
    if actual >= predicted:
        return quantile * (actual - predicted)
    return (1 - quantile) * (predicted - actual)


def forecast_score(predicted: Mapping[float, float], actual: float) -> float | None:
    """Return the mean pinball loss over the quantiles a forecaster gave; None where it gave none."""
    losses = [pinball(quantile, value, actual) for quantile, value in predicted.items()]
    return sum(losses) / len(losses) if losses else None


@dataclass(frozen=True, slots=True)
class Warnings:
    """How warnings did: `hit_rate` is the share of bad ends warned of, `false_alarm_rate` that of good ones."""

    hit_rate: float | None
    false_alarm_rate: float | None


def warned(ratings: Sequence[Rated], warning: Collection[str]) -> Warnings:
    """Count the bad and the good ends that had one of the ratings that warn; None where there were none."""
    adverse = sum(each.adverse for each in ratings)
    well = sum(each.count - each.adverse for each in ratings)
    hits = sum(each.adverse for each in ratings if each.rating in warning)
    false = sum(each.count - each.adverse for each in ratings if each.rating in warning)
    return Warnings(hits / adverse if adverse else None, false / well if well else None)
