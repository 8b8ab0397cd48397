"""What became of a project after a colour was published: a bad end, a good one, or nothing that is known yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.status.colour import Colour, order

RATED: Final = (
    Colour.GREEN,
    Colour.AMBER,
    Colour.RED,
)  # the colours that say how it will end, the best first
_GAP: Final = (
    31  # days without a word before the horizon's end, after which a slip may be of either side of it
)
_Days = Annotated[int, Field(ge=1, le=3650)]
_Chance = Annotated[float, Field(ge=0, le=1)]


class Chances(BaseModel):
    """The chance of a bad end that each colour stands for."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    GREEN: _Chance = 0.15
    AMBER: _Chance = 0.5
    RED: _Chance = 0.85


class OutcomeTerms(BaseModel):
    """What counts as a bad end: see `config/outcomes/default.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(default="default", max_length=100)
    slip_days: int = Field(default=30, ge=0, le=3650)
    horizon_days: _Days = 180
    chances: Chances = Chances()
    warning: Literal["AMBER", "RED"] = "AMBER"
    least_reports: int = Field(default=3, ge=1, le=1000)
    horizons: tuple[_Days, ...] = Field(default=(30, 90, 180, 365), min_length=1, max_length=20)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(later <= sooner for sooner, later in zip(self.horizons, self.horizons[1:], strict=False)):
            raise ValueError("horizons: each has to be longer than the one before")
        if not self.chances.GREEN <= self.chances.AMBER <= self.chances.RED:
            raise ValueError("chances: a worse colour cannot stand for a smaller chance of a bad end")
        return self

    def within(self, days: int) -> Self:
        """Return the terms with a horizon that a history of so many days decides anything by.

        Their own, where it is not longer than the history; else the longest of `horizons` that is not, where any is,
        and as much less of a slip as it is shorter.
        """
        shorter = [each for each in self.horizons if each <= days]
        if self.horizon_days <= days or not shorter:
            return self
        slip = max(1, round(self.slip_days * shorter[-1] / self.horizon_days))
        return self.model_copy(update={"horizon_days": shorter[-1], "slip_days": slip})

    def warns(self, colour: Colour) -> bool:
        """Say whether a colour is a warning."""
        mine, least = order(colour), order(Colour(self.warning))
        return mine is not None and least is not None and mine >= least

    def says(self) -> str:
        """Say the definition in a sentence."""
        return (
            f"it ended badly where within {self.horizon_days} days of the report the finish moved by more than"
            f" {self.slip_days} days, or the project finished so much later than its baseline; it is not known before"
            " these days have passed"
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What a project's finish was said to be on a day; None where nobody said."""

    day: date
    forecast: date | None = None
    baseline: date | None = None
    actual: date | None = None

    @property
    def finish(self) -> date | None:
        """When it finished, else when it is said to."""
        return self.actual or self.forecast


@dataclass(frozen=True, slots=True)
class Outcome:
    """`adverse` None: not known, or never to be. `on` is the day on which it showed."""

    adverse: bool | None
    on: date | None
    because: str


def outcome(at: Told, path: Sequence[Told], terms: OutcomeTerms, *, until: date) -> Outcome:
    """Judge what became of a project after a day.

    Nothing is judged before the horizon has passed, neither what is already bad: else the newest colours would be
    scored only where it went wrong.

    Args:
        at: What was said on the day the colour was published.
        path: What was said on each day, the oldest first, as known now.
        terms: What counts as bad.
        until: The last day of the history.
    """
    end = at.day + timedelta(days=terms.horizon_days)
    if end > until:
        return Outcome(None, None, f"not known before {end}")
    if at.actual is not None and at.actual <= at.day:
        return Outcome(None, None, f"it had finished on {at.actual}")
    within = [told for told in path if at.day < told.day <= end]
    for told in within:
        moved = _moved(at, told, terms)
        if moved is not None:
            return Outcome(True, told.day, moved)
    return _finished(at, path, end, terms) or _well(at, path, within, end, terms)


def _moved(at: Told, later: Told, terms: OutcomeTerms) -> str | None:
    """Say what makes a later day a bad end; None where nothing does."""
    slipped = _days(at.forecast, later.finish)
    if slipped is not None and slipped > terms.slip_days:
        verb = "finished" if later.actual else "was said to finish"
        return f"{verb} {slipped} days later than said"
    late = _days(at.baseline, later.actual)
    if late is not None and late > terms.slip_days:
        return f"finished {late} days later than its baseline"
    return None


def _days(sooner: date | None, later: date | None) -> int | None:
    return None if sooner is None or later is None else (later - sooner).days


def _finished(at: Told, path: Sequence[Told], end: date, terms: OutcomeTerms) -> Outcome | None:
    """Judge a project that finished within the horizon, also where that was told only later."""
    told = next((each for each in path if each.actual is not None and at.day < each.actual <= end), None)
    if told is None:
        return None
    moved = _moved(at, told, terms)
    if moved is not None:
        return Outcome(True, told.actual, moved)
    if at.forecast is None and at.baseline is None:
        return Outcome(None, None, "nobody had said when it finishes")
    return Outcome(False, told.actual, f"finished on {told.actual}")


def _well(at: Told, path: Sequence[Told], within: Sequence[Told], end: date, terms: OutcomeTerms) -> Outcome:
    """Judge a project of which nothing bad was said within the horizon, and that has not finished in it."""
    if at.forecast is None:
        return Outcome(None, None, "nobody had said when it finishes")
    said = [told for told in within if told.finish is not None]
    after = next((told for told in path if told.day >= end and told.finish is not None), None)
    if after is None:
        return Outcome(None, None, f"nothing is said of it any more by {end}")
    quiet = not said or (end - said[-1].day).days > _GAP
    if quiet and _moved(at, after, terms) is not None:
        return Outcome(None, None, f"it slipped while nothing was said, before or after {end}")
    return Outcome(False, end, f"not more than {terms.slip_days} days later by {end}")
