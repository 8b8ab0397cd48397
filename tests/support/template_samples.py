"""A small template of the tests' own, and changes to it."""

from functools import lru_cache
from typing import Any

from model.template.check import check
from model.template.result import Result
from model.template.template import Template, load

SMALL = """\
template: {id: small, version: 1.0.0, title: Small, record: status_report, owner_role: specialist}
fields:
  - {id: name, label: Name, type: text, min_len: 3, max_len: 9, fill: ask, required: always, weight: 3}
  - {id: stage, label: Stage, type: enum, values: [define, deliver, close], fill: ask, required: always}
  - {id: tier, label: Tier, type: int, min: 1, max: 3, fill: auto, bind: project.tier}
  - {id: cost, label: Cost, type: money, min: 0, fill: prefill, bind: cost.eac, required: {tiers: [1]}}
  - id: budget
    label: Budget
    type: money
    fill: ask
    required: {when: "cost > 100"}
    fresh: {within: P7D, grace: P1W}
  - {id: half, label: Half, type: number, fill: auto, expr: cost / 2.0}
  - {id: start, label: Start, type: date, fill: ask, required: {stages: [deliver], tiers: [1, 2]}}
  - {id: owner, label: Owner, type: person, must_be: active_person, fill: ask}
  - {id: number, label: Number, type: string, pattern: "^N-[0-9]+$", unique_within: project, fill: ask}
checks:
  - {id: K1, dim: consistency, severity: block, expr: "cost <= budget", says: Over the budget}
  - {id: K2, dim: accuracy, severity: warn, expr: "abs(cost - finance.eac) < 1", says: Finance disagrees}
  - {id: K3, dim: consistency, severity: warn, expr: "start == null || start <= as_of", says: Starts in the future}
  - id: K4
    dim: validity
    severity: info
    expr: "previous == null || similarity(name, previous.name) < 0.8"
    says: Same
escalation:
  - {when: "cost > 1000", to: [programme_board, sponsor], within: P2D}
  - {when: "half > 1000", to: programme_board, within: P1W}
submit_gate: {missing_required: warn, invalid: warn}
scoring:
  weights: {completeness: 0.25, validity: 0.15, timeliness: 0.15, consistency: 0.15, uniqueness: 0.15, accuracy: 0.15}
"""


def changed(old: str, new: str) -> str:
    """Return the small template with one piece of its text replaced."""
    assert old in SMALL
    return SMALL.replace(old, new, 1)


def checked(
    text: str = SMALL,
    *,
    ages: dict[str, float | None] | None = None,
    context: dict[str, Any] | None = None,
    **record: Any,
) -> Result:
    """Apply a template to a record on 2025-06-30, in tier 1 and stage deliver unless the context says else."""
    known = {"as_of": "2025-06-30", "tier": 1, "stage": "deliver"} if context is None else context
    return check(loaded(text), record, ages or {}, known)


@lru_cache(maxsize=64)
def loaded(text: str = SMALL) -> Template:
    """Load a template once."""
    return load(text, "small.yaml")
