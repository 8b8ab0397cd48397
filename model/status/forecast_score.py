"""F18 over many forecasts: who foresaw the finish how well, by how far ahead they spoke."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Final

from model.status.calibration import forecast_score

RULE: Final = "F18"
MEDIAN: Final = 0.5
SCORED: Final = (0.5, 0.85)  # the quantiles whose pinball losses are averaged


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one forecaster said on a day of a project's finish, and when it finished.

    `dates` by quantile; one who names a single day has it under 0.5 alone.
    """

    forecaster: str
    project: str
    said_on: date
    dates: Mapping[float, date]
    actual: date

    @property
    def ahead(self) -> int:
        """How many days before the finish it was said."""
        return (self.actual - self.said_on).days

    @property
    def error(self) -> int | None:
        """Days by which the day named most is too late; below 0 it was too early, None: none was named."""
        named = self.dates.get(MEDIAN)
        return None if named is None else (named - self.actual).days

    @property
    def loss(self) -> float | None:
        """Mean pinball loss in days over 50 and 85 %; a single day stands for both. None: one is missing."""
        single = self.dates.get(MEDIAN) if len(self.dates) == 1 else None
        named = {share: self.dates.get(share, single) for share in SCORED}
        days = {share: float(day.toordinal()) for share, day in named.items() if day is not None}
        return forecast_score(days, float(self.actual.toordinal())) if len(days) == len(SCORED) else None


@dataclass(frozen=True, slots=True)
class ForecasterScore:
    """How one forecaster did over a horizon; `done_by` is for each quantile the share that had finished by it."""

    forecaster: str
    over: str
    forecasts: int
    projects: int
    mean_error: float | None
    mean_absolute_error: float | None
    loss: float | None
    done_by: Mapping[float, float]


def horizon(ahead: int, bounds: Sequence[int]) -> str:
    """Name the horizon that so many days ahead are of: up to 30 days, 31 to 90 days, over 365 days."""
    low = 0
    for high in bounds:
        if ahead <= high:
            return f"{low + 1} to {high} days" if low else f"up to {high} days"
        low = high
    return f"over {low} days"


def scores(forecasts: Iterable[Forecast], bounds: Sequence[int]) -> list[ForecasterScore]:
    """Score forecasters in all and by horizon, in the order they come in; those said after the finish are left out.

    Source: docs/outcomes.md, rule F18.
    """
    grouped: dict[tuple[str, str], list[Forecast]] = defaultdict(list)
    ahead = [each for each in forecasts if each.ahead > 0 and each.dates]
    for each in ahead:
        grouped[each.forecaster, "all"].append(each)
    for each in sorted(ahead, key=lambda one: one.ahead):
        grouped[each.forecaster, horizon(each.ahead, bounds)].append(each)
    names = list(dict.fromkeys(each.forecaster for each in ahead))
    return [_score(*key, found) for name in names for key, found in grouped.items() if key[0] == name]


def _score(forecaster: str, over: str, found: Sequence[Forecast]) -> ForecasterScore:
    errors = [each.error for each in found if each.error is not None]
    losses = [each.loss for each in found if each.loss is not None]
    met: dict[float, list[bool]] = defaultdict(list)
    for each in found:
        for share, named in each.dates.items():
            met[share].append(each.actual <= named)
    return ForecasterScore(
        forecaster=forecaster,
        over=over,
        forecasts=len(found),
        projects=len({each.project for each in found}),
        mean_error=fmean(errors) if errors else None,
        mean_absolute_error=fmean(map(abs, errors)) if errors else None,
        loss=fmean(losses) if losses else None,
        done_by={share: fmean(met[share]) for share in sorted(met)},
    )
