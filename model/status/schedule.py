"""F1: how far the forecast finish has slipped from the baseline."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from model.policy import Limits, ScheduleLimits
from model.status.colour import Colour, Computed, Reason, counted, facts, impossible, percent

RULE = "F1"


@dataclass(frozen=True, kw_only=True)
class Schedule(Computed):
    """Days and share of the planned duration by which the finish moved; negative is early, None unknown."""

    slip_days: int | None = None
    slip_pct: float | None = None
    duration_days: int | None = None


def schedule(
    *,
    baseline_start: date | None,
    baseline_finish: date | None,
    forecast_finish: date | None,
    limits: Limits,
    actual_finish: date | None = None,
) -> Schedule:
    """Colour the finish: slip = forecast - baseline finish, as a share of finish - start.

    Strictly over a limit, in days or in percent, turns the colour. Without the planned duration the days alone
    can turn it, and never to green: the percent might be over. A project that has finished is BLUE.
    Source: docs/status.md, rule F1.
    """
    inputs = facts(
        baseline_start=baseline_start, baseline_finish=baseline_finish, forecast_finish=forecast_finish
    )
    if actual_finish is not None:
        return _finished(inputs, baseline_finish, actual_finish)
    if baseline_finish is None or forecast_finish is None:
        return _grey("no baseline finish" if baseline_finish is None else "no forecast finish", inputs)
    slip = (forecast_finish - baseline_finish).days
    if baseline_start is None:
        why = Reason(RULE, "no baseline start to measure the slip against", inputs)
        return _by_days(slip, why, inputs, limits.schedule)
    if baseline_finish <= baseline_start:
        said = "the baseline finish is not after the baseline start"
        why = impossible(RULE, "baseline_start", said, start=baseline_start, finish=baseline_finish)
        return _by_days(slip, why, inputs, limits.schedule)
    duration = (baseline_finish - baseline_start).days
    if forecast_finish < baseline_start:
        said = f"the forecast finish {forecast_finish} is before the baseline start {baseline_start}"
        why = impossible(RULE, "forecast_finish", said, start=baseline_start, forecast=forecast_finish)
        return Schedule(colour=Colour.GREY, reasons=(why,), inputs=inputs, duration_days=duration)
    pct = 100 * slip / duration
    found = facts(slip_days=slip, slip_pct=round(pct, 4))
    return Schedule(
        colour=_colour(slip, pct, limits.schedule),
        reasons=(Reason(RULE, _text(slip, pct), found),),
        inputs=inputs,
        slip_days=slip,
        slip_pct=pct,
        duration_days=duration,
    )


def _by_days(slip: int, why: Reason, inputs: dict[str, Any], limits: ScheduleLimits) -> Schedule:
    """Judge what the days say for certain; up to their limits nobody knows, for the percent might be over its own."""
    reason = Reason(RULE, f"{counted(abs(slip), 'day')} late", facts(slip_days=slip))
    if slip > limits.red_days:
        return Schedule(colour=Colour.RED, reasons=(reason, why), inputs=inputs, slip_days=slip)
    if slip > limits.amber_days:
        return Schedule(colour=Colour.AMBER, reasons=(reason, why), inputs=inputs, slip_days=slip)
    return Schedule(colour=Colour.GREY, reasons=(why,), inputs=inputs, slip_days=slip)


def _colour(slip: int, pct: float, limits: ScheduleLimits) -> Colour:
    if pct > limits.red_pct or slip > limits.red_days:
        return Colour.RED
    if pct > limits.amber_pct or slip > limits.amber_days:
        return Colour.AMBER
    return Colour.GREEN


def _text(slip: int, pct: float) -> str:
    if slip == 0:
        return "on the baseline date"
    side = "late" if slip > 0 else "early"
    return f"{counted(abs(slip), 'day')} {side}, {percent(abs(pct))} of the plan"


def _finished(inputs: dict[str, Any], baseline: date | None, actual: date) -> Schedule:
    inputs |= facts(actual_finish=actual)
    slip = None if baseline is None else (actual - baseline).days
    against = "" if slip is None else ", on the baseline date"
    if slip:
        against = f", {counted(abs(slip), 'day')} {'late' if slip > 0 else 'early'}"
    reason = Reason(RULE, f"finished on {actual}{against}", facts(actual_finish=actual, slip_days=slip))
    return Schedule(colour=Colour.BLUE, reasons=(reason,), inputs=inputs, slip_days=slip)


def _grey(why: str, inputs: dict[str, Any]) -> Schedule:
    return Schedule(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
