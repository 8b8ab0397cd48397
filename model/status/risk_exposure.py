"""F7's inputs: what open risks may cost together, when they were looked at, and what cannot be true of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.policy import RiskLimits
from model.records import RiskFacts
from model.status.colour import Reason, impossible

RULE = "F7"
_LEAST, _MOST = 1, 5  # of a probability or an impact


def rates(mark: float) -> bool:
    """Say whether a probability or an impact is on its scale."""
    return _LEAST <= mark <= _MOST


@dataclass(frozen=True, slots=True)
class Summed:
    """A sum of chance x impact, None where nothing can be summed, and the risks that ought to be in it and are not."""

    sum: Decimal | None
    without: tuple[RiskFacts, ...]

    @property
    def whole(self) -> Decimal | None:
        """Return the sum, None where not all are in it."""
        return None if self.without else self.sum


def expected(
    known: Sequence[RiskFacts], impact: Callable[[RiskFacts], Decimal | float | None], limits: RiskLimits
) -> Summed:
    """Add up chance x impact over the risks that state both; without those that state an impact and no chance."""
    parts: list[Decimal] = []
    without: list[RiskFacts] = []
    for item in known:
        stated, chance = impact(item), _chance(item, limits)
        if stated is None:
            continue
        if stated < 0 or (chance is None and stated > 0):
            without.append(item)
        elif chance is not None:
            parts.append(Decimal(str(chance)) * Decimal(str(stated)))
    return Summed(sum(parts, Decimal(0)) if parts else None, tuple(without))


def covered(contingency: Decimal | None, expected: Decimal | None) -> float | None:
    """Return the share of an expected cost that the contingency covers."""
    return float(contingency / expected) if contingency is not None and expected else None


def wrong(item: RiskFacts, as_of: date) -> Iterator[Reason]:
    """Yield what cannot be true of a risk; it is computed with nowhere."""
    name = f"risk {item.name}"
    for what, mark in (("probability", item.probability), ("impact", item.impact)):
        if mark is not None and not rates(mark) and not item.pairs:
            yield impossible(
                RULE, f"{name} {what}", f"{name} has the {what} {mark:g}, not 1 to 5", **{what: mark}
            )
    if item.chance is not None and not 0 <= item.chance <= 1:
        said = f"{name} is likely by {100 * item.chance:g} %, not 0 to 100"
        yield impossible(RULE, f"{name} chance", said, chance=item.chance)
    if item.cost_impact is not None and item.cost_impact < 0:
        said = f"{name} costs {item.cost_impact:,.2f}, less than nothing: a gain covers no other risk"
        yield impossible(RULE, f"{name} cost", said, cost_impact=item.cost_impact)
    if item.days_impact is not None and item.days_impact < 0:
        said = f"{name} delays by {item.days_impact:g} days, less than nothing"
        yield impossible(RULE, f"{name} days", said, days_impact=item.days_impact)
    if item.reviewed_on is not None and item.reviewed_on > as_of:
        said = f"{name} was reviewed on {item.reviewed_on}, which is still to come"
        yield impossible(RULE, f"{name} review", said, reviewed_on=item.reviewed_on, as_of=as_of)


def _chance(item: RiskFacts, limits: RiskLimits) -> float | None:
    if item.chance is not None:
        return item.chance if 0 <= item.chance <= 1 else None
    if item.probability is None or item.probability != int(item.probability):
        return None
    return limits.chances.get(int(item.probability))


def looked_at(item: RiskFacts, as_of: date) -> date | None:
    """Return when a risk was last looked at; where nobody ever did, since when it stands. None: nobody can say."""
    known = (item.reviewed_on, item.raised_on)
    return next((day for day in known if day is not None and day <= as_of), None)


def is_stale(item: RiskFacts, as_of: date, limits: RiskLimits) -> bool:
    """Say whether a risk has gone for too long without a look."""
    seen = looked_at(item, as_of)
    return seen is not None and (as_of - seen).days > limits.review_days
