"""F6: issues that are overdue or have been open for long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from model.policy import Limits
from model.records import IssueFacts
from model.status.colour import Colour, Computed, Reason, counted, facts

RULE = "F6"


@dataclass(frozen=True, kw_only=True)
class Issues(Computed):
    """What the issues say; `median_age_days` is None where no open issue says when it was raised.

    `undated` are the open ones that say neither since when they stand nor by when they are to be resolved.
    """

    open: int = 0
    undated: tuple[IssueFacts, ...] = ()
    overdue: tuple[tuple[IssueFacts, int], ...] = ()
    median_age_days: float | None = None


def issues(known: Sequence[IssueFacts] | None, *, as_of: date, limits: Limits) -> Issues:
    """Colour the issues on a day. No issue on record is GREY: an empty log proves nothing.

    RED: an issue of great impact past due for longer than the limit. AMBER: any past due, or the median
    open age over the tier's limit. Where nothing speaks against green but an open issue gives neither due nor
    raised date, the colour is GREY: it might be the one that is long overdue. Source: docs/status.md, rule F6.
    """
    inputs: dict[str, Any] = facts(as_of=as_of, issues=None if known is None else len(known))
    if not known:
        return _grey("no issue is on record", inputs)
    still_open = [item for item in known if item.is_open]
    ages = [
        (as_of - item.raised_on).days for item in still_open if item.raised_on and item.raised_on <= as_of
    ]
    overdue = [(item, (as_of - item.due).days) for item in still_open if item.due and item.due < as_of]
    overdue.sort(key=lambda entry: -entry[1])
    undated = tuple(
        item for item in still_open if not item.due and not (item.raised_on and item.raised_on <= as_of)
    )
    age = float(median(ages)) if ages else None
    colour, reasons = _judge(overdue, age, limits)
    if undated:
        colour = Colour.GREY if colour is Colour.GREEN else colour
        reasons = (*reasons, _undated(undated, len(still_open)))
    return Issues(
        colour=colour,
        reasons=reasons or (_green(len(still_open), age),),
        inputs=inputs | facts(open=len(still_open), overdue=len(overdue), median_age_days=age),
        open=len(still_open),
        undated=undated,
        overdue=tuple(overdue),
        median_age_days=age,
    )


def _judge(
    overdue: Sequence[tuple[IssueFacts, int]], age: float | None, limits: Limits
) -> tuple[Colour, tuple[Reason, ...]]:
    rules = limits.issues
    red: list[Reason] = []
    amber: list[Reason] = []
    for item, days in overdue:
        grave = item.impact is not None and item.impact >= rules.red_impact
        said = f"issue {item.name} is {counted(days, 'day')} overdue"
        found = facts(issue=item.name, due=item.due, overdue_days=days, impact=item.impact)
        (red if grave and days > rules.red_overdue_days else amber).append(Reason(RULE, said, found))
    if age is not None and age > rules.open_age_days:
        said = f"half of the open issues are older than {counted(age, 'day')}"
        amber.append(Reason(RULE, said, facts(median_age_days=age, limit=rules.open_age_days)))
    colour = Colour.RED if red else Colour.AMBER if amber else Colour.GREEN
    return colour, (*red, *amber)


def _undated(undated: Sequence[IssueFacts], still_open: int) -> Reason:
    """Say how many open issues give no day at all."""
    said = f"{counted(len(undated), 'issue')} without a day, neither raised nor due"
    if len(undated) == still_open:
        said = "no open issue says when it was raised or is due"
    return Reason(RULE, said, facts(undated=[item.name for item in undated]))


def _green(still_open: int, age: float | None) -> Reason:
    found = facts(open=still_open, overdue=0, median_age_days=age)
    return Reason(
        RULE, f"{counted(still_open, 'issue')} open, none overdue" if still_open else "no issue open", found
    )


def _grey(why: str, inputs: dict[str, Any]) -> Issues:
    return Issues(colour=Colour.GREY, reasons=(Reason(RULE, why, inputs),), inputs=inputs)
