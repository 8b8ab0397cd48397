"""What a dimension is, and how formulas are joined into one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping

from model.status.colour import Colour, Computed, Reason, facts, worse_of
from sync.facts import ProjectFacts

MONEY_NAMES: Final = {
    "budget": "budget",
    "forecast_cost": "forecast cost",
    "contingency": "contingency",
    "benefit_target": "benefit target",
    "benefit_forecast": "benefit forecast",
}
RECORDS: Final = 25  # records a receipt lists at most, those that speak against green first


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension's computation. `rule` and `inputs` are of the formula that decided.

    `attributes` are the project values that went in, the most telling first; `records` the rows.
    `rules` are all formulas, the deciding one first, each with its id, text, inputs, attributes and records.
    """

    computed: Computed
    rule: str
    inputs: dict[str, Any]
    attributes: tuple[str, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    flags: tuple[str, ...] = ()


def joined(
    parts: Sequence[tuple[Computed, Iterable[str], Iterable[dict[str, Any]]]],
) -> Dimension:
    """Join formulas, each with the attributes and the records it looks at."""
    computed = worse_of(part for part, _, _ in parts)
    first = computed.reasons[0]
    ordered = sorted(parts, key=lambda part: part[0].reasons[0] is not first)
    rules: list[dict[str, Any]] = [
        {
            "id": part.reasons[0].rule,
            "text": "; ".join(reason.text for reason in part.reasons),
            "inputs": dict(part.inputs),
            "from": list(attributes),
            "records": list(records)[:RECORDS],
        }
        for part, attributes, records in ordered
    ]
    return Dimension(
        computed,
        first.rule,
        rules[0]["inputs"],
        tuple(name for rule in rules for name in rule["from"]),
        tuple(record for rule in rules for record in rule["records"])[:RECORDS],
        tuple(rules),
    )


def currencies_apart(project: ProjectFacts, named: Sequence[str]) -> str | None:
    """Say which of some amounts are in different currencies; None where all are in one."""
    units = [(name, project.unit(name)) for name in named if project.value(name) is not None]
    if len({unit for _, unit in units}) <= 1:
        return None
    said = ", ".join(f"{MONEY_NAMES[name]} in {unit}" for name, unit in units)
    return f"amounts in different currencies cannot be compared: {said}"


def grey(rule: str, why: str, **inputs: Any) -> Computed:
    """Return a formula that cannot say anything, and why."""
    known = facts(**inputs)
    return Computed(colour=Colour.GREY, reasons=(Reason(rule, why, known),), inputs=known)


def record(entity: str, row: object, name: str) -> dict[str, Any]:
    """Return a row as receipts list it."""
    found = row if isinstance(row, RowMapping) else {}
    return {"entity": entity, "id": found.get("id"), "name": name, "locator": found.get("locator")}
