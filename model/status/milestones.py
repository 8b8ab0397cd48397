"""F5: milestones met and overdue, and where the forecasts are heading."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from model.policy import Limits, MilestoneLimits
from model.records import MilestoneFacts
from model.status.colour import Colour, Computed, Reason, counted, facts, impossible

RULE = "F5"


@dataclass(frozen=True, slots=True)
class Trend:
    """The least-squares line through forecasts, by the day on which they were looked at.

    `slope` 0 is stable, 1 slips a day a day; None where all are of one day. `completion` is the
    day at which the line meets itself, if it goes on: None where suppressed (slope of 1 or more, or
    too few points).
    """

    points: int
    slope: float | None = None
    intercept: float | None = None
    completion: float | None = None


@dataclass(frozen=True, kw_only=True)
class Milestones(Computed):
    """What the milestones say.

    `timed` counts the due ones of which is known how late they are: all but those met on a day nobody knows.
    `hit_rate` is of these; it and `mean_late_days` are None where there are none, the latter also where a weight
    cannot be one.
    """

    due: int = 0
    timed: int = 0
    on_time: int = 0
    hit_rate: float | None = None
    overdue: tuple[tuple[MilestoneFacts, int], ...] = ()
    mean_late_days: float | None = None
    trend: Trend | None = None
    upcoming: MilestoneFacts | None = None


def fit(points: Sequence[tuple[float, float]], *, min_points: int) -> Trend:
    """Fit the line through (day looked at, forecast day) pairs. Source: docs/status.md, rule F5."""
    count = len(points)
    if count == 0:
        return Trend(0)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        return Trend(count)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    intercept = mean_y - slope * mean_x
    completion = intercept / (1 - slope) if slope < 1 and count >= min_points else None
    return Trend(count, slope, intercept, completion)


def forecast_trend(history: Iterable[tuple[date, date]], limits: Limits) -> Trend:
    """Fit the trend of forecasts: (looked at on, forecast) pairs, days counted from the first look."""
    pairs = sorted(history)
    if not pairs:
        return Trend(0)
    first = pairs[0][0]
    points = [(float((at - first).days), float((forecast - first).days)) for at, forecast in pairs]
    return fit(points, min_points=limits.milestones.min_points)


def implied_finish(history: Iterable[tuple[date, date]], limits: Limits) -> date | None:
    """Return the day the trend leads to, None where it is suppressed."""
    pairs = sorted(history)
    completion = forecast_trend(pairs, limits).completion
    try:
        return None if completion is None else pairs[0][0] + timedelta(days=round(completion))
    except OverflowError:  # a slope of almost 1 leads past the calendar's end
        return None


def milestones(
    known: Sequence[MilestoneFacts] | None,
    *,
    as_of: date,
    limits: Limits,
    history: Iterable[tuple[date, date]] = (),
) -> Milestones:
    """Colour the milestones on a day; `history` is (looked at on, forecast) pairs of what is being tracked.

    Due: the baseline is not after `as_of`. A milestone met at an unknown date is due and met, but says
    nothing of punctuality. Dropped milestones and those without a baseline are left out; with none
    left, or `known` None, the colour is GREY. Source: docs/status.md, rule F5.
    """
    counted_in = [item for item in known or () if item.state != "dropped"]
    planned = [item for item in counted_in if item.baseline is not None]
    readings = sorted(history)
    trend = forecast_trend(readings, limits)
    inputs = facts(as_of=as_of, milestones=len(counted_in), without_baseline=len(counted_in) - len(planned))
    inputs |= facts(forecasts=dict(readings)) if readings else {}
    if not planned:
        why = "no milestone has a baseline date" if counted_in else "no milestones"
        return Milestones(
            colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs, trend=trend
        )
    late = [(item, lateness) for item in planned if (lateness := _late(item, as_of)) is not None]
    on_time = sum(1 for item, days in late if days == 0 and _is_met(item, as_of))
    overdue = tuple((item, days) for item, days in late if days > 0 and not _is_met(item, as_of))
    weights = sum(_weight(item) for item, _ in late)
    wrong = tuple(_wrong(counted_in))
    weighed = weights > 0 and not any(_weight(item) < 0 for item, _ in late)
    colour, reasons = _judge(overdue, trend, readings, limits.milestones)
    due = sum(1 for item in planned if item.baseline is not None and item.baseline <= as_of)
    return Milestones(
        colour=colour,
        reasons=(*(reasons or (_green(due, on_time, len(late)),)), *wrong),
        inputs=inputs,
        due=due,
        timed=len(late),
        on_time=on_time,
        hit_rate=on_time / len(late) if late else None,
        overdue=overdue,
        mean_late_days=sum(_weight(item) * days for item, days in late) / weights if weighed else None,
        trend=trend,
        upcoming=next_milestone(counted_in, as_of),
    )


def next_milestone(known: Iterable[MilestoneFacts], as_of: date) -> MilestoneFacts | None:
    """Return the open milestone that comes first by its forecast, or by its baseline where it has none.

    Of two on one day the one with a baseline: that was planned, the other may be a mere label.
    """
    dated = [
        (item.forecast or item.baseline or date.max, item.baseline is None, item.name, item)
        for item in known
        if item.state != "dropped" and not _is_met(item, as_of) and (item.forecast or item.baseline)
    ]
    return min(dated, key=lambda entry: entry[:3])[3] if dated else None


def _is_met(item: MilestoneFacts, as_of: date) -> bool:
    """Say whether it is met on the day: an actual date still to come is only a promise."""
    return item.actual <= as_of if item.actual is not None else item.state == "met"


def _late(item: MilestoneFacts, as_of: date) -> int | None:
    """Return days late of a due milestone, 0 if early; None if it is not due, or met nobody knows when."""
    if item.baseline is None or item.baseline > as_of:
        return None
    if _is_met(item, as_of):
        return None if item.actual is None else max(0, (item.actual - item.baseline).days)
    return (as_of - item.baseline).days


def _weight(item: MilestoneFacts) -> float:
    return 1.0 if item.weight is None else item.weight


def _wrong(known: Iterable[MilestoneFacts]) -> Iterator[Reason]:
    """Yield the weights that cannot be ones."""
    for item in known:
        if item.weight is not None and item.weight < 0:
            said = f"milestone {item.name} weighs {item.weight:g}, less than nothing"
            yield impossible(RULE, f"milestone {item.name} weight", said, weight=item.weight)


def _judge(
    overdue: Sequence[tuple[MilestoneFacts, int]],
    trend: Trend,
    readings: Sequence[tuple[date, date]],
    limits: MilestoneLimits,
) -> tuple[Colour, tuple[Reason, ...]]:
    """Return the colour with what speaks against green, the worst first."""
    reasons: list[tuple[Colour, Reason]] = []
    for item, days in sorted(overdue, key=lambda entry: (not entry[0].critical, -entry[1])):
        red = bool(item.critical) and days > limits.critical_overdue_days
        kind = "critical milestone" if item.critical else "milestone"
        reasons.append(
            (
                Colour.RED if red else Colour.AMBER,
                Reason(
                    RULE,
                    f"{kind} {item.name} is {counted(days, 'day')} overdue",
                    facts(
                        milestone=item.name, baseline=item.baseline, overdue_days=days, critical=item.critical
                    ),
                ),
            )
        )
    slope = trend.slope if trend.points >= limits.min_points else None
    if slope is not None and slope >= limits.amber_slope:
        text = f"the forecast slips {slope:.2f} days a day over {trend.points} weeks"
        found: dict[str, Any] = facts(slope=round(slope, 6), points=trend.points, forecasts=dict(readings))
        reasons.append((Colour.RED if slope >= limits.red_slope else Colour.AMBER, Reason(RULE, text, found)))
    reasons.sort(key=lambda entry: entry[0] is not Colour.RED)
    return (reasons[0][0] if reasons else Colour.GREEN), tuple(reason for _, reason in reasons)


def _green(due: int, on_time: int, timed: int) -> Reason:
    found = facts(due=due, on_time=on_time)
    if due == 0:
        return Reason(RULE, "no milestone is due yet", found)
    said = f"no milestone overdue, {on_time} of {timed} met on time" if timed else "no milestone overdue"
    return Reason(RULE, said, found)
