"""F13: one colour and one number for a project."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from model.policy import Limits
from model.status.colour import Colour, Computed, Reason, counted, facts

RULE = "F13"
PENALTY: Final = {Colour.GREEN: 0, Colour.BLUE: 0, Colour.AMBER: 50, Colour.RED: 100}


@dataclass(frozen=True, kw_only=True)
class Overall(Computed):
    """The overall colour and health, 0 to 100; health is None wherever the colour is GREY."""

    health: float | None = None


def overall(
    dimensions: Mapping[str, Colour],
    *,
    data_quality: float | None,
    limits: Limits,
    finished_on: date | None = None,
    unmeasured: str | None = None,
) -> Overall:
    """Join the dimensions: health = 100 - Σ weight x penalty / Σ weight over those that are not grey.

    Only dimensions with a weight in the policy count. `data_quality` is F12's score; None (nobody
    measured it, for a reason that `unmeasured` says where it is known) is GREY, as a bad score is.
    A finished project is BLUE and keeps its health. Source: docs/status.md, rule F13.
    """
    weights = limits.overall.weights
    scored = {
        name: colour for name, colour in dimensions.items() if name in weights and colour is not Colour.GREY
    }
    inputs = facts(dimensions=dict(dimensions), data_quality=data_quality)
    total = sum(weights[name] for name in scored)
    why_grey = _why_grey(len(scored), total, data_quality, limits, unmeasured)
    if why_grey:
        return Overall(colour=Colour.GREY, reasons=(Reason(RULE, why_grey, inputs),), inputs=inputs)
    health = 100 - sum(weights[name] * PENALTY[colour] for name, colour in scored.items()) / total
    colour, text = _decide(scored, health, limits)
    if finished_on is not None:
        colour, text = Colour.BLUE, f"finished on {finished_on}"
    found = facts(health=round(health, 4), dimensions=dict(dimensions))
    return Overall(colour=colour, reasons=(Reason(RULE, text, found),), inputs=inputs, health=health)


def _why_grey(
    scored: int, weight: float, data_quality: float | None, limits: Limits, unmeasured: str | None
) -> str | None:
    if data_quality is None:
        return unmeasured or "the data quality has not been measured"
    if data_quality < limits.overall.min_data_quality:
        return f"data quality {data_quality:.1f} is under {limits.overall.min_data_quality:g}"
    if scored < limits.overall.min_dimensions:
        least = limits.overall.min_dimensions
        return f"only {counted(scored, 'dimension')} could be computed, at least {least} are needed"
    return None if weight > 0 else "no dimension that was computed has a weight"


def _decide(scored: Mapping[str, Colour], health: float, limits: Limits) -> tuple[Colour, str]:
    rules = limits.overall
    red = [name for name, colour in scored.items() if colour is Colour.RED]
    amber = [name for name, colour in scored.items() if colour is Colour.AMBER]
    critical = [name for name in red if name in rules.critical]
    at = f"health {health:.1f}"
    verdicts = (  # the first that holds decides
        (bool(critical), Colour.RED, f"{_list(critical)} red, {at}"),
        (len(red) >= rules.red_if_red, Colour.RED, f"{_list(red)} red, {at}"),
        (health < rules.red_health, Colour.RED, f"{at} is under {rules.red_health:g}"),
        (len(red) >= rules.amber_if_red, Colour.AMBER, f"{_list(red)} red, {at}"),
        (len(amber) >= rules.amber_if_amber, Colour.AMBER, f"{_list(amber)} amber, {at}"),
        (health < rules.amber_health, Colour.AMBER, f"{at} is under {rules.amber_health:g}"),
        (True, Colour.GREEN, f"{_list(amber)} amber, {at}" if amber else f"nothing red or amber, {at}"),
    )
    return next((colour, text) for holds, colour, text in verdicts if holds)


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
