"""Measures: the numbers of the status rules beside the colours, each with its receipt.

A module of this package computes the measures of one subject; `_SUBJECTS` is the one list of them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from model.policy import Limits
from sync.facts import ProjectFacts
from sync.measures.baselines import of_baselines
from sync.measures.earned_value import of_earned_value
from sync.measures.measure import Measure, shown
from sync.measures.milestones import of_milestones
from sync.measures.register import of_register
from sync.measures.risk import of_risks
from sync.measures.scope import of_scope
from sync.measures.work import of_work

__all__ = ["Measure", "measures", "receipts_of"]

Subject = Callable[[ProjectFacts, date, Limits], Iterable[Measure]]
_SUBJECTS: Final[tuple[Subject, ...]] = (
    of_milestones, of_earned_value, of_scope, of_baselines, of_work, of_risks, of_register,
)  # fmt: skip


def measures(project: ProjectFacts, as_of: date, limits: Limits) -> dict[str, Measure]:
    """Compute every measure of a project on a day, by name."""
    return {found.name: found for subject in _SUBJECTS for found in subject(project, as_of, limits)}


def receipts_of(found: Mapping[str, Measure], policy: str, known: Iterable[str]) -> dict[str, Any]:
    """Return the receipts of measures, in the shape that colours have; `known` are the values with claims.

    Of measures with the same rows only the first lists them, the others name it in `records_of`.
    """
    there = set(known)
    first: dict[int, str] = {}
    return {
        name: {
            "value": shown(each.value),
            "unit": each.unit,
            "rule": {"id": each.rule, "policy": policy, "inputs": dict(each.inputs)},
            "from": [attribute for attribute in each.attributes if attribute in there],
            **_records(name, each, first),
        }
        for name, each in found.items()
    }


def _records(name: str, measure: Measure, first: dict[int, str]) -> dict[str, Any]:
    """Say which rows; `first` is by the tuple's identity, for measures of one subject share theirs."""
    if not measure.records:
        return {"records": []}
    with_them = first.setdefault(id(measure.records), name)
    return {"records": list(measure.records)} if with_them == name else {"records_of": with_them}
