"""F9: how the size of the work has moved since its baseline, and how much of that nobody approved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from model.policy import Limits
from model.status.colour import Colour, Computed, Reason, facts, impossible, percent

RULE = "F9"


@dataclass(frozen=True, kw_only=True)
class Scope(Computed):
    """Changes in percent of the baseline; None unknown."""

    net_pct: float | None = None
    churn_pct: float | None = None
    uncontrolled_pct: float | None = None


def scope(
    *,
    baseline: float | None,
    added_approved: float | None,
    added_unapproved: float | None,
    removed: float | None,
    limits: Limits,
) -> Scope:
    """Colour the scope; sizes are in one unit, points or items. Source: docs/status.md, rule F9.

    Gross churn = (added + removed) / baseline; uncontrolled = added without an approved change / baseline.
    """
    inputs = facts(
        baseline_points=baseline,
        added_points_approved=added_approved,
        added_points_unapproved=added_unapproved,
        removed_points=removed,
    )
    if baseline is None:
        return _grey("no scope baseline", inputs)
    if added_approved is None or added_unapproved is None or removed is None:
        return _grey("what was added or removed since the baseline is not known", inputs)
    below = {name: size for name, size in inputs.items() if size < 0}
    if below:
        return Scope(colour=Colour.GREY, reasons=tuple(_below(below)), inputs=inputs)
    if baseline == 0:
        return _grey("the scope baseline is zero, so there is nothing to compare with", inputs)
    net = 100 * (added_approved + added_unapproved - removed) / baseline
    churn = 100 * (added_approved + added_unapproved + removed) / baseline
    uncontrolled = 100 * added_unapproved / baseline
    colour, reasons = _judge(churn, uncontrolled, limits)
    return Scope(
        colour=colour,
        reasons=reasons,
        inputs=inputs,
        net_pct=net,
        churn_pct=churn,
        uncontrolled_pct=uncontrolled,
    )


def _judge(churn: float, uncontrolled: float, limits: Limits) -> tuple[Colour, tuple[Reason, ...]]:
    rules = limits.scope
    parts = (
        (
            _grade(uncontrolled, rules.amber_uncontrolled_pct, rules.red_uncontrolled_pct),
            Reason(
                RULE,
                f"{percent(uncontrolled)} of the baseline added without an approved change",
                facts(uncontrolled_pct=round(uncontrolled, 6)),
            ),
        ),
        (
            _grade(churn, rules.amber_churn_pct, rules.red_churn_pct),
            Reason(
                RULE, f"{percent(churn)} of the baseline added or removed", facts(churn_pct=round(churn, 6))
            ),
        ),
    )
    ranks = [Colour.GREEN, Colour.AMBER, Colour.RED]
    ordered = sorted(parts, key=lambda part: -ranks.index(part[0]))
    return ordered[0][0], tuple(reason for _, reason in ordered)


def _below(sizes: dict[str, Any]) -> Iterator[Reason]:
    for name, size in sizes.items():
        said = f"{name.replace('_', ' ')} is {size:g}, less than nothing"
        yield impossible(RULE, name, said, **{name: size})


def _grade(value: float, amber: float, red: float) -> Colour:
    return Colour.RED if value > red else Colour.AMBER if value > amber else Colour.GREEN


def _grey(why: str, inputs: dict[str, Any]) -> Scope:
    return Scope(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
