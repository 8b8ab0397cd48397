"""What a value stated by hand may be: refused where no source could say it, doubted where another contradicts it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from model.attributes import REGISTER
from model.policy import Policy
from model.template.language import FieldRule
from model.template.template import Template
from sync.collection.judges import templates_on
from sync.policy.kept import policy_standing
from sync.precedence import plain, read_values, typed
from sync.today import today

_NUMBERS: Final = ("int", "number", "percent", "money")
NUMERIC: Final = frozenset(name for name, each in REGISTER["project"].items() if each.type in _NUMBERS)
_WHOLE: Final = 100  # percent
_FINISHES: Final = ("baseline_finish", "forecast_finish", "actual_finish")
# What cannot be after, or more than, the other.
_ORDERED: Final = (*(("baseline_start", each) for each in _FINISHES), ("milestones_met", "milestones_due"))


class Impossible(ValueError):
    """No source may say this; the message says what is possible."""


def possible(connection: Connection, attribute: str, value: Any, on: date) -> None:
    """Hold a value to what the policy and the templates of a day, and the attribute itself, allow.

    Raises:
        Impossible: With the limits, and whose they are.
    """
    if attribute not in NUMERIC:
        return
    kind = REGISTER["project"][attribute].type
    number = typed(attribute, value)
    if kind == "percent" and not 0 <= number <= _WHOLE:
        raise Impossible(f"{attribute}: expected 0 to 100, not {number:g}")
    if kind == "int" and attribute != "tier" and number < 0:
        raise Impossible(f"{attribute}: expected a count of at least 0, not {number}")
    if attribute == "budget" and number < 0:
        raise Impossible(f"{attribute}: expected an amount of at least 0, not {number:f}")
    judges = templates_on(connection, on).all()
    if attribute == "tier":
        _known_tier(policy_standing(connection, on), judges, number)
    for template in judges:
        for field in template.fields:
            of = field.attribute
            if of is not None and (of.entity, of.name) == ("project", attribute):
                _within(field.rule, attribute, number, template.label)


def _known_tier(policy: Policy, judges: Iterable[Template], tier: int) -> None:
    tiers = {*policy.tiers, *(one for each in judges for one in each.header.applies_to.tiers)}
    if tiers and tier not in tiers:
        said = ", ".join(map(str, sorted(tiers)))
        raise Impossible(
            f"tier: expected one of {said}, the tiers of the policy and the templates, not {tier}"
        )


def _within(rule: FieldRule, attribute: str, number: Any, template: str) -> None:
    """Hold a number to the limits that a template sets for an answer."""
    if rule.min is not None and number < Decimal(str(rule.min)):
        raise Impossible(f"{attribute}: {template} expects at least {rule.min:g}, not {plain(number)}")
    if rule.max is not None and number > Decimal(str(rule.max)):
        raise Impossible(f"{attribute}: {template} expects at most {rule.max:g}, not {plain(number)}")


def standing_values(
    connection: Connection, projects: Sequence[UUID], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """Return the values that count of some projects today."""
    with Session(connection) as session:
        found = read_values(session, as_of=today(connection, now), known_at=now, projects=projects)
    return {key: {name: each.value for name, each in values.items()} for key, values in found.items()}


def doubts(attribute: str, values: Mapping[str, Any]) -> list[str]:
    """Say what of a project's values contradicts the one stated, or leaves rules without a result.

    Args:
        attribute: What is stated.
        values: Every value that counts, the stated one among them.
    """
    found = []
    for low, high in _ORDERED:
        first, last = values.get(low), values.get(high)
        if attribute in (low, high) and first is not None and last is not None and last < first:
            words = "more than" if high == "milestones_due" else "after"
            found.append(f"{low} {plain(first)} is {words} {high} {plain(last)}")
    if attribute == "budget" and values.get("budget") == 0:
        found.append("the budget is 0, so no cost variance can be computed")
    return found
