"""F2 and F3: earned value, earned schedule, and the recent window that cumulative indices hide."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from model.exact import rounded
from model.policy import Limits
from model.status.colour import Colour, Computed, Reason, facts

RULE = "F2"
RECENT = "F3"


@dataclass(frozen=True, slots=True)
class Values:
    """Cumulative planned value, earned value and actual cost at one moment, in one currency."""

    planned: Decimal
    earned: Decimal
    actual: Decimal


@dataclass(frozen=True, slots=True)
class Indices:
    """What follows from a project's values; None wherever a divisor is zero or less."""

    schedule_variance: Decimal
    cost_variance: Decimal
    spi: Decimal | None
    cpi: Decimal | None
    eac_cpi: Decimal | None
    eac_remaining_at_plan: Decimal
    eac_cpi_spi: Decimal | None
    eac_80_20: Decimal | None
    etc_cpi: Decimal | None
    vac_cpi: Decimal | None
    tcpi_bac: Decimal | None
    tcpi_eac: Decimal | None
    percent_complete: Decimal | None
    percent_spent: Decimal | None


@dataclass(frozen=True, slots=True)
class EarnedSchedule:
    """Earned schedule in periods; None wherever a divisor is zero."""

    complete_periods: int
    earned: float
    variance: float
    spi: float | None
    estimate_at_completion: float | None
    to_complete: float | None


@dataclass(frozen=True, kw_only=True)
class Performance(Computed):
    """One index to date and over the recent window; None where it is undefined."""

    index: Decimal | None = None
    recent: Decimal | None = None


def indices(budget: Decimal, now: Values) -> Indices:
    """Compute the earned-value figures; `budget` is the BAC. Source: docs/status.md, rule F2, PMI's standard."""
    left = budget - now.earned
    spi, cpi = _ratio(now.earned, now.planned), _ratio(now.earned, now.actual)
    eac = _ratio(budget, cpi)
    return Indices(
        schedule_variance=now.earned - now.planned,
        cost_variance=now.earned - now.actual,
        spi=spi,
        cpi=cpi,
        eac_cpi=eac,
        eac_remaining_at_plan=now.actual + left,
        eac_cpi_spi=_plus(now.actual, _ratio(left, None if spi is None or cpi is None else cpi * spi)),
        eac_80_20=_plus(now.actual, _ratio(left, _blend(cpi, spi))),
        etc_cpi=None if eac is None else eac - now.actual,
        vac_cpi=None if eac is None else budget - eac,
        tcpi_bac=_ratio(left, budget - now.actual),
        tcpi_eac=None if eac is None else _ratio(left, eac - now.actual),
        percent_complete=_percent(now.earned, budget),
        percent_spent=_percent(now.actual, budget),
    )


def earned_schedule(
    planned: Sequence[Decimal], earned: Decimal, *, at: float, duration: int
) -> EarnedSchedule | None:
    """Compute the earned schedule at period `at` of `duration`; `planned` is cumulative by period.

    None without a plan. Past the end of the plan all of it is earned. Source: docs/status.md, rule F2.
    """
    if not planned:
        return None
    complete = sum(1 for value in planned if value <= earned)
    time = float(complete)
    if complete < len(planned):
        under = planned[complete - 1] if complete else Decimal(0)
        time += float((earned - under) / (planned[complete] - under))
    spi = time / at if at else None
    return EarnedSchedule(
        complete_periods=complete,
        earned=time,
        variance=time - at,
        spi=spi,
        estimate_at_completion=duration / spi if spi else None,
        to_complete=(duration - time) / (duration - at) if duration != at else None,
    )


def performance(
    what: Literal["cost", "schedule"],
    earned: Decimal,
    against: Decimal,
    limits: Limits,
    before: tuple[Decimal, Decimal] | None = None,
) -> Performance:
    """Colour one index, at worst of what it is to date and over the window since `before`.

    Args:
        what: Cost is held against what was spent (CPI), schedule against what was planned (SPI).
        earned: Earned to date.
        against: Spent, or planned, to date.
        limits: The limits.
        before: Earned and spent, or planned, when the window began.

    Source: docs/status.md, rules F2 and F3.
    """
    name, word = ("CPI", "actual") if what == "cost" else ("SPI", "planned")
    index = _ratio(earned, against)
    inputs = facts(**{"earned": earned, word: against})
    if before is not None:
        inputs |= facts(**{"earned_before": before[0], f"{word}_before": before[1]})
    if index is None:
        why = f"nothing is {'spent' if what == 'cost' else 'planned'} yet, so the {name} is undefined"
        return Performance(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
    recent = None if before is None else recent_index(earned - before[0], against - before[1])
    colour, reasons = _reasons(what, name, index, recent, limits)
    return Performance(colour=colour, reasons=reasons, inputs=inputs, index=index, recent=recent)


def recent_index(earned: Decimal, against: Decimal) -> Decimal | None:
    """Return the index of a window: earned in it over spent, or planned, in it; None where that is nothing or less.

    Source: docs/status.md, rule F3.
    """
    return _ratio(earned, against)


def _reasons(
    what: str, name: str, cumulative: Decimal, recent: Decimal | None, limits: Limits
) -> tuple[Colour, tuple[Reason, ...]]:
    """Return the colour of the worse of both, which tells its reason first."""
    found = facts(
        index=name, cumulative=rounded(cumulative, 6), recent=None if recent is None else rounded(recent, 6)
    )
    parts = [(cumulative, RULE, "to date")]
    if recent is not None:
        parts.append((recent, RECENT, "of the recent periods"))
    parts.sort(key=lambda part: part[0])
    worst, rules = parts[0][0], limits.earned_value
    colour = Colour.GREEN
    if worst < Decimal(str(rules.amber_index)):
        colour = Colour.RED if worst < Decimal(str(rules.red_index)) else Colour.AMBER
    return colour, tuple(
        Reason(rule, f"{what} performance {window} is {value:.2f}", found) for value, rule, window in parts
    )


def _ratio(over: Decimal, under: Decimal | None) -> Decimal | None:
    """Divide; by nothing, or by less than nothing as where money came back, there is no index."""
    return None if under is None or under <= 0 else over / under


def _plus(amount: Decimal, more: Decimal | None) -> Decimal | None:
    return None if more is None else amount + more


def _blend(cpi: Decimal | None, spi: Decimal | None) -> Decimal | None:
    return None if cpi is None or spi is None else Decimal("0.8") * cpi + Decimal("0.2") * spi


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    return None if whole <= 0 else 100 * part / whole
